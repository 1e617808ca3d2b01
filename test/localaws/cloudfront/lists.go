package cloudfront

import (
	"context"
	"slices"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type listInput struct {
	Marker   string `wire:",query"`
	MaxItems int    `wire:",query"`
}

// page is the frame of every list: the items after the marker, up to MaxItems (100 unless told).
type page struct {
	Marker      *string
	NextMarker  string
	MaxItems    int  `wire:",required"`
	IsTruncated bool `wire:",required"`
	Quantity    int  `wire:",required"`
}

// cut picks a page out of ids in order; the marker is the last id of the page before.
func cut(ids []string, in listInput) ([]string, page) {
	if in.MaxItems <= 0 || in.MaxItems > 100 {
		in.MaxItems = 100
	}
	slices.Sort(ids)
	from, _ := slices.BinarySearch(ids, in.Marker+"\x00")
	if in.Marker == "" {
		from = 0
	}
	to := min(from+in.MaxItems, len(ids))
	p := page{Marker: &in.Marker, MaxItems: in.MaxItems, IsTruncated: to < len(ids), Quantity: to - from}
	if p.IsTruncated {
		p.NextMarker = ids[to-1]
	}
	return ids[from:to], p
}

func keys[V any](m map[string]V) []string {
	ids := make([]string, 0, len(m))
	for id := range m {
		ids = append(ids, id)
	}
	return ids
}

type listDistributionsOutput struct {
	DistributionList distributionList `wire:",payload"`
}

type distributionList struct {
	page
	Items []distributionSummary `wire:",item=DistributionSummary"`
}

type distributionSummary struct {
	Id                   string
	ARN                  string
	ETag                 string
	Status               string
	LastModifiedTime     time.Time
	DomainName           string
	Aliases              aliases
	Origins              origins
	DefaultCacheBehavior cacheBehavior
	CacheBehaviors       cacheBehaviors
	CustomErrorResponses errorResponses
	Comment              *string
	PriceClass           string
	Enabled              *bool
	ViewerCertificate    *viewerCertificate
	Restrictions         *restrictions
	WebACLId             *string
	HttpVersion          string
	IsIPV6Enabled        *bool
	Staging              *bool
}

func (s *CloudFront) listDistributions(
	_ context.Context, _ *wire.Call, in *listInput,
) (*listDistributionsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids, frame := cut(keys(s.distributions), *in)
	out := &listDistributionsOutput{DistributionList: distributionList{page: frame}}
	for _, id := range ids {
		out.DistributionList.Items = append(out.DistributionList.Items, s.summary(s.distributions[id]))
	}
	return out, nil
}

func (s *CloudFront) summary(d *distribution) distributionSummary {
	c := d.config
	return distributionSummary{
		Id: d.id, ARN: d.arn, ETag: d.etag, Status: s.status(d), LastModifiedTime: d.modified, DomainName: d.domain,
		Aliases: c.Aliases, Origins: c.Origins, DefaultCacheBehavior: c.DefaultCacheBehavior,
		CacheBehaviors:       c.CacheBehaviors,
		CustomErrorResponses: c.CustomErrorResponses, Comment: c.Comment, PriceClass: c.PriceClass, Enabled: c.Enabled,
		ViewerCertificate: c.ViewerCertificate, Restrictions: c.Restrictions, WebACLId: c.WebACLId,
		HttpVersion: c.HttpVersion, IsIPV6Enabled: c.IsIPV6Enabled, Staging: c.Staging,
	}
}

type listAccessControlsOutput struct {
	OriginAccessControlList accessControlList `wire:",payload"`
}

type accessControlList struct {
	page
	Items []accessControlSummary `wire:",item=OriginAccessControlSummary"`
}

type accessControlSummary struct {
	Id string
	accessControlConfig
}

func (s *CloudFront) listOriginAccessControls(
	_ context.Context, _ *wire.Call, in *listInput,
) (*listAccessControlsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids, frame := cut(keys(s.controls), *in)
	out := &listAccessControlsOutput{OriginAccessControlList: accessControlList{page: frame}}
	for _, id := range ids {
		out.OriginAccessControlList.Items = append(out.OriginAccessControlList.Items,
			accessControlSummary{Id: id, accessControlConfig: s.controls[id].config})
	}
	return out, nil
}

// tagList is a set of tags as the API writes it.
type tagList struct {
	Items []tag `wire:",item=Tag"`
}

type tag struct {
	Key   string `wire:",required"`
	Value string
}

func (l tagList) check() error {
	seen := map[string]bool{}
	for _, t := range l.Items {
		if seen[t.Key] || len(t.Key) > 128 || len(t.Value) > 256 || wire.ReservedTag(t.Key) || len(l.Items) > 50 {
			return wire.Errorf(400, "InvalidTagging", "The tagging specified is not valid.")
		}
		seen[t.Key] = true
	}
	return nil
}

func (l tagList) asMap() map[string]string {
	tags := map[string]string{}
	for _, t := range l.Items {
		tags[t.Key] = t.Value
	}
	return tags
}
