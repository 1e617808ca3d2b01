package apigateway

import (
	"context"
	"maps"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func checkTags(tags map[string]string) error {
	for key, value := range tags {
		if len(tags) > 50 || key == "" || len(key) > 128 || len(value) > 256 || wire.ReservedTag(key) {
			return invalid("Invalid tag specified: %s", key)
		}
	}
	return nil
}

// merged is a new map with the entries of both; the second one's win.
func merged(a, b map[string]string) map[string]string {
	m := maps.Clone(a)
	if m == nil {
		m = map[string]string{}
	}
	maps.Copy(m, b)
	return m
}

type tagResourceInput struct {
	ResourceArn string            `wire:"resource-arn,path"`
	Tags        map[string]string `wire:",required"`
}

func (g *Gateway) tagResource(_ context.Context, call *wire.Call, in *tagResourceInput) (*wire.Empty, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	return nil, g.retag(call, in.ResourceArn, func(tags map[string]string) map[string]string {
		return merged(tags, in.Tags)
	})
}

type untagResourceInput struct {
	ResourceArn string   `wire:"resource-arn,path"`
	TagKeys     []string `wire:",query,required"`
}

func (g *Gateway) untagResource(_ context.Context, call *wire.Call, in *untagResourceInput) (*wire.Empty, error) {
	return nil, g.retag(call, in.ResourceArn, func(tags map[string]string) map[string]string {
		kept := merged(nil, tags)
		for _, key := range in.TagKeys {
			delete(kept, key)
		}
		return kept
	})
}

type getTagsInput struct {
	ResourceArn string `wire:"resource-arn,path"`
}

type getTagsOutput struct {
	Tags map[string]string `wire:",required"`
}

func (g *Gateway) getTags(_ context.Context, call *wire.Call, in *getTagsInput) (*getTagsOutput, error) {
	out := &getTagsOutput{}
	return out, g.retag(call, in.ResourceArn, func(tags map[string]string) map[string]string {
		out.Tags = tags
		return tags
	})
}

// retag replaces the tags of what an ARN names: an API, arn:aws:apigateway:<region>::/apis/<id>, or one of its stages,
// with /stages/<name> behind it.
func (g *Gateway) retag(call *wire.Call, arn string, change func(map[string]string) map[string]string) error {
	call.On(arn)
	path, ours := strings.CutPrefix(arn, "arn:aws:apigateway:"+g.env.Region+"::/apis/")
	if !ours {
		return invalid("Invalid resource ARN specified: %s", arn)
	}
	id, stage, ofStage := strings.Cut(path, "/stages/")
	g.mu.Lock()
	defer g.mu.Unlock()
	if !ofStage {
		a, err := g.api(id)
		if err != nil {
			return err
		}
		a.Tags = change(a.Tags)
		return nil
	}
	a, view, err := g.stage(id, stage)
	if err != nil {
		return err
	}
	view.Tags = change(view.Tags)
	a.stages[stage] = view
	return nil
}
