package policy_test

import (
	"testing"

	"github.com/aloft-dev/aloft/test/localaws/policy"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

var caller = wire.Principal{
	AccountID: "123456789012", ARN: "arn:aws:sts::123456789012:assumed-role/app/session",
	RoleARN: "arn:aws:iam::123456789012:role/app", Tags: map[string]string{"stage": "production"},
}

func parse(t *testing.T, statement string) []policy.Document {
	t.Helper()
	doc, err := policy.Parse(`{"Version":"2012-10-17","Statement":[` + statement + `]}`)
	if err != nil {
		t.Fatal(err)
	}
	return []policy.Document{doc}
}

func TestWhatAnIdentityPolicyAllows(t *testing.T) {
	for why, row := range map[string]struct {
		statement string
		keys      map[string][]string
		want      policy.Decision
	}{
		"nothing applies": {`{"Effect":"Allow","Action":"s3:PutObject","Resource":"*"}`, nil,
			policy.Silent},
		"an action in another case": {`{"Effect":"Allow","Action":"S3:getobject","Resource":"*"}`, nil,
			policy.Allowed},
		"an action by wildcard": {`{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}`, nil, policy.Allowed},
		"a resource by wildcard": {`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::bucket/*.css"}`,
			nil, policy.Allowed},
		"a resource in another case": {`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::BUCKET/*"}`, nil,
			policy.Silent},
		"one character by question mark": {`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::bucket/?.css"}`,
			nil, policy.Allowed},
		"everything but other actions": {`{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`, nil, policy.Allowed},
		"everything but this resource": {`{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::bucket/*"}`, nil,
			policy.Silent},
		"a deny beside an allow": {`{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny",` +
			`"Action":"s3:GetObject","Resource":"*"}`, nil, policy.Denied},
		"a session tag": {allowIf(`"StringEquals":{"aws:PrincipalTag/stage":["staging","production"]}`),
			nil, policy.Allowed},
		"another session tag": {allowIf(`"StringEquals":{"aws:PrincipalTag/stage":"staging"}`), nil,
			policy.Silent},
		"a key that is missing":      {allowIf(`"StringLike":{"aws:SourceArn":"*"}`), nil, policy.Silent},
		"a key that may be missing":  {allowIf(`"StringLikeIfExists":{"aws:SourceArn":"x"}`), nil, policy.Allowed},
		"a missing key, negated":     {allowIf(`"StringNotEquals":{"aws:SourceArn":"x"}`), nil, policy.Allowed},
		"a key that must be missing": {allowIf(`"Null":{"aws:SourceArn":"true"}`), nil, policy.Allowed},
		"an ARN by pattern": {allowIf(`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/app"}`), nil,
			policy.Allowed},
		"two operators, one of which fails": {allowIf(`"Bool":{"k":true},"StringEquals":{"k":"false"}`),
			map[string][]string{"K": {"true"}}, policy.Silent},
		"all values in the list": {allowIf(`"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}`),
			map[string][]string{"aws:TagKeys": {"a", "c"}}, policy.Silent},
		"any value in the list": {allowIf(`"ForAnyValue:StringEquals":{"aws:TagKeys":["a","b"]}`),
			map[string][]string{"aws:TagKeys": {"c", "a"}}, policy.Allowed},
	} {
		request := policy.Request{Principal: caller, Action: "s3:GetObject", Resource: "arn:aws:s3:::bucket/a.css",
			Keys: row.keys}
		if got := policy.Identity(parse(t, row.statement), request); got != row.want {
			t.Errorf("%s: got %v, want %v", why, got, row.want)
		}
	}
}

func allowIf(condition string) string {
	return `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{` + condition + `}}`
}

func TestWhomAResourcePolicyNames(t *testing.T) {
	service := wire.Principal{AccountID: "123456789012", Service: "cloudfront.amazonaws.com",
		SourceARN: "arn:aws:cloudfront::1:distribution/E"}
	for why, row := range map[string]struct {
		principal string
		caller    wire.Principal
		want      policy.Decision
	}{
		"everybody":          {`"*"`, caller, policy.Allowed},
		"everybody of AWS":   {`{"AWS":"*"}`, caller, policy.Allowed},
		"the session's role": {`{"AWS":"arn:aws:iam::123456789012:role/app"}`, caller, policy.Allowed},
		"the session itself": {`{"AWS":"arn:aws:sts::123456789012:assumed-role/app/session"}`, caller,
			policy.Allowed},
		"another role":               {`{"AWS":"arn:aws:iam::123456789012:role/other"}`, caller, policy.Silent},
		"the account by its root":    {`{"AWS":"arn:aws:iam::123456789012:root"}`, caller, policy.AllowedAccount},
		"the account by its number":  {`{"AWS":["1","123456789012"]}`, caller, policy.AllowedAccount},
		"the service":                {`{"Service":"cloudfront.amazonaws.com"}`, service, policy.Allowed},
		"another service":            {`{"Service":"lambda.amazonaws.com"}`, service, policy.Silent},
		"the account, for a service": {`{"AWS":"123456789012"}`, service, policy.Silent},
	} {
		doc := parse(t, `{"Effect":"Allow","Principal":`+row.principal+`,"Action":"s3:*","Resource":"*"}`)
		if got := policy.Resource(doc, policy.Request{
			Principal: row.caller, Action: "s3:GetObject", Resource: "r",
		}); got != row.want {
			t.Errorf("%s: got %v, want %v", why, got, row.want)
		}
	}
}

func TestDocumentsThatWouldNeverBeEvaluatedAreRefused(t *testing.T) {
	for why, text := range map[string]string{
		"no JSON":             `nonsense`,
		"no statement":        `{"Version":"2012-10-17"}`,
		"an unknown member":   `{"Statements":[]}`,
		"an unknown effect":   `{"Statement":{"Effect":"Maybe","Action":"*"}}`,
		"no action":           `{"Statement":{"Effect":"Allow","Resource":"*"}}`,
		"an unknown operator": `{"Statement":{"Effect":"Allow","Action":"*","Condition":{"StringEqual":{"a":"b"}}}}`,
		"a principal by name": `{"Statement":{"Effect":"Allow","Action":"*","Principal":"somebody"}}`,
	} {
		if _, err := policy.Parse(text); err == nil {
			t.Errorf("%s was accepted", why)
		}
	}
}
