package events

import (
	"cmp"
	"reflect"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// resource is what identity policies are asked about: the ARN of the rule, of all rules for ListRules.
func (e *Events) resource(_ *wire.Call, in any) string {
	if arn := member(in, "ResourceARN"); arn != "" {
		return arn
	}
	return e.arn("rule/" + cmp.Or(member(in, "Rule"), member(in, "Name"), "*"))
}

// member is a text field of an input, empty when the input has none of that name.
func member(in any, name string) string {
	field := reflect.Indirect(reflect.ValueOf(in)).FieldByName(name)
	if !field.IsValid() {
		return ""
	}
	return field.String()
}
