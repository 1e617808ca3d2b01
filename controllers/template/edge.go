package template

import (
	"maps"
	"strings"

	contract "github.com/aloft-dev/aloft/api/function"
)

// edgeFunction is AWS::CloudFront::Function.
type edgeFunction struct {
	Name           value
	AutoPublish    bool
	FunctionCode   string
	FunctionConfig edgeFunctionConfig
}

func (edgeFunction) resourceType() string { return "AWS::CloudFront::Function" }

type edgeFunctionConfig struct {
	Comment string
	Runtime string
}

// edgeCode tells the application who the viewer is, by headers that it always sets itself, so that no viewer can. The
// path is told where it has encoded parts, for API Gateway decodes them; it is left out where it would not fit into a
// header or leave too little room for the others.
//
// What CloudFront gives and takes is told by its Developer Guide, "CloudFront Functions event structure" and
// "Restrictions on all edge functions": x-forwarded-proto and x-real-ip cannot be set there.
var edgeCode = strings.NewReplacer(
	"HOST", contract.EdgeHost, "ADDRESS", contract.EdgeAddress, "PATH", contract.EdgePath,
).Replace(`function handler(event) {
    var request = event.request, headers = request.headers;
    headers['HOST'] = {value: headers.host.value};
    headers['ADDRESS'] = {value: event.viewer.ip};
    delete headers['PATH'];
    if (request.uri.length <= 2048 && /^[\x21-\x7e]*%[\x21-\x7e]*$/.test(request.uri)) {
        headers['PATH'] = {value: request.uri};
    }
    return request;
}
`)

// addEdge adds the function, and the origin's secret: a parameter that CloudFormation does not show again. Its digest
// is one that the functions are told. Both are chosen once in a stack's life, for a version that runs knows the digest
// that it was published with.
func (a App) addEdge(t *Template) {
	t.Parameters[originSecretParameter] = Parameter{
		Type: "String", Description: "Secret by which the functions know the distribution", NoEcho: true,
	}
	t.Parameters[originDigestParameter] = Parameter{Type: "String", Description: "SHA-256 of the secret"}
	t.add(edgeFunctionID, edgeFunction{
		Name: a.globalName(), AutoPublish: true, FunctionCode: edgeCode,
		FunctionConfig: edgeFunctionConfig{
			Comment: "Aloft: stage " + a.Desired.Stage.String(), Runtime: "cloudfront-js-2.0",
		},
	})
}

// globalName is for what has its name in all regions of an account.
func (a App) globalName() value { return join{text(a.Desired.Names.Prefix + "-"), region} }

// widened gives the resource of the edge that serves the live release and the new one: what is wanted, and beside it
// the paths that are deployed. All that the edge newly says is more than what it said, so that functions which do not
// know of it are as before.
func widened(deployed, want Resource) Resource {
	switch want.Type {
	case distributionType:
		return withMember(want, "DistributionConfig", "CacheBehaviors", "PathPattern", deployed)
	case bucketPolicyType:
		return withMember(want, "PolicyDocument", "Statement", "Sid", deployed)
	default:
		return want
	}
}

// withMember adds to a list within a property what the deployed one has under other keys.
func withMember(want Resource, property, list, key string, deployed Resource) Resource {
	object, _ := want.Properties[property].(map[string]any)
	members, _ := object[list].([]any)
	known := map[any]bool{}
	for _, member := range members {
		known[keyed(member, key)] = true
	}
	had, _ := deployed.Properties[property].(map[string]any)
	others, _ := had[list].([]any)
	members = append([]any{}, members...)
	for _, other := range others {
		if !known[keyed(other, key)] {
			members = append(members, other)
		}
	}
	object = maps.Clone(object)
	object[list] = members
	return withProperty(want, property, object)
}

func keyed(member any, key string) any {
	object, _ := member.(map[string]any)
	return object[key]
}
