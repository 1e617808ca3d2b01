package policy_test

import (
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/test/localaws/policy"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

var caller = wire.Principal{
	AccountID: "123456789012", ARN: "arn:aws:sts::123456789012:assumed-role/app/session",
	RoleARN: "arn:aws:iam::123456789012:role/app", Tags: map[string]string{"stage": "production"},
}

func parse(t *testing.T, kind policy.Kind, statement string) []policy.Document {
	t.Helper()
	doc, err := policy.Parse(kind, `{"Version":"2012-10-17","Statement":[`+statement+`]}`)
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
		"two operators, one of which fails": {allowIf(`"Bool":{"a:k":true},"StringEquals":{"a:k":"false"}`),
			map[string][]string{"A:K": {"true"}}, policy.Silent},
		"an ARN whose wildcard would reach over colons": {allowIf(`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam:*"}`), nil,
			policy.Silent},
		"an ARN whose wildcard stands in its place": {allowIf(`"ArnLike":{"aws:PrincipalArn":"arn:*:iam::*:role/a?p"}`), nil,
			policy.Allowed},
		"an address of the network": {allowIf(`"IpAddress":{"aws:SourceIp":["10.0.0.0/8","192.0.2.1"]}`),
			map[string][]string{"aws:SourceIp": {"10.1.2.3"}}, policy.Allowed},
		"an address of another network": {allowIf(`"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}`),
			map[string][]string{"aws:SourceIp": {"10.1.2.3"}}, policy.Silent},
		"a number that is less": {allowIf(`"NumericLessThan":{"s3:max-keys":10}`),
			map[string][]string{"s3:max-keys": {"9"}}, policy.Allowed},
		"a number that is no less": {allowIf(`"NumericLessThan":{"s3:max-keys":10}`),
			map[string][]string{"s3:max-keys": {"10"}}, policy.Silent},
		"a time before": {allowIf(`"DateLessThan":{"aws:CurrentTime":"2026-12-01T00:00:00Z"}`),
			map[string][]string{"aws:CurrentTime": {"2026-11-27T07:00:00Z"}}, policy.Allowed},
		"a time after": {allowIf(`"DateGreaterThanEquals":{"aws:EpochTime":"1800000000"}`),
			map[string][]string{"aws:EpochTime": {"1799999999"}}, policy.Silent},
		"all values in the list": {allowIf(`"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}`),
			map[string][]string{"aws:TagKeys": {"a", "c"}}, policy.Silent},
		"any value in the list": {allowIf(`"ForAnyValue:StringEquals":{"aws:TagKeys":["a","b"]}`),
			map[string][]string{"aws:TagKeys": {"c", "a"}}, policy.Allowed},
	} {
		request := policy.Request{Principal: caller, Action: "s3:GetObject", Resource: "arn:aws:s3:::bucket/a.css",
			Keys: row.keys}
		if got := policy.Identity(parse(t, policy.OfIdentity, row.statement), request); got != row.want {
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
		"the account by its number":  {`{"AWS":["210987654321","123456789012"]}`, caller, policy.AllowedAccount},
		"the service":                {`{"Service":"cloudfront.amazonaws.com"}`, service, policy.Allowed},
		"another service":            {`{"Service":"lambda.amazonaws.com"}`, service, policy.Silent},
		"the account, for a service": {`{"AWS":"123456789012"}`, service, policy.Silent},
	} {
		doc := parse(t, policy.OfBucket, `{"Effect":"Allow","Principal":`+row.principal+`,"Action":"s3:*","Resource":"*"}`)
		if got := policy.Resource(doc, policy.Request{
			Principal: row.caller, Action: "s3:GetObject", Resource: "r",
		}); got != row.want {
			t.Errorf("%s: got %v, want %v", why, got, row.want)
		}
	}
}

// refusal is a statement of a kind of policy, and a part of the words in which it is refused.
type refusal struct {
	kind      policy.Kind
	statement string
	says      string
}

func TestStatementsThatAWSRefusesAreRefused(t *testing.T) {
	const everything = `"Effect":"Allow","Action":"s3:GetObject","Resource":"*"`
	const trusted = `"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"}`
	for why, row := range map[string]refusal{
		"a misspelt element":     {policy.OfIdentity, `{` + everything + `,"Condtion":{}}`, "Syntax errors in policy"},
		"no resource":            {policy.OfIdentity, `{"Effect":"Allow","Action":"s3:*"}`, "must contain resources"},
		"an empty resource":      {policy.OfIdentity, `{"Effect":"Allow","Action":"s3:*","Resource":[]}`, "must contain resources"},
		"a resource by its name": {policy.OfIdentity, `{"Effect":"Allow","Action":"s3:*","Resource":"bucket"}`, "must be in ARN format"},
		"an unknown effect":      {policy.OfIdentity, `{"Effect":"Maybe","Action":"*","Resource":"*"}`, "Invalid effect"},
		"no action":              {policy.OfIdentity, `{"Effect":"Allow","Resource":"*"}`, "must contain actions"},
		"an action of nobody":    {policy.OfIdentity, `{"Effect":"Allow","Action":"GetObject","Resource":"*"}`, "prefaced by a vendor"},
		"an action with two colons": {policy.OfIdentity, `{"Effect":"Allow","Action":"s3:Get:Object","Resource":"*"}`,
			"only one colon"},
		"an action and what it is not": {policy.OfIdentity, `{` + everything + `,"NotAction":"s3:PutObject"}`, "Syntax errors"},
		"a name with a space":          {policy.OfIdentity, `{` + everything + `,"Sid":"a b"}`, "must be alpha-numeric"},
		"a name twice": {policy.OfIdentity, `{` + everything + `,"Sid":"a"},{` + everything + `,"Sid":"a"}`,
			"must be unique"},
		"an unknown operator": {policy.OfIdentity, `{` + everything + `,"Condition":{"StringEqual":{"aws:x":"b"}}}`,
			"Invalid Condition type"},
		"a principal of an identity": {policy.OfIdentity, `{` + everything + `,"Principal":"*"}`, "should not specify a principal"},
		"a resource of a trust": {policy.OfTrust, `{` + trusted + `,"Action":"sts:AssumeRole","Resource":"*"}`,
			"Has prohibited field Resource"},
		"a trust in nobody":           {policy.OfTrust, `{"Effect":"Allow","Action":"sts:AssumeRole"}`, "Missing required field Principal"},
		"a trust for another service": {policy.OfTrust, `{` + trusted + `,"Action":"s3:GetObject"}`, "may only specify STS AssumeRole"},
		"a principal by its name":     {policy.OfTrust, `{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"me"}`, "invalid principal"},
		"an unknown kind of principal": {policy.OfTrust, `{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Person":"me"}}`,
			"Invalid principal in policy"},
		"an unknown service": {policy.OfTrust,
			`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lamda.amazonaws.com"}}`, "Invalid principal in policy"},
		"a principal by a pattern": {policy.OfTrust,
			`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::123456789012:role/*"}}`, "Invalid principal"},
		"an unknown action of a bucket": {policy.OfBucket, `{"Effect":"Allow","Principal":"*","Action":"s3:GetObjekt","Resource":"*"}`,
			"Policy has invalid action"},
		"an action of a bucket elsewhere": {policy.OfBucket, `{"Effect":"Allow","Principal":"*","Action":"ec2:Run","Resource":"*"}`,
			"Policy has invalid action"},
		"an unknown key of a bucket's condition": {policy.OfBucket, `{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",` +
			`"Resource":"*","Condition":{"StringEquals":{"aws:SourceAnr":"x"}}}`, "invalid condition key"},
		"a resource of a repository": {policy.OfRepository, `{"Effect":"Allow","Principal":"*","Action":"ecr:BatchGetImage",` +
			`"Resource":"*"}`, "Has prohibited field Resource"},
		"an action of a repository elsewhere": {policy.OfRepository, `{"Effect":"Allow","Principal":"*","Action":"s3:GetObject"}`,
			"Policy has invalid action"},
	} {
		_, err := policy.Parse(row.kind, `{"Version":"2012-10-17","Statement":[`+row.statement+`]}`)
		if err == nil || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %v, want %q", why, err, row.says)
		}
	}
}

