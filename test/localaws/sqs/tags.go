package sqs

import (
	"context"
	"maps"
	"sort"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const maxTags = 50

type tagInput struct {
	onQueue
	Tags map[string]string `wire:",required"`
}

func (s *service) tag(_ context.Context, call *wire.Call, in *tagInput) (*wire.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(call, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if len(in.Tags) == 0 {
		return nil, failure("MissingParameter", "MissingParameter", "The request must contain the parameter Tags.")
	}
	tags := map[string]string{}
	for _, set := range []map[string]string{q.tags, in.Tags} {
		maps.Copy(tags, set)
	}
	if len(tags) > maxTags {
		return nil, failure("InvalidParameterValue", "InvalidParameterValue", "Too many tags added for queue %s.", q.name)
	}
	q.tags = tags
	return nil, nil
}

type untagInput struct {
	onQueue
	TagKeys []string `wire:",required"`
}

func (s *service) untag(_ context.Context, call *wire.Call, in *untagInput) (*wire.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(call, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if len(in.TagKeys) == 0 {
		return nil, failure("MissingParameter", "MissingParameter", "The request must contain the parameter TagKeys.")
	}
	for _, key := range in.TagKeys {
		delete(q.tags, key)
	}
	return nil, nil
}

type listTagsOutput struct{ Tags map[string]string }

func (s *service) listTags(_ context.Context, call *wire.Call, in *onQueue) (*listTagsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(call, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	out := &listTagsOutput{Tags: map[string]string{}}
	maps.Copy(out.Tags, q.tags)
	return out, nil
}

type listSourcesInput struct {
	onQueue
	MaxResults int
	NextToken  string
}

type listSourcesOutput struct {
	QueueUrls []string `wire:"queueUrls,required"`
}

// listSources lists the queues whose dead letters come here.
func (s *service) listSources(_ context.Context, call *wire.Call, in *listSourcesInput) (*listSourcesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	target, err := s.find(call, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	out := &listSourcesOutput{}
	for _, q := range s.queues {
		if policy, ok := redriveOf(q.attributes["RedrivePolicy"]); ok && policy.DeadLetterTargetArn == target.arn {
			out.QueueUrls = append(out.QueueUrls, q.url)
		}
	}
	sort.Strings(out.QueueUrls)
	return out, nil
}
