package template

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// listOf evaluates an argument that must be a list.
func (s *Scope) listOf(argument any, function string) ([]any, error) {
	value, err := s.Resolve(argument)
	if err != nil {
		return nil, err
	}
	list, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("Template error: every %s object requires a list argument", function)
	}
	return list, nil
}

// unknowns collects the resources that any of the values still waits for.
func unknowns(values ...any) (Unknown, bool) {
	var by []string
	for _, value := range values {
		switch v := value.(type) {
		case Unknown:
			by = append(by, v.By...)
		case []any:
			if nested, ok := unknowns(v...); ok {
				by = append(by, nested.By...)
			}
		case map[string]any:
			for _, key := range SortedKeys(v) {
				if nested, ok := unknowns(v[key]); ok {
					by = append(by, nested.By...)
				}
			}
		}
	}
	return Unknown{By: by}, len(by) > 0
}

// PendingOn returns the resources that must be deployed before the value is known.
func PendingOn(value any) []string {
	unknown, _ := unknowns(value)
	return unknown.By
}

func (s *Scope) join(argument any) (any, error) {
	arguments, ok := argument.([]any)
	if !ok || len(arguments) != 2 {
		return nil, fmt.Errorf("Template error: every Fn::Join object requires two parameters, (1) a string delimiter and " +
			"(2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.")
	}
	delimiter, ok := arguments[0].(string)
	if !ok {
		return nil, fmt.Errorf("Template error: every Fn::Join object requires a string delimiter")
	}
	value, err := s.Resolve(arguments[1])
	if err != nil {
		return nil, err
	}
	if unknown, ok := unknowns(value); ok {
		return unknown, nil
	}
	list, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("Template error: every Fn::Join object requires a list of strings to be joined")
	}
	parts := make([]string, 0, len(list))
	for _, entry := range list {
		parts = append(parts, Scalar(entry))
	}
	return strings.Join(parts, delimiter), nil
}

func (s *Scope) selectOne(argument any) (any, error) {
	arguments, ok := argument.([]any)
	if !ok || len(arguments) != 2 {
		return nil, fmt.Errorf(
			"Template error: Fn::Select requires a list argument with two elements: an integer index and a list",
		)
	}
	index, err := s.Resolve(arguments[0])
	if err != nil {
		return nil, err
	}
	value, err := s.Resolve(arguments[1])
	if err != nil {
		return nil, err
	}
	if unknown, ok := value.(Unknown); ok {
		return unknown, nil
	}
	n, err := strconv.Atoi(Scalar(index))
	if err != nil {
		return nil, fmt.Errorf("Template error: Fn::Select requires an integer index")
	}
	list, ok := value.([]any)
	if !ok || n < 0 || n >= len(list) {
		return nil, fmt.Errorf("Template error: Fn::Select cannot select nonexistent value at index %d", n)
	}
	return list[n], nil
}

func (s *Scope) split(argument any) (any, error) {
	arguments, ok := argument.([]any)
	if !ok || len(arguments) != 2 {
		return nil, fmt.Errorf("Template error: every Fn::Split object requires two parameters, (1) a string delimiter " +
			"and (2) a string to be split or a function that returns a string to be split.")
	}
	delimiter, ok := arguments[0].(string)
	if !ok || delimiter == "" {
		return nil, fmt.Errorf("Template error: every Fn::Split object requires a string delimiter")
	}
	value, err := s.Resolve(arguments[1])
	if err != nil {
		return nil, err
	}
	if unknown, ok := value.(Unknown); ok {
		return unknown, nil
	}
	list := []any{}
	for part := range strings.SplitSeq(Scalar(value), delimiter) {
		list = append(list, part)
	}
	return list, nil
}

func (s *Scope) base64(argument any) (any, error) {
	value, err := s.Resolve(argument)
	if err != nil {
		return nil, err
	}
	if unknown, ok := value.(Unknown); ok {
		return unknown, nil
	}
	return base64.StdEncoding.EncodeToString([]byte(Scalar(value))), nil
}

var variable = regexp.MustCompile(`\$\{([^}]*)\}`)

func (s *Scope) sub(argument any) (any, error) {
	pattern, variables, err := subArguments(argument)
	if err != nil {
		return nil, err
	}
	own, err := s.resolveObject(variables)
	if err != nil {
		return nil, err
	}
	var pending []any
	var failure error
	text := variable.ReplaceAllStringFunc(pattern, func(match string) string {
		value, err := s.subVariable(match[2:len(match)-1], own)
		if err != nil && failure == nil {
			failure = err
		}
		pending = append(pending, value)
		return Scalar(value)
	})
	if failure != nil {
		return nil, failure
	}
	if unknown, ok := unknowns(pending...); ok {
		return unknown, nil
	}
	return text, nil
}

func (s *Scope) subVariable(name string, own map[string]any) (any, error) {
	if strings.HasPrefix(name, "!") {
		return "${" + name[1:] + "}", nil
	}
	name = strings.TrimSpace(name)
	if value, ok := own[name]; ok {
		return value, nil
	}
	if resource, attribute, ok := strings.Cut(name, "."); ok {
		return s.getAtt([]any{resource, attribute})
	}
	return s.ref(name)
}

func subArguments(argument any) (string, map[string]any, error) {
	if pattern, ok := argument.(string); ok {
		return pattern, nil, nil
	}
	list, ok := argument.([]any)
	if ok && len(list) == 2 {
		pattern, isText := list[0].(string)
		variables, isMap := list[1].(map[string]any)
		if isText && isMap {
			return pattern, variables, nil
		}
	}
	return "", nil, fmt.Errorf("Template error: One or more Fn::Sub intrinsic functions don't specify expected " +
		"arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to " +
		"replace in the string")
}

func getAttTarget(argument any) (resource, attribute string, err error) {
	switch v := argument.(type) {
	case string:
		resource, attribute, _ = strings.Cut(v, ".")
	case []any:
		if len(v) == 2 {
			resource, _ = v[0].(string)
			attribute, _ = v[1].(string)
		}
	}
	if resource == "" || attribute == "" {
		return "", "", fmt.Errorf("Template error: every Fn::GetAtt object requires two non-empty parameters, the " +
			"resource name and the resource attribute")
	}
	return resource, attribute, nil
}
