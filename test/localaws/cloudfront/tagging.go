package cloudfront

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type tagResourceInput struct {
	Resource string  `wire:",query,required"`
	Tags     tagList `wire:",payload"`
}

func (s *CloudFront) tagResource(_ context.Context, call *wire.Call, in *tagResourceInput) (*wire.Empty, error) {
	call.On(in.Resource)
	if err := in.Tags.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.tagged(in.Resource)
	if err != nil {
		return nil, err
	}
	maps.Copy(d.tags, in.Tags.asMap())
	return nil, nil
}

type untagResourceInput struct {
	Resource string  `wire:",query,required"`
	TagKeys  tagKeys `wire:",payload"`
}

type tagKeys struct {
	Items []string `wire:",item=Key"`
}

func (s *CloudFront) untagResource(_ context.Context, call *wire.Call, in *untagResourceInput) (*wire.Empty, error) {
	call.On(in.Resource)
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.tagged(in.Resource)
	if err != nil {
		return nil, err
	}
	for _, key := range in.TagKeys.Items {
		delete(d.tags, key)
	}
	return nil, nil
}

type listTagsInput struct {
	Resource string `wire:",query,required"`
}

type listTagsOutput struct {
	Tags struct {
		// Items is written, empty, where there is no tag.
		Items []tag `wire:",required,item=Tag"`
	} `wire:",payload"`
}

func (s *CloudFront) listTagsForResource(
	_ context.Context, call *wire.Call, in *listTagsInput,
) (*listTagsOutput, error) {
	call.On(in.Resource)
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.tagged(in.Resource)
	if err != nil {
		return nil, err
	}
	out := &listTagsOutput{}
	names := keys(d.tags)
	slices.Sort(names)
	for _, name := range names {
		out.Tags.Items = append(out.Tags.Items, tag{Key: name, Value: d.tags[name]})
	}
	return out, nil
}

// tagged finds a distribution by its ARN; the caller holds mu.
func (s *CloudFront) tagged(arn string) (*distribution, error) {
	for _, d := range s.distributions {
		if d.arn == arn {
			return d, nil
		}
	}
	return nil, wire.Errorf(http.StatusNotFound, "NoSuchResource", "The resource that was specified is not valid.")
}
