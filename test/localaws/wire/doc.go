// Package wire is what every service of the local AWS shares: principals, the call log, injected latencies and faults,
// strict decoding, and AWS's five wire protocols.
//
// A service package offers one constructor and fills one Service:
//
//	package kms
//
//	func New(env *wire.Env) (*wire.Service, error) {
//		keys := &store{env: env}
//		return &wire.Service{
//			Name:     "kms",                                // prefix in the call log, latency table and faults: "kms:Encrypt"
//			Protocol: wire.JSON("TrentService"),            // X-Amz-Target: TrentService.Encrypt
//			Invalid:  wire.Sender("ValidationException"),   // how this service refuses an unknown or malformed parameter
//			Operations: []wire.Operation{
//				wire.Write("CreateKey", keys.create),
//				wire.Read("DescribeKey", keys.describe),
//			},
//		}, nil
//	}
//
// and one line in localaws/services.go plugs it in. A handler is a plain function on typed values:
//
//	type describeKeyInput struct {
//		KeyId string `wire:",required"`
//	}
//	type describeKeyOutput struct{ KeyMetadata *metadata }
//
//	func (s *store) describe(ctx context.Context, call *wire.Call, in *describeKeyInput) (*describeKeyOutput, error)
//
// Input structs name only what the service implements: any other parameter is refused with the service's own validation
// error. What AWS's model of the service says of lengths, values, patterns, enumerations and required members holds when
// the handler is called: package model has the table, and Violated words what it refuses. Errors are *wire.Error (wire.Errorf); any other error becomes a 500 InternalFailure.
//
// # Field tags
//
// The tag is `wire:"name,option,..."`. Without a name the Go field name is used, changed by the service's Names
// function (wire.LowerCamel for ECR, CloudWatch Logs and API Gateway). "-" leaves a field out. An embedded
// struct is inlined. Options:
//
//	required        a missing value is refused (in) / a zero value is written all the same (out)
//	path            REST: a {name} in the route
//	query           REST: a parameter of the query (string, number, bool, []string; map[string]string takes all the rest)
//	header          REST: a header; with a name ending in "-" a map[string]string of that prefix
//	status          REST, out: the HTTP status (int)
//	payload         REST: the whole body ([]byte, io.Reader, or for XML a struct)
//	iso8601         a time.Time is written as RFC 3339 (XML does so anyway); JSON's default is epoch seconds
//	flat            XML, query: a list without a wrapping element
//	item=Name       XML: the name of a list's elements (default "member")
//	attr            XML: an attribute; "xmlns" gives the namespace of the element
//
// Absent values: nil pointers, nil slices and maps, "", zero numbers, false and the zero time are not written
// (say required, or use a pointer, where the zero must be seen). A field of type json.RawMessage or any takes or
// gives a JSON value as it is.
//
// # What a handler should tell
//
// Operations made by Write count as mutating and, when they succeed, as having an effect. A repeat that changed nothing
// calls call.NoEffect(). call.On("orders") names the resource in the call log.
//
// # Acting on other services
//
// Inside the local AWS a service calls another through the real SDK over the in-process transport with its
// own principal: env.ServiceConfig("events.amazonaws.com", ruleARN) or env.RoleConfig(roleARN, session), so
// that it shows in the call log. A receiver tells a service principal by call.Principal.Service and its
// source by call.Principal.SourceARN.
package wire
