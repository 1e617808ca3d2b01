package cloudfront

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// invalidation makes the edge forget paths. It takes effect at once and reports InProgress for as
// long as the options say.
type invalidation struct {
	id        string
	created   time.Time
	completes time.Time
	batch     invalidationBatch
}

type invalidationBatch struct {
	Paths           invalidationPaths `wire:",required"`
	CallerReference string            `wire:",required"`
}

type invalidationPaths struct {
	Quantity *int     `wire:",required"`
	Items    []string `wire:",item=Path"`
}

type createInvalidationInput struct {
	DistributionId    string            `wire:",path"`
	InvalidationBatch invalidationBatch `wire:",payload"`
}

type invalidationOutput struct {
	Location     string           `wire:"Location,header"`
	Invalidation invalidationView `wire:",payload"`
}

type invalidationView struct {
	Id                string
	Status            string
	CreateTime        time.Time
	InvalidationBatch invalidationBatch
}

// createInvalidation answers a repeated caller reference with the invalidation that it made, and
// refuses the reference with other paths.
func (s *CloudFront) createInvalidation(_ context.Context, call *wire.Call, in *createInvalidationInput) (*invalidationOutput, error) {
	call.On(in.DistributionId)
	if err := in.InvalidationBatch.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.distribution(in.DistributionId)
	if err != nil {
		return nil, err
	}
	for _, before := range d.invalidations {
		if before.batch.CallerReference == in.InvalidationBatch.CallerReference {
			if !sameSet(before.batch.Paths.Items, in.InvalidationBatch.Paths.Items) {
				return nil, invalid("Your request contains a caller reference that was used for a previous invalidation batch for the same distribution.")
			}
			call.NoEffect()
			return s.invalidationOutput(before), nil
		}
	}
	now := s.env.Clock.Now()
	i := &invalidation{id: "I" + newID()[1:], created: now, completes: now.Add(s.options.InvalidationDelay), batch: in.InvalidationBatch}
	for _, path := range i.batch.Paths.Items {
		d.cache.invalidate(path)
	}
	d.remember(i)
	out := s.invalidationOutput(i)
	out.Location = "https://cloudfront.amazonaws.com/2020-05-31/distribution/" + d.id + "/invalidation/" + i.id
	return out, nil
}

func (b invalidationBatch) check() error {
	if *b.Paths.Quantity != len(b.Paths.Items) {
		return wire.Errorf(400, "InconsistentQuantities", "The value of Quantity and the size of Items don't match.")
	}
	if len(b.Paths.Items) == 0 {
		return invalid("Your request does not contain any paths to invalidate.")
	}
	for _, path := range b.Paths.Items {
		if !strings.HasPrefix(path, "/") || strings.Contains(strings.TrimSuffix(path, "*"), "*") {
			return invalid("Your request contains one or more invalid invalidation paths.")
		}
	}
	return nil
}

// keptInvalidations bounds what a distribution remembers of invalidations that are over.
const keptInvalidations = 100

func (d *distribution) remember(i *invalidation) {
	for id, old := range d.invalidations {
		if len(d.invalidations) >= keptInvalidations && old.completes.Before(i.created) {
			delete(d.invalidations, id)
		}
	}
	d.invalidations[i.id] = i
}

func (s *CloudFront) invalidationStatus(i *invalidation) string {
	if s.env.Clock.Now().Before(i.completes) {
		return "InProgress"
	}
	return "Completed"
}

// invalidating counts the invalidations that are not over; the caller holds mu.
func (s *CloudFront) invalidating(d *distribution) int {
	count := 0
	for _, i := range d.invalidations {
		if s.invalidationStatus(i) == "InProgress" {
			count++
		}
	}
	return count
}

func (s *CloudFront) invalidationOutput(i *invalidation) *invalidationOutput {
	return &invalidationOutput{Invalidation: invalidationView{
		Id: i.id, Status: s.invalidationStatus(i), CreateTime: i.created, InvalidationBatch: i.batch,
	}}
}

type getInvalidationInput struct {
	DistributionId string `wire:",path"`
	Id             string `wire:",path"`
}

func (s *CloudFront) getInvalidation(_ context.Context, call *wire.Call, in *getInvalidationInput) (*invalidationOutput, error) {
	call.On(in.DistributionId)
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.distribution(in.DistributionId)
	if err != nil {
		return nil, err
	}
	i := d.invalidations[in.Id]
	if i == nil {
		return nil, wire.Errorf(http.StatusNotFound, "NoSuchInvalidation", "The specified invalidation does not exist.")
	}
	return s.invalidationOutput(i), nil
}

type listInvalidationsInput struct {
	DistributionId string `wire:",path"`
	Marker         string `wire:",query"`
	MaxItems       int    `wire:",query"`
}

type listInvalidationsOutput struct {
	InvalidationList invalidationList `wire:",payload"`
}

type invalidationList struct {
	page
	Items []invalidationSummary `wire:",item=InvalidationSummary"`
}

type invalidationSummary struct {
	Id         string
	CreateTime time.Time
	Status     string
}

func (s *CloudFront) listInvalidations(_ context.Context, call *wire.Call, in *listInvalidationsInput) (*listInvalidationsOutput, error) {
	call.On(in.DistributionId)
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.distribution(in.DistributionId)
	if err != nil {
		return nil, err
	}
	ids, frame := cut(keys(d.invalidations), listInput{Marker: in.Marker, MaxItems: in.MaxItems})
	out := &listInvalidationsOutput{InvalidationList: invalidationList{page: frame}}
	for _, id := range ids {
		i := d.invalidations[id]
		out.InvalidationList.Items = append(out.InvalidationList.Items,
			invalidationSummary{Id: id, CreateTime: i.created, Status: s.invalidationStatus(i)})
	}
	return out, nil
}
