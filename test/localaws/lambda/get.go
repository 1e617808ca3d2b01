package lambda

import (
	"context"
	"maps"
	"slices"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type qualifiedInput struct {
	FunctionName string `wire:",path,required"`
	Qualifier    string `wire:",query"`
}

type codeLocation struct {
	RepositoryType   string
	ImageUri         string
	ResolvedImageUri string
}

type concurrency struct{ ReservedConcurrentExecutions *int }

type getFunctionOutput struct {
	Configuration *functionConfiguration
	Code          *codeLocation
	Tags          map[string]string
	Concurrency   *concurrency
}

// qualified finds a function and the version that the caller named; callers hold the lock.
func (l *Lambda) qualified(call *wire.Call, name, qualifier string) (*function, *version, reference, error) {
	ref, err := l.refer(call, name, qualifier)
	if err != nil {
		return nil, nil, ref, err
	}
	f, err := l.find(ref)
	if err != nil {
		return nil, nil, ref, err
	}
	v := f.version(ref.qualifier)
	if v == nil {
		return nil, nil, ref, noFunction(l.arn(ref.String()))
	}
	return f, v, ref, nil
}

func (l *Lambda) getFunction(_ context.Context, call *wire.Call, in *qualifiedInput) (*getFunctionOutput, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, v, ref, err := l.qualified(call, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	out := &getFunctionOutput{Configuration: l.describe(f, v, ref.qualifier),
		Code: &codeLocation{"ECR", v.image.uri, v.image.resolved}}
	if len(f.tags) > 0 {
		out.Tags = maps.Clone(f.tags)
	}
	if f.reserved != nil {
		reserved := *f.reserved
		out.Concurrency = &concurrency{&reserved}
	}
	return out, nil
}

func (l *Lambda) getConfiguration(
	_ context.Context, call *wire.Call, in *qualifiedInput,
) (*functionConfiguration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, v, ref, err := l.qualified(call, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	return l.describe(f, v, ref.qualifier), nil
}

type listFunctionsInput struct {
	FunctionVersion string `wire:",query"`
	Marker          string `wire:",query"`
	MaxItems        int    `wire:",query"`
}

type listFunctionsOutput struct {
	Functions  []*functionConfiguration `wire:",required"`
	NextMarker string
}

func (l *Lambda) listFunctions(_ context.Context, _ *wire.Call, in *listFunctionsInput) (*listFunctionsOutput, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	names, next := page(slices.Sorted(maps.Keys(l.functions)), in.Marker, in.MaxItems, 50)
	out := &listFunctionsOutput{Functions: []*functionConfiguration{}, NextMarker: next}
	for _, name := range names {
		f := l.functions[name]
		if in.FunctionVersion != "ALL" {
			out.Functions = append(out.Functions, l.describe(f, f.latest, ""))
			continue
		}
		out.Functions = append(out.Functions, l.describe(f, f.latest, latestVersion))
		for _, number := range f.numbers() {
			out.Functions = append(out.Functions, l.describe(f, f.versions[number], ""))
		}
	}
	return out, nil
}
