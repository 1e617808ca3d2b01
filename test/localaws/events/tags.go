package events

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type tag struct {
	Key   string  `wire:",required"`
	Value *string `wire:",required"`
}

func asMap(tags []tag) map[string]string {
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[t.Key] = *t.Value
	}
	return m
}

func checkTags(tags []tag) error {
	for _, t := range tags {
		if len(tags) > 50 || len(t.Key) > 128 || len(*t.Value) > 256 || wire.ReservedTag(t.Key) {
			return invalid("The tag %q is not valid.", t.Key)
		}
	}
	return nil
}

type tagResourceInput struct {
	ResourceARN string `wire:",required"`
	Tags        []tag  `wire:",required"`
}

func (e *Events) tagResource(_ context.Context, call *wire.Call, in *tagResourceInput) (*wire.Empty, error) {
	call.On(in.ResourceARN)
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	r, err := e.tagged(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	maps.Copy(r.tags, asMap(in.Tags))
	return nil, nil
}

type untagResourceInput struct {
	ResourceARN string   `wire:",required"`
	TagKeys     []string `wire:",required"`
}

func (e *Events) untagResource(_ context.Context, call *wire.Call, in *untagResourceInput) (*wire.Empty, error) {
	call.On(in.ResourceARN)
	e.mu.Lock()
	defer e.mu.Unlock()
	r, err := e.tagged(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	for _, key := range in.TagKeys {
		delete(r.tags, key)
	}
	return nil, nil
}

type listTagsInput struct {
	ResourceARN string `wire:",required"`
}

type listTagsOutput struct {
	Tags []tag `wire:",required"`
}

func (e *Events) listTagsForResource(_ context.Context, call *wire.Call, in *listTagsInput) (*listTagsOutput, error) {
	call.On(in.ResourceARN)
	e.mu.Lock()
	defer e.mu.Unlock()
	r, err := e.tagged(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	out := &listTagsOutput{}
	for _, key := range slices.Sorted(maps.Keys(r.tags)) {
		out.Tags = append(out.Tags, tag{Key: key, Value: new(r.tags[key])})
	}
	return out, nil
}

// tagged finds a rule by its ARN; the caller holds mu.
func (e *Events) tagged(arn string) (*rule, error) {
	return e.rule(strings.TrimPrefix(arn, e.arn("rule/")), "")
}

// pageOf cuts a page of at most 100 out of a list; the token is the position of its first item.
func pageOf[T any](list []T, token string, limit int) ([]T, string, error) {
	if limit <= 0 || limit > 100 {
		limit = 100
	}
	from := 0
	if token != "" {
		var err error
		if from, err = strconv.Atoi(token); err != nil || from < 0 || from > len(list) {
			return nil, "", invalid("Token is not valid.")
		}
	}
	to := min(from+limit, len(list))
	if to == len(list) {
		return list[from:], "", nil
	}
	return list[from:to], strconv.Itoa(to), nil
}
