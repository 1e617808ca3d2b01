package template

import (
	"fmt"
)

// Unknown stands for a value that only the deployment will know; By names the resources that it depends on.
type Unknown struct{ By []string }

type noValue struct{}

// Values are the Ref value and the attributes of one deployed (or planned) resource.
type Values struct {
	Ref        any
	Attributes map[string]any
	// Pending makes every Ref and attribute of the resource Unknown: it does not exist yet.
	Pending bool
}

// Scope is what expressions may refer to.
type Scope struct {
	Parameters map[string]any
	Pseudo     map[string]string
	Mappings   map[string]any
	Conditions map[string]bool
	// Resource gives the values of a resource; false where it is not part of the stack.
	Resource func(name string) (Values, bool)
}

// Resolve evaluates every intrinsic function within a value.
func (s *Scope) Resolve(value any) (any, error) {
	switch v := value.(type) {
	case map[string]any:
		if name, argument, ok := intrinsic(v); ok {
			return s.call(name, argument)
		}
		return s.resolveObject(v)
	case []any:
		return s.resolveList(v)
	}
	return value, nil
}

// ResolveProperties evaluates a Properties section.
func (s *Scope) ResolveProperties(properties map[string]any) (map[string]any, error) {
	return s.resolveObject(properties)
}

func (s *Scope) resolveObject(object map[string]any) (map[string]any, error) {
	resolved := make(map[string]any, len(object))
	for _, key := range SortedKeys(object) {
		value, err := s.Resolve(object[key])
		if err != nil {
			return nil, err
		}
		if _, removed := value.(noValue); !removed {
			resolved[key] = value
		}
	}
	return resolved, nil
}

func (s *Scope) resolveList(list []any) ([]any, error) {
	resolved := make([]any, 0, len(list))
	for _, entry := range list {
		value, err := s.Resolve(entry)
		if err != nil {
			return nil, err
		}
		if _, removed := value.(noValue); !removed {
			resolved = append(resolved, value)
		}
	}
	return resolved, nil
}

// intrinsic recognizes an object with a single function key.
func intrinsic(object map[string]any) (name string, argument any, ok bool) {
	if len(object) != 1 {
		return "", nil, false
	}
	for key, value := range object {
		if key == "Ref" || (len(key) > 4 && key[:4] == "Fn::") {
			return key, value, true
		}
		// {"Condition": "Name"} is a function only inside conditions; elsewhere (policy documents) it is data.
	}
	return "", nil, false
}

func (s *Scope) call(name string, argument any) (any, error) {
	function, ok := map[string]func(any) (any, error){
		"Ref": s.ref, "Fn::GetAtt": s.getAtt, "Fn::Sub": s.sub, "Fn::Join": s.join, "Fn::Select": s.selectOne,
		"Fn::Split": s.split, "Fn::If": s.ifThenElse, "Fn::FindInMap": s.findInMap, "Fn::Base64": s.base64,
	}[name]
	if !ok {
		return nil, fmt.Errorf("Template format error: unsupported function %s", name)
	}
	return function(argument)
}

func (s *Scope) ref(argument any) (any, error) {
	name, ok := argument.(string)
	if !ok {
		return nil, fmt.Errorf("Template format error: Every Ref object must have a single String value.")
	}
	if name == "AWS::NoValue" {
		return noValue{}, nil
	}
	if value, ok := s.Pseudo[name]; ok {
		return value, nil
	}
	if value, ok := s.Parameters[name]; ok {
		return value, nil
	}
	values, err := s.resource(name)
	if err != nil {
		return nil, err
	}
	if values.Pending {
		return Unknown{By: []string{name}}, nil
	}
	return values.Ref, nil
}

func (s *Scope) resource(name string) (Values, error) {
	if s.Resource != nil {
		if values, ok := s.Resource(name); ok {
			return values, nil
		}
	}
	return Values{}, fmt.Errorf(
		"Template format error: Unresolved resource dependencies [%s] in the Resources block of the template", name,
	)
}

func (s *Scope) getAtt(argument any) (any, error) {
	name, attribute, err := getAttTarget(argument)
	if err != nil {
		return nil, err
	}
	values, err := s.resource(name)
	if err != nil {
		return nil, err
	}
	if values.Pending {
		return Unknown{By: []string{name}}, nil
	}
	value, ok := values.Attributes[attribute]
	if !ok {
		return nil, fmt.Errorf("Template error: resource %s does not support attribute type %s in Fn::GetAtt", name,
			attribute)
	}
	return value, nil
}

func (s *Scope) ifThenElse(argument any) (any, error) {
	branches, ok := argument.([]any)
	if !ok || len(branches) != 3 {
		return nil, fmt.Errorf("Template error: Fn::If requires a list argument with three elements")
	}
	name, _ := branches[0].(string)
	holds, ok := s.Conditions[name]
	if !ok {
		return nil, fmt.Errorf("Template error: unresolved condition dependency %s in Fn::If", name)
	}
	if holds {
		return s.Resolve(branches[1])
	}
	return s.Resolve(branches[2])
}

func (s *Scope) findInMap(argument any) (any, error) {
	keys, err := s.listOf(argument, "Fn::FindInMap")
	if err != nil {
		return nil, err
	}
	if len(keys) != 3 {
		return nil, fmt.Errorf("Template error: every Fn::FindInMap object requires three parameters, the map name, map " +
			"key and the attribute for return value")
	}
	first, _ := s.Mappings[Scalar(keys[0])].(map[string]any)
	second, _ := first[Scalar(keys[1])].(map[string]any)
	value, ok := second[Scalar(keys[2])]
	if !ok {
		return nil, fmt.Errorf("Template error: Unable to get mapping for %s::%s::%s", Scalar(keys[0]), Scalar(keys[1]),
			Scalar(keys[2]))
	}
	return value, nil
}

// OpaqueValue marks the value as not known before the deployment.
func (Unknown) OpaqueValue() {}
