package events

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type putRuleInput struct {
	Name               string `wire:",required"`
	ScheduleExpression string
	EventPattern       string
	State              string
	Description        string
	RoleArn            string
	Tags               []tag
	EventBusName       string
}

type putRuleOutput struct{ RuleArn string }

// putRule creates a rule or replaces its settings, targets excepted: what is left out of an update
// takes its default, and tags of an update are ignored (PutRule).
func (e *Events) putRule(_ context.Context, call *wire.Call, in *putRuleInput) (*putRuleOutput, error) {
	call.On(in.Name)
	if err := in.check(); err != nil {
		return nil, err
	}
	var due schedule
	if in.ScheduleExpression != "" {
		var err error
		if due, err = parseSchedule(in.ScheduleExpression, e.minute); err != nil {
			return nil, err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.checkBus(in.EventBusName); err != nil {
		return nil, err
	}
	r := e.rules[in.Name]
	if r == nil {
		r = &rule{name: in.Name, arn: e.arn("rule/" + in.Name), tags: asMap(in.Tags)}
		e.rules[in.Name] = r
	}
	enabled := in.State != "DISABLED"
	restart := r.expression != in.ScheduleExpression || r.enabled != enabled
	r.expression, r.pattern, r.schedule, r.enabled = in.ScheduleExpression, in.EventPattern, due, enabled
	r.description, r.role = in.Description, in.RoleArn
	if restart {
		e.restart(r)
	}
	return &putRuleOutput{RuleArn: r.arn}, nil
}

func (in *putRuleInput) check() error {
	if in.ScheduleExpression == "" && in.EventPattern == "" {
		return invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
	}
	var pattern map[string]any
	if in.EventPattern != "" && json.Unmarshal([]byte(in.EventPattern), &pattern) != nil {
		return wire.Errorf(400, "InvalidEventPatternException",
			"Event pattern is not valid. Reason: Filter is not an object")
	}
	return checkTags(in.Tags)
}

type ruleInput struct {
	Name         string `wire:",required"`
	EventBusName string
}

type ruleView struct {
	Name               string
	Arn                string
	EventPattern       string
	ScheduleExpression string
	State              string
	Description        string
	RoleArn            string
	EventBusName       string
}

type describeRuleOutput struct {
	ruleView
	CreatedBy string
}

func (r *rule) view() ruleView {
	state := "DISABLED"
	if r.enabled {
		state = "ENABLED"
	}
	return ruleView{
		Name: r.name, Arn: r.arn, EventPattern: r.pattern, ScheduleExpression: r.expression, State: state,
		Description: r.description, RoleArn: r.role, EventBusName: "default",
	}
}

func (e *Events) describeRule(_ context.Context, call *wire.Call, in *ruleInput) (*describeRuleOutput, error) {
	call.On(in.Name)
	e.mu.Lock()
	defer e.mu.Unlock()
	r, err := e.rule(in.Name, in.EventBusName)
	if err != nil {
		return nil, err
	}
	return &describeRuleOutput{ruleView: r.view(), CreatedBy: e.env.AccountID}, nil
}

type listRulesInput struct {
	NamePrefix   string
	EventBusName string
	NextToken    string
	Limit        int
}

type listRulesOutput struct {
	Rules     []ruleView `wire:",required"`
	NextToken string
}

func (e *Events) listRules(_ context.Context, _ *wire.Call, in *listRulesInput) (*listRulesOutput, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.checkBus(in.EventBusName); err != nil {
		return nil, err
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(e.rules)) {
		if strings.HasPrefix(name, in.NamePrefix) {
			names = append(names, name)
		}
	}
	names, next, err := pageOf(names, in.NextToken, in.Limit)
	out := &listRulesOutput{NextToken: next}
	for _, name := range names {
		out.Rules = append(out.Rules, e.rules[name].view())
	}
	return out, err
}

type deleteRuleInput struct {
	Name         string `wire:",required"`
	EventBusName string
	Force        bool
}

// deleteRule refuses a rule that still has targets; a rule that does not exist is no error.
func (e *Events) deleteRule(_ context.Context, call *wire.Call, in *deleteRuleInput) (*wire.Empty, error) {
	call.On(in.Name)
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.checkBus(in.EventBusName); err != nil {
		return nil, err
	}
	r := e.rules[in.Name]
	if r == nil {
		call.NoEffect()
		return nil, nil
	}
	if len(r.targets) > 0 {
		return nil, invalid("Rule can't be deleted since it has targets.")
	}
	delete(e.rules, in.Name)
	e.wake()
	return nil, nil
}
