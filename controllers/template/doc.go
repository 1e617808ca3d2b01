// Package template turns a release and the deployed template into the CloudFormation templates of a stage's two stacks.
//
// It is pure, and it encodes:
//   - Logical ids come from stable names alone, never from an order: CloudFormation takes a new id for a new resource.
//   - The live alias is in no template. What lets traffic reach it (an entry resource) sits behind a condition per
//     function, which is a latch: once true, always true.
//   - Three renderings of the application stack: Expand takes nothing away from the release that is live and lets no
//     traffic reach the new one, Activate brings entry resources and limits, Settled removes what is no longer needed.
//   - What a user wrote is only ever a literal: never part of a key or of an Fn::Sub.
package template
