// Package resource is what a CloudFormation resource type consists of: its property schema, its attributes and its
// create, update and delete handlers, and the error texts that a failed handler leaves in a stack event.
//
// Rules encoded (CloudFormation user guide and the resource provider contract):
//   - properties that the type does not declare are refused ("extraneous key [X] is not permitted"), as are wrong types
//     and missing required ones;
//   - scalars are converted between string, number and boolean where the schema asks for it, as CloudFormation does;
//   - each property says whether changing it happens in place or replaces the resource;
//   - a handler's error reaches the user as `Resource handler returned message: "..." (RequestToken: ...,
//     HandlerErrorCode: ...)`;
//   - deleting what is gone already succeeds.
package resource
