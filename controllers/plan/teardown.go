package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// Removal is what becomes of a Stage that is being deleted.
type Removal struct {
	// Delete says that everything goes; otherwise everything stays as it is, serving.
	Delete bool
	// Retained says that the Stage itself asks for that: then no profile is needed.
	Retained bool
	// NoProfile says that the profile does not exist.
	NoProfile bool
	// NotAllowed says that the profile grants the Stage's namespace nothing.
	NotAllowed bool
	// ProfileName is for messages.
	ProfileName string
}

// removalPoll is when the profile of a Stage that is being deleted is looked for again.
const removalPoll = 30 * time.Second

// deleteRetry spaces out tries to delete a stack that cannot be deleted yet: detaching from a VPC takes Lambda up to
// half an hour.
const deleteRetry = time.Minute

// tearDown takes a Stage that is being deleted to where it can be let go, in a safe order: nothing is removed that
// something before it still uses.
var tearDown = []rule{
	{decide: quiet},            // what is sent now would be in the way
	{decide: letGo},            // everything stays, or nothing was ever made
	{decide: stacksObserved},   // what is there, and whose it is
	{decide: endCommands},      // a command that may still run uses the functions
	{decide: recordStacks},     // what the stacks retain is found by their ids
	{decide: deleteApp},        // functions, with all versions, and what lets traffic reach them
	{decide: removeApp},        // queues, log groups, images, objects
	{decide: deleteFoundation}, // the role
	{decide: removeFoundation}, // bucket, repository; the key is scheduled
	{decide: allGone},
}

// letGo lets a Stage go of which nothing is to be removed.
func letGo(m *Machine) (release.Step, error) {
	r, known := m.Asked.Removal, m.Recorded.Live != nil || m.Recorded.Run != nil
	switch {
	case r.Retained, r.NoProfile && !known, r.NotAllowed && !known:
		return allGone(m)
	case r.NoProfile:
		return release.Step{}, release.Wait(v1alpha1.ConditionReady, v1alpha1.ReasonDeleting, removalPoll,
			"StageProfile %q, which leads to what is to be removed on AWS, does not exist: make it again, or %s", r.ProfileName,
			wayOut)
	case m.Asked.Unprepared != nil:
		return release.Step{}, m.Asked.Unprepared
	case !r.Delete:
		return allGone(m)
	default:
		return next()
	}
}

// wayOut is what a person can do about a deletion that cannot go on.
const wayOut = "set spec.deletionPolicy to Retain to let the Stage go"

func allGone(*Machine) (release.Step, error) { return step(release.ActionLetGo, "") }

func endCommands(m *Machine) (release.Step, error) {
	run := m.Recorded.Run
	if run == nil || run.State != release.RunRunning || !ours(m.Observed.App) { // without functions nothing runs
		return next()
	}
	return m.endOpenCommands(v1alpha1.ConditionReady, v1alpha1.ReasonDeleting)
}

func stacksObserved(m *Machine) (release.Step, error) {
	switch {
	case m.Observed.App == nil:
		return look(release.PartApp)
	case m.Observed.Foundation == nil:
		return look(release.PartFoundation)
	default:
		return next()
	}
}

func (m *Machine) deletion() release.Deletion {
	if m.Recorded.Deletion == nil {
		return release.Deletion{}
	}
	return *m.Recorded.Deletion
}

func recordStacks(m *Machine) (release.Step, error) {
	missing := func(stack *release.Stack, recorded string) bool {
		return ours(stack) && recorded == ""
	}
	known := m.deletion()
	if missing(m.Observed.App, known.AppStackID) || missing(m.Observed.Foundation, known.FoundationStackID) {
		return step(release.ActionRecordStacks, "")
	}
	return next()
}

// recordStacks records the ids of the stacks that are the Stage's own; of someone else's nothing must be removed.
func (m *Machine) recordStacks() {
	own := func(stack *release.Stack) string {
		if stack.Foreign != "" {
			return ""
		}
		return stack.ID
	}
	m.Recorded.Deletion = &release.Deletion{
		Since: m.Now, AppStackID: own(m.Observed.App), FoundationStackID: own(m.Observed.Foundation),
	}
}

func deleteApp(m *Machine) (release.Step, error) {
	return m.deleteStack(release.PartApp, m.Observed.App, m.deletion().AppStackID)
}

func removeApp(m *Machine) (release.Step, error) {
	if m.removed[release.ActionRemoveApp] || !ours(m.Observed.Foundation) {
		return next() // bucket and repository go only while the stack that proves whose they are is there
	}
	if m.Observed.Foundation.Status == "DELETE_IN_PROGRESS" {
		return next() // it was done before the deletion began
	}
	return step(release.ActionRemoveApp, "")
}

func deleteFoundation(m *Machine) (release.Step, error) {
	return m.deleteStack(release.PartFoundation, m.Observed.Foundation, m.deletion().FoundationStackID)
}

func removeFoundation(m *Machine) (release.Step, error) {
	switch {
	case m.removed[release.ActionRemoveFoundation], m.deletion().FoundationStackID == "":
		return next()
	case m.Observed.Foundation.Exists: // someone else's by now, and so are the bucket and repository of these names
		return next()
	}
	return step(release.ActionRemoveFoundation, "")
}

// ours says that a stack is there and belongs to this stage; anything else is never touched.
func ours(stack *release.Stack) bool { return stack.Exists && stack.Foreign == "" }

func (m *Machine) deleteStack(part release.Part, stack *release.Stack, id string) (release.Step, error) {
	failed := stack.Status == "DELETE_FAILED" && strings.HasPrefix(stack.Token, tokenPrefix)
	switch {
	case !ours(stack), stack.ID != id: // gone, someone else's, or a successor of the same name
		return next()
	case failed && m.Now.Sub(stack.ChangedAt) < deleteRetry:
		return release.Step{}, release.Wait(v1alpha1.ConditionReady, v1alpha1.ReasonDeleting, deleteRetry,
			"stack %s could not be deleted and is tried again, or %s: %s", stack.Name, wayOut, stack.Failure)
	case strings.HasSuffix(stack.Status, "_IN_PROGRESS") && stack.Status != "REVIEW_IN_PROGRESS":
		return release.Step{}, release.Wait(v1alpha1.ConditionReady, v1alpha1.ReasonDeleting,
			m.Limits.Pace.after(m.Now.Sub(m.deletion().Since)), "stack %s is in %s", stack.Name, stack.Status)
	default:
		return release.Step{Action: release.ActionStack, Stack: &release.StackStep{
			Part: part, Condition: v1alpha1.ConditionReady, Name: id, Operation: release.StackDelete,
			Token: m.deletionToken(stack),
		}}, nil
	}
}

// deletionToken has the time of the operation before: a deletion that failed is tried again with another token, for
// CloudFormation takes each once.
func (m *Machine) deletionToken(stack *release.Stack) string {
	return fmt.Sprintf("%sdelete-%s-%d", tokenPrefix, m.UID, stack.ChangedAt.Unix())
}

// hindered names the way out where a deletion cannot go on, because AWS refuses or the account is another one.
func (m *Machine) hindered(reason, message string) string {
	if m.Asked.Removal == nil || strings.Contains(message, wayOut) {
		return message
	}
	if reason == v1alpha1.ReasonAccessDenied || reason == v1alpha1.ReasonProfileMismatch {
		return message + "; mend that, or " + wayOut
	}
	return message
}
