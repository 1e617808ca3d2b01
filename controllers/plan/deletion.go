package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// DeletionSituation is a Situation of a Stage that is being deleted.
type DeletionSituation struct {
	Situation
	// Delete says that everything goes; otherwise everything stays as it is, serving.
	Delete  bool
	Deleted release.Deletion
	// Performed are the removals that this reconcile has completed.
	Performed map[release.Action]bool
}

// deleteRetry spaces out tries to delete a stack that cannot be deleted yet: detaching from a VPC takes Lambda up to half an hour.
const deleteRetry = time.Minute

// deletionCheck is one rule of a deletion's plan.
type deletionCheck func(*DeletionSituation) (release.Step, error)

// deletionChecks in a safe order: nothing is removed that something before it still uses.
var deletionChecks = []deletionCheck{
	retain,           // everything stays: let the Stage go
	stacksObserved,   // what is there, and whose it is
	endCommands,      // a command that may still run uses the functions
	recordStacks,     // what the stacks retain is found by their ids
	deleteApp,        // functions, with all versions, and what lets traffic reach them
	removeApp,        // queues, log groups, images, objects
	deleteFoundation, // the role
	removeFoundation, // bucket, repository; the key is scheduled
}

// NextDeletion names the next step of a deletion.
func NextDeletion(s DeletionSituation) (release.Step, error) {
	for _, rule := range deletionChecks {
		step, err := rule(&s)
		if err != nil || step.Action != "" {
			return step, err
		}
	}
	return release.Step{Action: release.ActionRelease}, nil
}

func retain(s *DeletionSituation) (release.Step, error) {
	if s.Delete {
		return next()
	}
	return step(release.ActionRelease, "")
}

func endCommands(s *DeletionSituation) (release.Step, error) {
	run := s.Recorded.Run
	if run == nil || run.State != release.RunRunning || !ours(s.Observed.App) { // without functions nothing runs
		return next()
	}
	for i := range run.Commands {
		record := &run.Commands[i]
		if !record.State.Open() {
			continue
		}
		named := func(action release.Action) (release.Step, error) {
			return release.Step{Action: action, Phase: release.PhaseCommands, Command: record.Name, Part: release.PartCommand}, nil
		}
		evidence := s.Observed.Command
		switch {
		case evidence == nil || evidence.Name != record.Name:
			return named(release.ActionLook)
		case evidence.Result != nil, evidence.Void:
			return named(release.ActionRecordCommand)
		case !evidence.Claimed:
			return named(release.ActionVoid)
		case s.Now.After(evidence.StartedAt.Add(s.commandLimit(record.Name))):
			return named(release.ActionRecordCommand)
		default:
			return release.Step{}, release.Wait(v1alpha1.ConditionReady, v1alpha1.ReasonDeleting,
				PollAfter(s.Now.Sub(evidence.StartedAt)), "deploy command %q still runs", record.Name)
		}
	}
	return next()
}

// commandLimit is how long after its start a command may still run; Lambda ends any function after 15 minutes.
func (s *DeletionSituation) commandLimit(name string) time.Duration {
	if s.Desired != nil {
		for _, command := range s.Desired.Commands {
			if command.Name == name {
				return s.longest(command)
			}
		}
	}
	return 15*time.Minute + s.Limits.ResultGrace
}

func stacksObserved(s *DeletionSituation) (release.Step, error) {
	switch {
	case s.Observed.App == nil:
		return look(release.PartApp)
	case s.Observed.Foundation == nil:
		return look(release.PartFoundation)
	default:
		return next()
	}
}

func recordStacks(s *DeletionSituation) (release.Step, error) {
	missing := func(stack *release.Stack, recorded string) bool {
		return ours(stack) && recorded == ""
	}
	if missing(s.Observed.App, s.Deleted.AppStackID) || missing(s.Observed.Foundation, s.Deleted.FoundationStackID) {
		return step(release.ActionRecordStacks, "")
	}
	return next()
}

func deleteApp(s *DeletionSituation) (release.Step, error) {
	return s.deleteStack(release.PartApp, s.Observed.App, s.Deleted.AppStackID)
}

func removeApp(s *DeletionSituation) (release.Step, error) {
	if s.Performed[release.ActionRemoveApp] || !ours(s.Observed.Foundation) {
		return next() // bucket and repository go only while the stack that proves whose they are is there
	}
	return step(release.ActionRemoveApp, "")
}

func deleteFoundation(s *DeletionSituation) (release.Step, error) {
	return s.deleteStack(release.PartFoundation, s.Observed.Foundation, s.Deleted.FoundationStackID)
}

func removeFoundation(s *DeletionSituation) (release.Step, error) {
	switch {
	case s.Performed[release.ActionRemoveFoundation], s.Deleted.FoundationStackID == "":
		return next()
	case s.Observed.Foundation.Exists: // someone else's by now, and so are the bucket and repository of these names
		return next()
	}
	return step(release.ActionRemoveFoundation, "")
}

// ours says that a stack is there and belongs to this stage; anything else is never touched.
func ours(stack *release.Stack) bool { return stack.Exists && stack.Foreign == "" }

func (s *DeletionSituation) deleteStack(part release.Part, stack *release.Stack, id string) (release.Step, error) {
	switch {
	case !ours(stack), stack.ID != id: // gone, someone else's, or a successor of the same name
		return next()
	case stack.Status == "DELETE_FAILED" && strings.HasPrefix(stack.Token, tokenPrefix) && s.Now.Sub(stack.ChangedAt) < deleteRetry:
		return release.Step{}, release.Wait(v1alpha1.ConditionReady, v1alpha1.ReasonDeleting, deleteRetry,
			"stack %s could not be deleted and is tried again: %s", stack.Name, stack.Failure)
	case strings.HasSuffix(stack.Status, "_IN_PROGRESS") && stack.Status != "REVIEW_IN_PROGRESS":
		return release.Step{}, release.Wait(v1alpha1.ConditionReady, v1alpha1.ReasonDeleting,
			PollAfter(s.Now.Sub(stack.ChangedAt)), "stack %s is in %s", stack.Name, stack.Status)
	default:
		return release.Step{Action: release.ActionStack, Stack: &release.StackStep{
			Part: part, Name: id, Operation: release.StackDelete, Token: s.deletionToken(stack),
		}}, nil
	}
}

// deletionToken has the time of the operation before: a deletion that failed is tried again with another token, for CloudFormation
// takes each once.
func (s *DeletionSituation) deletionToken(stack *release.Stack) string {
	return fmt.Sprintf("%sdelete-%s-%d", tokenPrefix, s.UID, stack.ChangedAt.Unix())
}
