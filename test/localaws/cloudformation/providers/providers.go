// Package providers holds the CloudFormation resource types of the local AWS, one file each: their properties, which
// updates replace, their attributes, and handlers that act only through the real SDK with the stack's credentials.
//
// Rules encoded, besides the schema of each type (CloudFormation template reference, "Update requires"):
//   - a resource whose name is taken is not adopted: its creation fails with AlreadyExists;
//   - what cannot be deleted while it has content (bucket, repository) fails its deletion;
//   - a property that a new content leaves out goes back to the service's default;
//   - a function is ready when its service says Active and Successful; Failed fails the resource
//     with the service's reason.
package providers

import "github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"

// All returns every resource type.
func All() []*resource.Type {
	return []*resource.Type{
		s3Bucket(), s3BucketPolicy(), ecrRepository(), kmsKey(), kmsAlias(), iamRole(), iamPolicy(),
		lambdaFunction(), lambdaAlias(), lambdaPermission(), lambdaEventSourceMapping(), lambdaEventInvokeConfig(),
		logsLogGroup(), sqsQueue(), sqsQueuePolicy(), eventsRule(),
		apiGatewayAPI(), apiGatewayStage(), apiGatewayDeployment(), apiGatewayRoute(), apiGatewayIntegration(),
		cloudFrontDistribution(), cloudFrontOriginAccessControl(), cloudFrontFunction(),
	}
}

// enabled reads a boolean with the service's default of false.
func enabled(p resource.Properties, name string) bool {
	b := p.Bool(name)
	return b != nil && *b
}

// created is the state of a resource whose attributes are all texts.
func created(id string, attributes map[string]any) resource.State {
	return resource.State{PhysicalID: id, Attributes: attributes}
}

// sortedTags turns tags into a service's own list, in order of their keys.
func sortedTags[T any](tags map[string]string, convert func(key, value string) T) []T {
	var list []T
	for _, key := range sortedKeys(tags) {
		list = append(list, convert(key, tags[key]))
	}
	return list
}
