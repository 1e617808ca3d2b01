package lambda

import (
	"context"
	"maps"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type tagResourceInput struct {
	Resource string            `wire:",path,required"`
	Tags     map[string]string `wire:",required"`
}

type untagResourceInput struct {
	Resource string   `wire:",path,required"`
	TagKeys  []string `wire:"tagKeys,query,required"`
}

type resourceInput struct {
	Resource string `wire:",path,required"`
}

type tagsOutput struct {
	Tags map[string]string `wire:",required"`
}

// tagsOf finds the tags of a function or an event source mapping; callers hold the lock.
func (l *Lambda) tagsOf(call *wire.Call, arn string) (map[string]string, error) {
	if id, ok := strings.CutPrefix(arn, l.mappingARN("")); ok {
		call.On(id)
		if m := l.mappings[id]; m != nil {
			return m.tags, nil
		}
		return nil, missing("The resource you requested does not exist.")
	}
	f, err := l.whole(call, arn)
	if err != nil {
		return nil, err
	}
	return f.tags, nil
}

func (l *Lambda) tagResource(_ context.Context, call *wire.Call, in *tagResourceInput) (*wire.Empty, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	tags, err := l.tagsOf(call, in.Resource)
	if err != nil {
		return nil, err
	}
	maps.Copy(tags, in.Tags)
	return nil, nil
}

func (l *Lambda) untagResource(_ context.Context, call *wire.Call, in *untagResourceInput) (*wire.Empty, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	tags, err := l.tagsOf(call, in.Resource)
	if err != nil {
		return nil, err
	}
	for _, key := range in.TagKeys {
		delete(tags, key)
	}
	return nil, nil
}

func (l *Lambda) listTags(_ context.Context, call *wire.Call, in *resourceInput) (*tagsOutput, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	tags, err := l.tagsOf(call, in.Resource)
	if err != nil {
		return nil, err
	}
	return &tagsOutput{maps.Clone(tags)}, nil
}
