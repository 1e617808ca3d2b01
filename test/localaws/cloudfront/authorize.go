package cloudfront

import (
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// action is the IAM action of an operation: creation with tags has no action of its own, it needs
// CreateDistribution and TagResource.
func action(call *wire.Call) string {
	if call.Operation == "CreateDistributionWithTags" {
		return "cloudfront:CreateDistribution"
	}
	return ""
}

// resource is what identity policies are asked about: the resource that the path or the tagging query
// names, else all of its kind.
func (s *CloudFront) resource(call *wire.Call, _ any) string {
	if arn := call.HTTP.URL.Query().Get("Resource"); arn != "" {
		return arn
	}
	segments := strings.Split(strings.Trim(call.HTTP.URL.Path, "/"), "/")
	if len(segments) == 2 {
		segments = append(segments, "*")
	}
	return "arn:aws:cloudfront::" + s.env.AccountID + ":" + segments[1] + "/" + segments[2]
}
