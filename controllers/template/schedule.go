package template

import (
	contract "github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/controllers/release"
)

// rule is AWS::Events::Rule.
type rule struct {
	Name               string
	ScheduleExpression string
	State              string
	Targets            []target
}

func (rule) resourceType() string { return ruleType }

const (
	ruleType     = "AWS::Events::Rule"
	ruleState    = "State"
	ruleEnabled  = "ENABLED"
	ruleDisabled = "DISABLED"
)

type target struct {
	ID    string `json:"Id"`
	ARN   value  `json:"Arn"`
	Input string
}

// invocations is AWS::Lambda::EventInvokeConfig.
type invocations struct {
	FunctionName             value
	Qualifier                string
	MaximumRetryAttempts     int32
	MaximumEventAgeInSeconds int32
}

func (invocations) resourceType() string { return "AWS::Lambda::EventInvokeConfig" }

// maxScheduleDelaySeconds is how late a scheduled command may start when the function is throttled; Lambda itself would
// wait six hours.
const maxScheduleDelaySeconds = 300

// addSchedules adds what starts commands by time. One permission covers the rules, for the policy of an alias has 20
// KB, less than the permissions of fifty rules would take. Rules are made with the functions, disabled, for
// CloudFormation takes about a minute to make one, and EventBridge asks for no target that exists. Lambda does: what
// gives an alias its events follows once there is one.
func (a App) addSchedules(t *Template) {
	f := a.Desired.CLI()
	base := functionBase(f.Role, f.Name)
	rules := a.Desired.Names.Prefix + "-"
	t.add(cliInvocationsID, invocations{
		FunctionName: ref(functionID(base)), Qualifier: release.LiveAlias,
		MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: maxScheduleDelaySeconds,
	}, whenLive(base), of(f.Name))
	t.add(schedulePermissionID, mayInvoke(base, "events", arn("events", text("rule/"+rules+"*"))), whenLive(base),
		of(f.Name))
	for _, s := range a.Desired.Schedules {
		t.add(ruleID(s.Name), rule{
			Name: rules + s.Name, ScheduleExpression: s.Expression, State: ruleEnabled,
			Targets: []target{{ID: "command", ARN: aliasARN(base),
				Input: string(encode(contract.CommandEvent{Command: s.Command}))}},
		}, of(f.Name))
	}
}
