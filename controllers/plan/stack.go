package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
)

// stackGoal is what a stack is to hold.
type stackGoal struct {
	part       release.Part
	phase      release.Phase
	condition  string
	rendering  template.Rendering
	hashOutput string
}

// continued marks the token of a ContinueUpdateRollback, which is tried once for each failed update.
const continued = "-continue"

// deleted marks the token of a deletion that makes room for a creation.
const deleted = "-delete"

// The beginnings of tokens. Those of a stack that is brought back to what is live stand apart, since no run tells them
// apart.
const (
	tokenPrefix     = "aloft-"
	liveTokenPrefix = tokenPrefix + "live-"
)

// ensureStack takes a stack one operation towards its goal; no step means that it is there.
func (m *Machine) ensureStack(stack *release.Stack, goal stackGoal) (release.Step, error) {
	token := m.token(stack, goal)
	operation := func(o release.StackOperation, token string) (release.Step, error) {
		return release.Step{Action: release.ActionStack, Phase: goal.phase, Part: goal.part, Stack: &release.StackStep{
			Part: goal.part, Condition: goal.condition, Name: stack.Name, Operation: o, Token: token,
			Template: goal.rendering.JSON(), Parameters: goal.rendering.Parameters, Secret: secretUse(stack, goal),
		}}, nil
	}
	reached := stack.Outputs[goal.hashOutput] == goal.rendering.Hash() && !stack.Adopted
	switch {
	case stack.Foreign != "":
		return release.Step{}, notOwned(goal.condition, stack)
	case !stack.Exists:
		return operation(release.StackCreate, token)
	case stack.Status == "REVIEW_IN_PROGRESS": // a first change set was never executed: as good as absent, but in the way
		return operation(release.StackDelete, token+deleted)
	// all is in place, only what was replaced is still going
	case stack.Status == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" && reached:
		return next()
	case strings.HasSuffix(stack.Status, "_IN_PROGRESS"):
		return release.Step{}, m.awaitStack(stack, goal.phase, goal.condition)
	}
	if repair, err := m.repair(stack, goal, token, operation); err != nil || repair.Action != "" || reached {
		return repair, err
	}
	return m.update(stack, goal, token, operation)
}

// operate makes a step of an operation with its token.
type operate func(release.StackOperation, string) (release.Step, error)

// update takes an update's shortest way: direct where nothing can be lost, else by a change set.
func (m *Machine) update(stack *release.Stack, goal stackGoal, token string, operation operate) (release.Step, error) {
	if len(stack.Template) == 0 {
		return release.Step{Action: release.ActionLook, Phase: goal.phase, Part: goal.part, Template: true}, nil
	}
	direct, refusal, err := m.inspect(stack, goal)
	switch {
	case err != nil:
		return release.Step{}, err
	case direct:
		return operation(release.StackUpdate, token)
	case stack.ChangeSet == nil || stack.ChangeSet.Name != token:
		return release.Step{
			Action: release.ActionLook, Phase: goal.phase, Part: goal.part, Template: true, ChangeSet: token,
		}, nil
	default:
		return m.changeSet(stack, goal, refusal, operation)
	}
}

// neverCreated lists the states in which a first creation ended without success.
func neverCreated(status string) bool {
	return status == "ROLLBACK_COMPLETE" || status == "ROLLBACK_FAILED" || status == "CREATE_FAILED"
}

func rolledBack(status string) bool {
	return neverCreated(status) || status == "UPDATE_ROLLBACK_COMPLETE"
}

// changeSet takes a change set from its creation to its execution.
func (m *Machine) changeSet(
	stack *release.Stack, goal stackGoal, refusal func([]release.Change) string, operation operate,
) (release.Step, error) {
	set := stack.ChangeSet
	switch set.Status {
	case "":
		return operation(release.StackCreateChangeSet, set.Name)
	case "CREATE_PENDING", "CREATE_IN_PROGRESS":
		return release.Step{}, release.Wait(goal.condition, v1alpha1.ReasonProgressing, release.Soon,
			"change set %s is being made", set.Name)
	case "CREATE_COMPLETE":
		if set.Execution == "OBSOLETE" {
			return operation(release.StackDeleteChangeSet, set.Name)
		}
		if why := refusal(set.Changes); why != "" {
			return release.Step{}, release.Reject(goal.condition, v1alpha1.ReasonStackRefused,
				"the update of stack %s is refused: %s", stack.Name, why)
		}
		return operation(release.StackExecuteChangeSet, set.Name)
	default:
		return release.Step{}, release.Reject(goal.condition, v1alpha1.ReasonStackRefused,
			"CloudFormation refuses the update of stack %s: %s", stack.Name, set.Reason)
	}
}

