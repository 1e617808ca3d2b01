package events

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// maxTargets is the quota of targets per rule.
const maxTargets = 5

// target is where a rule delivers to. Only Lambda functions are reached.
type target struct {
	Id               string `wire:",required"`
	Arn              string `wire:",required"`
	RoleArn          string
	Input            string
	InputPath        string
	DeadLetterConfig *deadLetterConfig
	RetryPolicy      *retryPolicy
}

type deadLetterConfig struct{ Arn string }

type retryPolicy struct {
	MaximumRetryAttempts     *int
	MaximumEventAgeInSeconds *int
}

type putTargetsInput struct {
	Rule         string `wire:",required"`
	EventBusName string
	Targets      []target `wire:",required"`
}

type failedEntries struct {
	FailedEntryCount int           `wire:",required"`
	FailedEntries    []failedEntry `wire:",required"`
}

type failedEntry struct {
	TargetId     string
	ErrorCode    string
	ErrorMessage string
}

// putTargets adds targets or replaces those of the same id.
func (e *Events) putTargets(_ context.Context, call *wire.Call, in *putTargetsInput) (*failedEntries, error) {
	call.On(in.Rule)
	ids := map[string]bool{}
	for _, t := range in.Targets {
		if err := t.check(); err != nil {
			return nil, err
		}
		if ids[t.Id] {
			return nil, invalid("Targets have one id each, and two have %s.", t.Id)
		}
		ids[t.Id] = true
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	r, err := e.rule(in.Rule, in.EventBusName)
	if err != nil {
		return nil, err
	}
	targets := slices.Clone(r.targets)
	for _, t := range in.Targets {
		at := slices.IndexFunc(targets, func(other target) bool { return other.Id == t.Id })
		if at < 0 {
			targets = append(targets, t)
			continue
		}
		targets[at] = t
	}
	if len(targets) > maxTargets {
		return nil, wire.Errorf(400, "LimitExceededException", "The requested resource exceeds the maximum number allowed.")
	}
	r.targets = targets
	return &failedEntries{}, nil
}

func (t target) check() error {
	if !strings.HasPrefix(t.Arn, "arn:") {
		return invalid("Parameter %s is not valid. Reason: Provided Arn is not in correct format.", t.Arn)
	}
	if t.Input != "" && t.InputPath != "" {
		return invalid("Only one of Input, InputPath, or InputTransformer must be provided for target %s.", t.Id)
	}
	if t.Input != "" && !json.Valid([]byte(t.Input)) {
		return invalid("JSON syntax error in input for target %s", t.Id)
	}
	if t.InputPath != "" && !strings.HasPrefix(t.InputPath, "$") {
		return invalid("Invalid InputPath for target %s.", t.Id)
	}
	return t.RetryPolicy.check()
}

func (p *retryPolicy) check() error {
	if p == nil {
		return nil
	}
	if a := p.MaximumRetryAttempts; a != nil && (*a < 0 || *a > 185) {
		return invalid("MaximumRetryAttempts must be between 0 and 185.")
	}
	if s := p.MaximumEventAgeInSeconds; s != nil && (*s < 60 || *s > 86400) {
		return invalid("MaximumEventAgeInSeconds must be between 60 and 86400.")
	}
	return nil
}

type removeTargetsInput struct {
	Rule         string `wire:",required"`
	EventBusName string
	Ids          []string `wire:",required"`
	Force        bool
}

// removeTargets reports ids that are not there as failed entries of a successful call.
func (e *Events) removeTargets(_ context.Context, call *wire.Call, in *removeTargetsInput) (*failedEntries, error) {
	call.On(in.Rule)
	e.mu.Lock()
	defer e.mu.Unlock()
	r, err := e.rule(in.Rule, in.EventBusName)
	if err != nil {
		return nil, err
	}
	out := &failedEntries{}
	for _, id := range in.Ids {
		at := slices.IndexFunc(r.targets, func(t target) bool { return t.Id == id })
		if at < 0 {
			out.FailedEntries = append(out.FailedEntries, failedEntry{
				TargetId: id, ErrorCode: "ResourceNotFoundException",
				ErrorMessage: "Rule " + r.name + " does not have target " + id + ".",
			})
			continue
		}
		r.targets = slices.Delete(slices.Clone(r.targets), at, at+1)
	}
	out.FailedEntryCount = len(out.FailedEntries)
	if out.FailedEntryCount == len(in.Ids) {
		call.NoEffect()
	}
	return out, nil
}

type listTargetsInput struct {
	Rule         string `wire:",required"`
	EventBusName string
	NextToken    string
	Limit        int
}

type listTargetsOutput struct {
	Targets   []target `wire:",required"`
	NextToken string
}

func (e *Events) listTargetsByRule(
	_ context.Context, call *wire.Call, in *listTargetsInput,
) (*listTargetsOutput, error) {
	call.On(in.Rule)
	e.mu.Lock()
	defer e.mu.Unlock()
	r, err := e.rule(in.Rule, in.EventBusName)
	if err != nil {
		return nil, err
	}
	targets, next, err := pageOf(r.targets, in.NextToken, in.Limit)
	return &listTargetsOutput{Targets: targets, NextToken: next}, err
}

type listRuleNamesInput struct {
	TargetArn    string `wire:",required"`
	EventBusName string
	NextToken    string
	Limit        int
}

type listRuleNamesOutput struct {
	RuleNames []string `wire:",required"`
	NextToken string
}

func (e *Events) listRuleNamesByTarget(
	_ context.Context, call *wire.Call, in *listRuleNamesInput,
) (*listRuleNamesOutput, error) {
	call.On(in.TargetArn)
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.checkBus(in.EventBusName); err != nil {
		return nil, err
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(e.rules)) {
		if slices.ContainsFunc(e.rules[name].targets, func(t target) bool { return t.Arn == in.TargetArn }) {
			names = append(names, name)
		}
	}
	names, next, err := pageOf(names, in.NextToken, in.Limit)
	return &listRuleNamesOutput{RuleNames: names, NextToken: next}, err
}