func TestDocumentsThatAWSRefusesAreRefused(t *testing.T) {
	const statement = `{"Effect":"Allow","Action":"*","Resource":"*"}`
	for why, text := range map[string]string{
		"no JSON":            `nonsense`,
		"no statement":       `{"Version":"2012-10-17"}`,
		"an unknown member":  `{"Statements":[]}`,
		"an unknown version": `{"Version":"2013-10-17","Statement":` + statement + `}`,
		"two documents":      `{"Statement":` + statement + `}{}`,
	} {
		if _, err := policy.Parse(policy.OfIdentity, text); err == nil {
			t.Errorf("%s was accepted", why)
		}
	}
}

func TestABucketsPolicyIsAboutTheBucket(t *testing.T) {
	for why, row := range map[string]struct{ action, resource, says string }{
		"its objects":                       {"s3:GetObject", "arn:aws:s3:::bucket/*", ""},
		"the bucket itself":                 {"s3:ListBucket", "arn:aws:s3:::bucket", ""},
		"an action on either":               {"s3:*", "arn:aws:s3:::bucket", ""},
		"another bucket":                    {"s3:GetObject", "arn:aws:s3:::other/*", "Policy has invalid resource"},
		"everything":                        {"s3:GetObject", "*", "Policy has invalid resource"},
		"an object's action on the bucket":  {"s3:GetObject", "arn:aws:s3:::bucket", "Action does not apply to any resource"},
		"the bucket's action on its object": {"s3:ListBucket", "arn:aws:s3:::bucket/a.css", "Action does not apply to any resource"},
	} {
		docs := parse(t, policy.OfBucket, `{"Effect":"Allow","Principal":"*","Action":"`+row.action+`","Resource":"`+row.resource+`"}`)
		err := docs[0].Bucket("bucket")
		if (err == nil) != (row.says == "") || err != nil && !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %v, want %q", why, err, row.says)
		}
	}
}
