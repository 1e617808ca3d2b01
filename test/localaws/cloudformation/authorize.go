package cloudformation

import (
	"reflect"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// resource is the ARN that identity policies are asked about: the stack's, or that of every stack of the name where
// there is none yet. Operations without a stack ask about "*".
func (s *service) resource(_ *wire.Call, in any) string {
	v := reflect.Indirect(reflect.ValueOf(in))
	if v.Kind() != reflect.Struct {
		return ""
	}
	field := v.FieldByName("StackName")
	if !field.IsValid() || field.Kind() != reflect.String || field.String() == "" {
		return ""
	}
	name := field.String()
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	if view, err := s.engine.Stack(name); err == nil {
		return view.ID
	}
	return s.env.ARN("cloudformation", "stack/"+name+"/*")
}
