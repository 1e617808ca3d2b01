package lambda

import (
	"context"
	"maps"
	"slices"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// alias names a version, and by weight a second one.
type alias struct {
	name        string
	version     string
	description string
	weights     map[string]float64
	revision    string
}

type routing struct{ AdditionalVersionWeights map[string]float64 }

type aliasConfiguration struct {
	AliasArn        string
	Name            string
	FunctionVersion string
	Description     string `wire:",required"`
	RevisionId      string
	RoutingConfig   *routing
}

func (l *Lambda) showAlias(f *function, a *alias) *aliasConfiguration {
	out := &aliasConfiguration{AliasArn: l.arn(f.name + ":" + a.name), Name: a.name, FunctionVersion: a.version,
		Description: a.description, RevisionId: a.revision}
	if len(a.weights) > 0 {
		out.RoutingConfig = &routing{maps.Clone(a.weights)}
	}
	return out
}

type createAliasInput struct {
	FunctionName    string `wire:",path,required"`
	Name            string `wire:",required"`
	FunctionVersion string `wire:",required"`
	Description     string
	RoutingConfig   *routing
}

func (l *Lambda) createAlias(_ context.Context, call *wire.Call, in *createAliasInput) (*aliasConfiguration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, ref, err := l.owner(call, in.FunctionName, in.Name)
	if err != nil {
		return nil, err
	}
	if f.aliases[in.Name] != nil {
		return nil, conflict("Alias already exists: " + l.arn(ref.String()))
	}
	a := &alias{name: in.Name, version: in.FunctionVersion, description: in.Description, revision: newID()}
	if in.RoutingConfig != nil {
		a.weights = in.RoutingConfig.AdditionalVersionWeights
	}
	if err := l.checkTargets(f, a); err != nil {
		return nil, err
	}
	f.aliases[in.Name] = a
	return l.showAlias(f, a), nil
}

// owner finds the function of an alias; callers hold the lock.
func (l *Lambda) owner(call *wire.Call, name, alias string) (*function, reference, error) {
	ref, err := l.refer(call, name, "")
	if err != nil {
		return nil, ref, err
	}
	ref.qualifier = alias
	call.On(ref.String())
	f := l.functions[ref.name]
	if f == nil {
		return nil, ref, noFunction(l.arn(ref.name))
	}
	return f, ref, nil
}

func (l *Lambda) aliasOf(call *wire.Call, name, named string) (*function, *alias, error) {
	f, ref, err := l.owner(call, name, named)
	if err != nil {
		return nil, nil, err
	}
	a := f.aliases[named]
	if a == nil {
		return nil, nil, missing("Cannot find alias arn: " + l.arn(ref.String()))
	}
	return f, a, nil
}

type aliasInput struct {
	FunctionName string `wire:",path,required"`
	Name         string `wire:",path,required"`
}

func (l *Lambda) getAlias(_ context.Context, call *wire.Call, in *aliasInput) (*aliasConfiguration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, a, err := l.aliasOf(call, in.FunctionName, in.Name)
	if err != nil {
		return nil, err
	}
	return l.showAlias(f, a), nil
}

type updateAliasInput struct {
	FunctionName    string `wire:",path,required"`
	Name            string `wire:",path,required"`
	FunctionVersion string
	Description     *string
	RoutingConfig   *routing
	RevisionId      string
}

// updateAlias leaves what is not named as it is; an empty RoutingConfig clears the weights, an absent one keeps them.
func (l *Lambda) updateAlias(_ context.Context, call *wire.Call, in *updateAliasInput) (*aliasConfiguration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, a, err := l.aliasOf(call, in.FunctionName, in.Name)
	if err != nil {
		return nil, err
	}
	if in.RevisionId != "" && in.RevisionId != a.revision {
		return nil, stale()
	}
	changed := *a
	if in.FunctionVersion != "" {
		changed.version = in.FunctionVersion
	}
	set(&changed.description, in.Description)
	if in.RoutingConfig != nil {
		changed.weights = in.RoutingConfig.AdditionalVersionWeights
	}
	if err := l.checkTargets(f, &changed); err != nil {
		return nil, err
	}
	changed.revision = newID()
	*a = changed
	return l.showAlias(f, a), nil
}

// deleteAlias succeeds for an alias that is not there: the API reference lists no ResourceNotFoundException.
func (l *Lambda) deleteAlias(_ context.Context, call *wire.Call, in *aliasInput) (*wire.Empty, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, _, err := l.owner(call, in.FunctionName, in.Name)
	if err != nil {
		return nil, err
	}
	if f.aliases[in.Name] == nil {
		call.NoEffect()
	}
	delete(f.aliases, in.Name)
	delete(f.policies, in.Name)
	delete(f.invokes, in.Name)
	return nil, nil
}

type listAliasesInput struct {
	FunctionName    string `wire:",path,required"`
	FunctionVersion string `wire:",query"`
	Marker          string `wire:",query"`
	MaxItems        int    `wire:",query"`
}

type listAliasesOutput struct {
	Aliases    []*aliasConfiguration `wire:",required"`
	NextMarker string
}

func (l *Lambda) listAliases(_ context.Context, call *wire.Call, in *listAliasesInput) (*listAliasesOutput, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, _, err := l.owner(call, in.FunctionName, "")
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(f.aliases))
	if in.FunctionVersion != "" {
		names = f.usersOf(in.FunctionVersion)
	}
	names, next := page(names, in.Marker, in.MaxItems, 50)
	out := &listAliasesOutput{Aliases: []*aliasConfiguration{}, NextMarker: next}
	for _, name := range names {
		out.Aliases = append(out.Aliases, l.showAlias(f, f.aliases[name]))
	}
	return out, nil
}
