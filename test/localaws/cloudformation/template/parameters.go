package template

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Parameter is one entry of the Parameters section.
type Parameter struct {
	Type                  string
	Default               *string
	AllowedValues         []string
	AllowedPattern        string
	ConstraintDescription string
	Description           string
	MinLength, MaxLength  *int
	MinValue, MaxValue    *float64
	NoEcho                bool
}

// MaxParameterBytes bounds one parameter value (CloudFormation quotas: 4,096 bytes).
const MaxParameterBytes = 4096

var parameterKeys = map[string]bool{
	"Type": true, "Default": true, "AllowedValues": true, "AllowedPattern": true, "ConstraintDescription": true,
	"Description": true, "MinLength": true, "MaxLength": true, "MinValue": true, "MaxValue": true, "NoEcho": true,
}

func parseParameters(root map[string]any) (map[string]Parameter, error) {
	entries, err := section(root, "Parameters")
	if err != nil {
		return nil, err
	}
	if len(entries) > MaxParameters {
		return nil, fmt.Errorf("Template format error: Number of parameters, %d, is greater than maximum allowed, %d",
			len(entries), MaxParameters)
	}
	parameters := make(map[string]Parameter, len(entries))
	for _, name := range SortedKeys(entries) {
		if !alphanumeric.MatchString(name) {
			return nil, fmt.Errorf("Template format error: Parameter name %s is non alphanumeric.", name)
		}
		object, ok := entries[name].(map[string]any)
		if !ok {
			return nil, fmt.Errorf("Template format error: [/Parameters/%s] parameter definition is malformed", name)
		}
		if unknown := unknownKeys(object, parameterKeys); len(unknown) > 0 {
			return nil, fmt.Errorf("Invalid template parameter property '%s'", unknown[0])
		}
		if parameters[name], err = parseParameter(name, object); err != nil {
			return nil, err
		}
	}
	return parameters, nil
}

func parseParameter(name string, object map[string]any) (Parameter, error) {
	p := Parameter{NoEcho: fmt.Sprint(object["NoEcho"]) == "true"}
	p.Type, _ = object["Type"].(string)
	if !supportedParameterType(p.Type) {
		return p, fmt.Errorf("Template format error: Unrecognized parameter type: %s", p.Type)
	}
	if value, given := object["Default"]; given {
		s := Scalar(value)
		p.Default = &s
	}
	if list, ok := object["AllowedValues"].([]any); ok {
		for _, value := range list {
			p.AllowedValues = append(p.AllowedValues, Scalar(value))
		}
	}
	p.AllowedPattern, _ = object["AllowedPattern"].(string)
	if _, err := regexp.Compile(p.AllowedPattern); err != nil {
		return p, fmt.Errorf("Template format error: Invalid AllowedPattern for parameter %s", name)
	}
	p.Description, _ = object["Description"].(string)
	p.ConstraintDescription, _ = object["ConstraintDescription"].(string)
	p.MinLength, p.MaxLength = integer(object["MinLength"]), integer(object["MaxLength"])
	p.MinValue, p.MaxValue = number(object["MinValue"]), number(object["MaxValue"])
	return p, nil
}

func supportedParameterType(name string) bool {
	return name == "String" || name == "Number" || name == "CommaDelimitedList" || name == "List<Number>" ||
		strings.HasPrefix(name, "AWS::EC2::") || strings.HasPrefix(name, "List<AWS::EC2::") ||
		strings.HasPrefix(name, "AWS::Route53::HostedZone::Id")
}

// IsList says whether Ref of the parameter gives a list of strings.
func (p Parameter) IsList() bool {
	return p.Type == "CommaDelimitedList" || strings.HasPrefix(p.Type, "List<")
}

// Check refuses a value that the parameter's declaration does not allow, in AWS's wording.
func (p Parameter) Check(name, value string) error {
	if len(value) > MaxParameterBytes {
		return fmt.Errorf("Parameter '%s' exceeds the maximum length of %d bytes", name, MaxParameterBytes)
	}
	if p.satisfies(value) {
		return nil
	}
	if p.ConstraintDescription != "" {
		return fmt.Errorf("Parameter '%s' failed to satisfy constraint: %s", name, p.ConstraintDescription)
	}
	return fmt.Errorf("Parameter '%s' %s", name, p.requirement())
}

func (p Parameter) satisfies(value string) bool {
	if p.Type == "Number" {
		n, err := strconv.ParseFloat(value, 64)
		if err != nil || (p.MinValue != nil && n < *p.MinValue) || (p.MaxValue != nil && n > *p.MaxValue) {
			return false
		}
	}
	return p.fits(len(value)) && p.matches(value) && p.allows(value)
}

func (p Parameter) fits(length int) bool {
	return (p.MinLength == nil || length >= *p.MinLength) && (p.MaxLength == nil || length <= *p.MaxLength)
}

func (p Parameter) matches(value string) bool {
	return p.AllowedPattern == "" || regexp.MustCompile("^(?:"+p.AllowedPattern+")$").MatchString(value)
}

func (p Parameter) allows(value string) bool {
	if slices.Contains(p.AllowedValues, value) {
		return true
	}
	return len(p.AllowedValues) == 0
}

func (p Parameter) requirement() string {
	switch {
	case len(p.AllowedValues) > 0:
		return fmt.Sprintf("must be one of AllowedValues [%s]", strings.Join(p.AllowedValues, ", "))
	case p.AllowedPattern != "":
		return "must match pattern " + p.AllowedPattern
	case p.Type == "Number" && p.MinValue == nil && p.MaxValue == nil:
		return "must be a number"
	case p.MinLength != nil || p.MaxLength != nil:
		return "does not satisfy its length constraint"
	}
	return "does not satisfy its value constraint"
}

// Value is what Ref of the parameter gives for a submitted string.
func (p Parameter) Value(s string) any {
	if !p.IsList() {
		return s
	}
	list := []any{}
	for part := range strings.SplitSeq(s, ",") {
		list = append(list, strings.TrimSpace(part))
	}
	return list
}

// Scalar renders a string, number or boolean the way CloudFormation turns it into a string.
func Scalar(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case nil:
		return ""
	}
	return fmt.Sprint(value)
}

func integer(value any) *int {
	if n, err := strconv.Atoi(Scalar(value)); err == nil {
		return &n
	}
	return nil
}

func number(value any) *float64 {
	if n, err := strconv.ParseFloat(Scalar(value), 64); err == nil {
		return &n
	}
	return nil
}
