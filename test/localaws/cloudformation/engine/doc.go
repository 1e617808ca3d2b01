// Package engine runs CloudFormation stacks: their states, events, change sets and the operations on them.
//
// Rules encoded (CloudFormation API reference and user guide):
//   - one operation at a time per stack; a running one refuses others, DeleteStack included, except that deleting a
//     stack whose creation runs cancels the creation;
//   - the same client token with the same operation gives the same answer and starts nothing; with
//     another one it is refused;
//   - independent resources are handled concurrently, dependent ones in order, deletions in reverse order;
//   - a replacement is created before its predecessor is deleted; deletions of an update happen in its clean-up state,
//     where a failure is reported but does not fail the update;
//   - a failed resource cancels its siblings; rollback re-applies the previous properties by real
//     calls, which can fail;
//   - DeletionPolicy and UpdateReplacePolicy decide what is kept; a custom-named resource cannot be replaced;
//   - an update or a change set that changes nothing is refused or fails in AWS's two different wordings;
//   - the stack's role stays with the stack until another is given.
package engine