// secretUse says whether the stack gets the secret of its origin with this operation or has it already.
func secretUse(stack *release.Stack, goal stackGoal) release.SecretUse {
	_, has := stack.Parameters[release.ParameterOriginSecret]
	switch _, wants := goal.rendering.Template.Parameters[release.ParameterOriginSecret]; {
	case !wants:
		return release.SecretNone
	case has:
		return release.SecretKept
	default:
		return release.SecretSent
	}
}

// inspect tells whether the update may go without a change set, and gives the judge of a change set.
func (m *Machine) inspect(
	stack *release.Stack, goal stackGoal,
) (direct bool, refusal func([]release.Change) string, err error) {
	deployed, err := template.Parse(stack.Template)
	if err != nil {
		return false, nil, fmt.Errorf("reading the deployed template of stack %s: %w", stack.Name, err)
	}
	before := template.Rendering{Template: deployed, Parameters: stack.Parameters}
	refusal = func(changes []release.Change) string {
		return template.Refusal(deployed, goal.rendering.Template, m.Desired, changes)
	}
	return template.Direct(before, goal.rendering), refusal, nil
}

// lookAtStack looks at a stack, unless its phase began an operation of it a moment ago, which cannot have ended yet.
func (m *Machine) lookAtStack(part release.Part, phase release.Phase) (release.Step, error) {
	record := m.Recorded.Run.Phase(phase)
	elapsed := m.Now.Sub(record.OperationAt)
	if m.repeated || record.State != release.PhaseRunning || record.OperationAt.IsZero() ||
		elapsed >= m.Limits.Pace.Soonest {
		return look(part)
	}
	return release.Step{}, release.Wait(SpecOf(phase).Condition, v1alpha1.ReasonProgressing,
		m.Limits.Pace.until(elapsed, m.Recorded.Lasted[phase]), "%s", SpecOf(phase).Doing(m))
}

// leastElapsed keeps looks apart where only AWS's clock tells since when something goes on.
const leastElapsed = 4 * time.Second

// awaitStack waits for a stack's operation: one that the phase began, or another's.
func (m *Machine) awaitStack(stack *release.Stack, phase release.Phase, condition string) error {
	record := m.Recorded.Run.Phase(phase)
	if !record.OperationAt.IsZero() {
		return release.Wait(condition, v1alpha1.ReasonProgressing,
			m.Limits.Pace.until(m.Now.Sub(record.OperationAt), m.Recorded.Lasted[phase]), "stack %s is in %s", stack.Name,
			stack.Status)
	}
	// No record of ours says since when: by AWS's clock it is told well enough.
	after := m.Limits.Pace.after(max(m.Now.Sub(stack.ChangedAt), leastElapsed))
	if m.Recorded.Run == nil {
		return release.Wait(condition, v1alpha1.ReasonProgressing, after, "stack %s is in %s", stack.Name, stack.Status)
	}
	return release.Wait(condition, v1alpha1.ReasonStackBusy, after, "stack %s is in %s by another operation", stack.Name,
		stack.Status)
}

// token names an operation so that it happens once: the same Stage, run, attempt and goal give the same token.
// CloudFormation takes a token once in a stack's life. What brings a stack back to the live release belongs to no run
// and may be due again later, so its token has the time of the operation before it.
func (m *Machine) token(stack *release.Stack, goal stackGoal) string {
	if m.isLive() {
		return liveTokenPrefix + digest("%s|%s|%s|%s|%d", m.UID, m.Desired.ID, goal.part, goal.rendering.Hash(),
			stack.ChangedAt.Unix())
	}
	run := m.Recorded.Run
	return tokenPrefix + digest("%s|%s|%d|%s|%s", m.UID, run.ID, run.Attempt, goal.part, goal.rendering.Hash())
}

func digest(format string, arguments ...any) string {
	sum := sha256.Sum256(fmt.Appendf(nil, format, arguments...))
	return hex.EncodeToString(sum[:16])
}

// app gathers what the application stack's renderings need.
func (m *Machine) app() template.App {
	foundation := release.FoundationFrom(m.Observed.Foundation.Outputs)
	digest := ""
	if m.isLive() {
		digest = m.Recorded.Live.DeployedDigest
	} else {
		digest = m.Recorded.Run.DeployedDigest
	}
	live := map[string]bool{}
	for name, alias := range m.Observed.Aliases {
		live[name] = alias.Version != ""
	}
	return template.App{
		Desired:    m.Desired,
		Foundation: foundation,
		ImageURI:   foundation.RepositoryURI + "@" + digest,
		Live:       live,

		OriginDigest: m.Asked.OriginDigest,
	}
}
