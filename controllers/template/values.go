package template

import "encoding/json"

// value is what a property may hold where CloudFormation computes: a text or a function of other things.
type value interface{ isValue() }

// text is a literal. What a user wrote is always one.
type text string

// ref gives a parameter, a pseudo parameter, or what Ref means for a resource.
type ref string

// attribute gives an attribute of a resource.
type attribute struct{ resource, name string }

// join puts values together.
type join []value

func (text) isValue()      {}
func (ref) isValue()       {}
func (attribute) isValue() {}
func (join) isValue()      {}

// Pseudo parameters that CloudFormation provides.
const (
	account   ref = "AWS::AccountId"
	region    ref = "AWS::Region"
	partition ref = "AWS::Partition"
	urlSuffix ref = "AWS::URLSuffix"
)

// MarshalJSON writes the function Ref.
func (r ref) MarshalJSON() ([]byte, error) { return json.Marshal(map[string]string{"Ref": string(r)}) }

// MarshalJSON writes the function Fn::GetAtt.
func (a attribute) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string][]string{"Fn::GetAtt": {a.resource, a.name}})
}

// MarshalJSON writes the function Fn::Join.
func (j join) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string][]any{"Fn::Join": {"", []value(j)}})
}

// arn writes an ARN of this account and region.
func arn(service string, resource ...value) join {
	return append(join{text("arn:"), partition, text(":" + service + ":"), region, text(":"), account, text(":")},
		resource...)
}

// equals is a condition.
func equals(a value, b string) any { return plain(map[string]any{"Fn::Equals": []any{a, b}}) }
