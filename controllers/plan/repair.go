package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// repair takes a stack out of the states in which operations failed; no step means that it can be updated.
func (m *Machine) repair(stack *release.Stack, goal stackGoal, token string, operation operate) (release.Step, error) {
	tried := m.tried(stack, token)
	switch {
	case neverCreated(stack.Status) && !tried:
		return operation(release.StackDelete, token+deleted)
	case stack.Status == "UPDATE_ROLLBACK_FAILED", stack.Status == "DELETE_FAILED":
		return m.continueRollback(stack, goal, operation)
	case tried && rolledBack(stack.Status) && !m.isLive() && passing(stack.Failure):
		return m.tryAgain(stack, goal)
	case neverCreated(stack.Status), stack.Status == "UPDATE_ROLLBACK_COMPLETE" && tried:
		return release.Step{}, release.Reject(goal.condition, v1alpha1.ReasonStackRolledBack,
			"stack %s was rolled back and nothing live changed: %s", stack.Name, stack.Failure)
	default:
		return next()
	}
}

// continueRollback continues a rollback that failed: once, and again for as long as it was throttled.
func (m *Machine) continueRollback(stack *release.Stack, goal stackGoal, operation operate) (release.Step, error) {
	switch {
	case stack.Status == "UPDATE_ROLLBACK_FAILED" && !strings.HasSuffix(stack.Token, continued):
		return operation(release.StackContinueRollback, continuation(stack))
	case stack.Status == "UPDATE_ROLLBACK_FAILED" && throttled(stack.Failure):
		if wait := m.untilCalm(stack, goal); wait != nil {
			return release.Step{}, wait
		}
		return operation(release.StackContinueRollback, recontinuation(stack))
	default:
		return release.Step{}, release.Reject(goal.condition, v1alpha1.ReasonStackNeedsHelp,
			"stack %s is in %s and needs a person: %s", stack.Name, stack.Status, stack.Failure)
	}
}

// passing says that an operation failed for what passes by itself.
func passing(failure string) bool { return queueNameHeld(failure) || throttled(failure) }

// tryAgain tries an operation again that failed for what passes by itself, when it has passed.
func (m *Machine) tryAgain(stack *release.Stack, goal stackGoal) (release.Step, error) {
	wait := m.untilCalm(stack, goal)
	if queueNameHeld(stack.Failure) {
		wait = m.untilQueueNameIsFree(stack, goal)
	}
	if wait != nil {
		return release.Step{}, wait
	}
	return step(release.ActionTryAgain, goal.phase)
}

// queueNameHeldFor is how long SQS keeps the name of a deleted queue from being used again (SQS API reference,
// CreateQueue).
const queueNameHeldFor = 61 * time.Second

// queueNameHeld says that a stack operation failed only because an operation before it, which was rolled back, had
// deleted a queue.
func queueNameHeld(failure string) bool {
	return strings.Contains(failure, "QueueDeletedRecently") || strings.Contains(failure, "after deleting a queue")
}

func (m *Machine) untilQueueNameIsFree(stack *release.Stack, goal stackGoal) error {
	if wait := ended(stack).Add(queueNameHeldFor).Sub(m.Now); wait > 0 {
		return release.Wait(goal.condition, v1alpha1.ReasonStackBusy, wait,
			"stack %s is tried again when SQS lets the name of a deleted queue be used, a minute after its deletion: %s",
			stack.Name, stack.Failure)
	}
	return nil
}

// throttled says that a stack operation failed only because the account's calls were used up at that moment: by
// CloudFormation's own words for it, and by those of the services that it calls.
func throttled(failure string) bool {
	for _, word := range []string{"HandlerErrorCode: Throttling", "Rate exceeded", "TooManyRequestsException",
		"ThrottlingException"} {
		if strings.Contains(failure, word) {
			return true
		}
	}
	return false
}

// How long a stack operation that was throttled is left alone: a quarter of the time that the phase has gone on.
const (
	calmSoonest = 30 * time.Second
	calmLatest  = 10 * time.Minute
)

// ended is when a stack's operation failed, or began where that is not known.
func ended(stack *release.Stack) time.Time {
	if stack.EndedAt.IsZero() {
		return stack.ChangedAt
	}
	return stack.EndedAt
}

// untilCalm waits before what was throttled is tried again; nil where that is over.
func (m *Machine) untilCalm(stack *release.Stack, goal stackGoal) error {
	calm := min(max(m.elapsed(goal.phase)/4, calmSoonest), calmLatest)
	if wait := ended(stack).Add(calm).Sub(m.Now); wait > 0 {
		return release.Wait(goal.condition, v1alpha1.ReasonStackBusy, wait,
			"the update of stack %s was throttled by AWS and is tried again: %s", stack.Name, stack.Failure)
	}
	return nil
}

// triedAgain is after which time the way back to what is live is tried again, which nobody else asks for.
const triedAgain = time.Hour

// tried says that the stack's last operation was this one, or its rollback.
func (m *Machine) tried(stack *release.Stack, token string) bool {
	last := strings.TrimSuffix(strings.TrimSuffix(stack.Token, continued), deleted)
	last, _, _ = strings.Cut(last, recontinued)
	back := m.isLive() && strings.HasPrefix(last, liveTokenPrefix)
	return last == token || back && m.Now.Sub(stack.ChangedAt) < triedAgain
}

// continuation names the rollback's continuation by the update that failed, whoever began that.
func continuation(stack *release.Stack) string {
	if stack.Token == "" {
		return fmt.Sprintf("%s%d%s", tokenPrefix, stack.ChangedAt.Unix(), continued)
	}
	return stack.Token + continued
}

// recontinued marks the token of a ContinueUpdateRollback after one that was throttled.
const recontinued = "-again-"

// recontinuation names another continuation, for CloudFormation takes a token once.
func recontinuation(stack *release.Stack) string {
	first, _, _ := strings.Cut(strings.TrimSuffix(stack.Token, continued), recontinued)
	return fmt.Sprintf("%s%s%d%s", first, recontinued, ended(stack).Unix(), continued)
}
