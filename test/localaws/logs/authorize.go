package logs

import (
	"reflect"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// resource is what identity policies are asked about. Operations on a group name its streams, none of them in
// particular, as the messages of AWS's denials show: a policy for "log-group:<name>" without a star behind it allows
// none of them. Only tagging asks for the bare group.
func (s *store) resource(_ *wire.Call, in any) string {
	if arn := member(in, "ResourceArn"); arn != "" {
		return arn
	}
	group := member(in, "LogGroupName")
	if group == "" {
		group = strings.TrimPrefix(strings.TrimSuffix(member(in, "LogGroupIdentifier"), ":*"), s.arn(""))
	}
	return s.arn(group) + ":log-stream:" + member(in, "LogStreamName")
}

// member is a text field of an input, empty when the input has none of that name.
func member(in any, name string) string {
	field := reflect.Indirect(reflect.ValueOf(in)).FieldByName(name)
	if !field.IsValid() {
		return ""
	}
	return field.String()
}
