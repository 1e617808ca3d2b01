package model_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/test/localaws/model"
)

// check gives what a model refuses in an input, as AWS words it.
func check(t *testing.T, service, operation string, in model.Input) string {
	t.Helper()
	table, err := model.Constraints()
	if err != nil {
		t.Fatal(err)
	}
	if found := table[service].Check(operation, in); len(found) > 0 {
		return model.Message(found)
	}
	return ""
}

func body(t *testing.T, text string) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	members := map[string]any{}
	if err := d.Decode(&members); err != nil {
		t.Fatal(err)
	}
	return members
}

// form is a body of strings alone, as a form or a document of XML is read.
func form(t *testing.T, text string) model.Input {
	t.Helper()
	return model.Input{Text: true, Body: body(t, text)}
}

func TestEveryFormOfARequestIsHeldToItsModel(t *testing.T) {
	tooLong := strings.Repeat("k", 129)
	for why, row := range map[string]struct {
		service, operation string
		in                 model.Input
		says               string
	}{
		"JSON": {"kms", "CreateKey", model.Input{Body: body(t, `{"Tags":[{"TagKey":"`+tooLong+`","TagValue":"v"}]}`)},
			"at 'tags.1.member.tagKey' failed to satisfy constraint: Member must have length less than or equal to 128"},
		"a numbered list of a form": {"iam", "TagRole", form(t, `{"RoleName":"r","Tags":{"member":{"1":{"Key":"`+tooLong+
			`","Value":"v"}}}}`), "at 'tags.1.member.key'"},
		"an empty list of a form": {"cloudformation", "CreateStack", form(t, `{"StackName":"s","Capabilities":""}`), ""},
		"a list of XML": {"cloudfront", "TagResource", model.Input{Text: true, Query: url.Values{"Resource": {
			"arn:aws:cloudfront::123456789012:distribution/E"}}, Body: body(t, `{"Items":{"Tag":[{"Key":"a"},{"Key":"`+tooLong+
			`"}]}}`)}, "at 'tags.items.2.member.key'"},
		"a flat list of XML": {"s3", "PutBucketLifecycleConfiguration", model.Input{Text: true,
			Path: map[string]string{"Bucket": "b"}, Body: body(t, `{"Rule":[{"Status":"Enabled"},{"Status":"On"}]}`)},
			"Value 'On' at 'lifecycleConfiguration.rules.2.member.status'"},
		"a flat list of one": {"s3", "PutBucketLifecycleConfiguration", model.Input{Text: true,
			Path: map[string]string{"Bucket": "b"}, Body: body(t, `{"Rule":{"Status":"On"}}`)},
			"at 'lifecycleConfiguration.rules.1.member.status'"},
		"a path and a query": {"lambda", "ListAliases", model.Input{Path: map[string]string{"FunctionName": "f"},
			Query: url.Values{"MaxItems": {"0"}}}, "Value '0' at 'maxItems'"},
		"a header": {"s3", "PutObject", model.Input{Text: true, Path: map[string]string{"Bucket": "b", "Key": "k"},
			Header: http.Header{"X-Amz-Storage-Class": {"ATTIC"}}}, "Value 'ATTIC' at 'storageClass'"},
		"a body that is not looked at": {"lambda", "Invoke", model.Input{Path: map[string]string{"FunctionName": "f"}}, ""},
		"a missing member": {"sqs", "SendMessage", model.Input{Body: body(t, `{"QueueUrl":"q"}`)},
			"Value null at 'messageBody' failed to satisfy constraint: Member must not be null"},
		"a value that is not repeated": {"lambda", "UpdateFunctionConfiguration", model.Input{Path: map[string]string{
			"FunctionName": "f"}, Body: body(t, `{"Environment":{"Variables":{"1":"secret"}}}`)},
			"Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: ["},
		"a name of digits alone": {"lambda", "CreateAlias", model.Input{Path: map[string]string{"FunctionName": "f"},
			Body: body(t, `{"Name":"17","FunctionVersion":"1"}`)}, "Value '17' at 'name'"},
		"a name with digits": {"lambda", "CreateAlias", model.Input{Path: map[string]string{"FunctionName": "f"},
			Body: body(t, `{"Name":"v17","FunctionVersion":"1"}`)}, ""},
		"two at once": {"iam", "CreateRole", form(t, `{"RoleName":"a b","AssumeRolePolicyDocument":"{}","Path":"x"}`),
			"2 validation errors detected: Value 'x' at 'path'"},
		"a blob": {"kms", "Encrypt", model.Input{Body: body(t, `{"KeyId":"k","Plaintext":""}`)},
			"at 'plaintext' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		"an operation that the table has not": {"kms", "CreateGrant", model.Input{}, ""},
		"a service that the table has not":    {"ses", "SendEmail", model.Input{}, ""},
	} {
		got := check(t, row.service, row.operation, row.in)
		if row.says == "" && got != "" || !strings.Contains(got, row.says) {
			t.Errorf("%s: %q, want %q", why, got, row.says)
		}
		if strings.Contains(got, "secret") {
			t.Errorf("%s: the value is repeated: %s", why, got)
		}
	}
}
