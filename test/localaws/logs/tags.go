package logs

import (
	"context"
	"maps"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// maxTags is the number of tags that a log group may have.
const maxTags = 50

type tagResourceInput struct {
	ResourceArn string            `wire:",required"`
	Tags        map[string]string `wire:",required"`
}

func (s *store) tagResource(_ context.Context, call *wire.Call, in *tagResourceInput) (*wire.Empty, error) {
	call.On(in.ResourceArn)
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.tagged(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	tags := maps.Clone(g.tags)
	maps.Copy(tags, in.Tags)
	if len(tags) > maxTags {
		return nil, wire.Errorf(400, "TooManyTagsException", "A resource can have no more than %d tags.", maxTags)
	}
	g.tags = tags
	return nil, nil
}

type untagResourceInput struct {
	ResourceArn string   `wire:",required"`
	TagKeys     []string `wire:",required"`
}

func (s *store) untagResource(_ context.Context, call *wire.Call, in *untagResourceInput) (*wire.Empty, error) {
	call.On(in.ResourceArn)
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.tagged(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	for _, key := range in.TagKeys {
		delete(g.tags, key)
	}
	return nil, nil
}

type listTagsInput struct {
	ResourceArn string `wire:",required"`
}

type listTagsOutput struct {
	Tags map[string]string `wire:",required"`
}

func (s *store) listTagsForResource(_ context.Context, call *wire.Call, in *listTagsInput) (*listTagsOutput, error) {
	call.On(in.ResourceArn)
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.tagged(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	return &listTagsOutput{Tags: maps.Clone(g.tags)}, nil
}

// tagged finds a group by its ARN, which for the tagging operations comes without the ":*" that
// DescribeLogGroups shows in "arn"; the caller holds mu.
func (s *store) tagged(arn string) (*group, error) {
	name, ours := strings.CutPrefix(arn, s.arn(""))
	if !ours || strings.HasSuffix(name, ":*") {
		return nil, invalid("The specified resourceArn %q is not the ARN of a log group.", arn)
	}
	return s.group(name)
}

func checkTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return wire.Errorf(400, "TooManyTagsException", "A resource can have no more than %d tags.", maxTags)
	}
	for key, value := range tags {
		if key == "" || len(key) > 128 || len(value) > 256 || wire.ReservedTag(key) {
			return invalid("The tag %q is not valid.", key)
		}
	}
	return nil
}
