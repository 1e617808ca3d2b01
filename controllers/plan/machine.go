// Package plan decides what comes next in a Stage's release: a function of what is asked, observed and recorded. The
// chains of checks in their order are the specification of a release.
package plan

import (
	"fmt"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// Machine is a Stage's release as it goes on. It is told what was asked, seen and done, and names the next step.
// Whoever drives it looks, performs and writes; every rule of a run is in here.
type Machine struct {
	// UID of the Stage fences the tokens of operations in flight.
	UID    string
	Limits Limits
	// Now and Nonce are set anew before each step: the time by the operator's clock, and what makes a run's id unique.
	Now   time.Time
	Nonce string
	Asked Asked
	// Desired is the release that is worked on: what is asked for, or the one whose run must end first. It is nil as long
	// as it is not known.
	Desired  *release.Desired
	Observed release.Observed
	Recorded release.Recorded
	// Notes are what is told once: requests that led to nothing, files that are not published. The driver tells them and
	// takes them away.
	Notes []Note

	// superseded says that a run must end before what is asked for has its turn.
	superseded bool
	// byRequest says that what is asked for differs from what is live only by the revision of its templates.
	byRequest bool
	// recovered says that what is asked for was found on AWS as a release that the record had lost.
	recovered bool
	// at is the phase that the last wait, refusal or error belongs to.
	at release.Phase
	// performed guards against a step that does not take effect: none is named twice.
	performed map[string]bool
	// repeated says that the last stack operation was one that CloudFormation knew already: what has become of it is
	// looked at before anything is waited for.
	repeated bool
	// removed are the removals, sweeps and repairs that were completed since the Stage was read.
	removed map[release.Action]bool
}

// Note is something to tell that leaves no trace in the record.
type Note struct{ Reason, Message string }

// Limits are the times that the machine keeps.
type Limits struct {
	// Pace spaces out the looks at what goes on elsewhere.
	Pace Pace
	// Settle is how long the clean-up waits after the switch: propagation of an alias is not instant.
	Settle time.Duration
	// KeepSuperseded is the least age of a superseded release that is removed.
	KeepSuperseded time.Duration
	// WarmFor is how long environments count as warm; Lambda reclaims idle ones after minutes.
	WarmFor time.Duration
	// StartWithin is how long an announced command may take to start.
	StartWithin time.Duration
	// ResultGrace is how long after its timeout a command's result may still come.
	ResultGrace time.Duration
	// FailWithin is how long errors that may pass are tried again in the midst of an activation, before its moves are
	// taken back.
	FailWithin time.Duration
}

// DefaultLimits are those of production.
func DefaultLimits() Limits {
	return Limits{
		Pace:           Pace{Soonest: 500 * time.Millisecond},
		Settle:         60 * time.Second,
		KeepSuperseded: 24 * time.Hour,
		WarmFor:        5 * time.Minute,
		StartWithin:    10 * time.Minute,
		ResultGrace:    60 * time.Second,
		FailWithin:     5 * time.Minute,
	}
}

// New makes a machine that goes on from what is recorded.
func New(recorded release.Recorded, uid string, limits Limits) *Machine {
	return &Machine{
		UID: uid, Limits: limits, Recorded: recorded, performed: map[string]bool{}, removed: map[release.Action]bool{},
	}
}

// decide is one rule: a step, a reason not to go on, or neither, and then the next rule is asked.
type decide func(*Machine) (release.Step, error)

// rule is a row of a chain. When the rule of a phase has nothing to say, it is recorded that the phase is done. One
// that is answered by AWS is asked once: what it has found in order is not looked at again in the same run.
type rule struct {
	phase  release.Phase
	decide decide
	once   bool
}

// bringUp takes a release live that is not. Each row of the table of phases is one of its rules.
var bringUp = []rule{
	{decide: unprepared},    // what the Stage refers to is missing or refused
	{decide: declaration},   // the release whose run must end first is read back
	{decide: beginRun},      // a release that is not live needs a run
	{decide: reportFailure}, // a failed run stays failed until something changes
	{phase: release.PhaseResolve, decide: resolve},
	{decide: renderable},    // what AWS would refuse for its size is refused before anything is made
	{decide: recoverRecord}, // nothing was remembered: AWS tells what is live, and which commands ran
	{phase: release.PhaseFoundation, decide: foundation, once: true},
	{phase: release.PhaseUpload, decide: upload},
	{phase: release.PhaseStack, decide: expandStack, once: true}, // nothing that the live release uses changes
	{phase: release.PhasePublish, decide: publish},
	{phase: release.PhaseAssets, decide: assets}, // which were sent meanwhile
	{phase: release.PhaseWarm, decide: warm},
	{phase: release.PhaseCommands, decide: commands}, // in order, each at most once
	{decide: warmAgain}, // commands took long: environments have been reclaimed
	{phase: release.PhaseActivate, decide: activate}, // moves, then entry resources and limits, then it is sealed
}

// revert takes the moves of a failed activation back.
var revert = []rule{{decide: revertMoves}}

// settle follows once what is asked for is live: no command runs here.
var settle = []rule{
	{decide: returnToLive}, // the user is back at what is live: the other run is given up
	{decide: finished},     // live, cleaned: nothing to do
	{decide: clean},        // removals, and what no kept release needs
}

// barred: without the platform team's leave nothing is done, not even to an end.
var barred = []rule{{decide: unprepared}}

// Intent is what the machine is about: it is chosen once for each step, and each has a chain of rules of its own.
type Intent string

// The intents.
const (
	// IntentRelease: what is asked for is not live, and is to be.
	IntentRelease Intent = "Release"
	// IntentReturn: what is asked for is live; what stands beside it is given up and cleaned up.
	IntentReturn Intent = "Return"
	// IntentRevert: an activation failed, and its moves are taken back.
	IntentRevert Intent = "Revert"
	// IntentRemove: the Stage is being deleted.
	IntentRemove Intent = "Remove"
	// IntentNone: the platform team's leave is missing, and nothing is done.
	IntentNone Intent = "None"
)

var chains = map[Intent][]rule{
	IntentRelease: bringUp, IntentReturn: settle, IntentRevert: revert, IntentRemove: tearDown, IntentNone: barred,
}

// Intent tells what the machine is about.
func (m *Machine) Intent() Intent {
	switch {
	case m.Asked.Removal != nil:
		return IntentRemove
	case m.Asked.Barred:
		return IntentNone
	case m.Recorded.Run.Reverting():
		return IntentRevert
	case m.isLive():
		return IntentReturn
	default:
		return IntentRelease
	}
}

// Next names the next step. The error is a *release.Waiting, a *release.Rejected, what kept the Stage from being
// prepared, or a step that took no effect.
func (m *Machine) Next() (release.Step, error) {
	step, err := m.firstMatch(chains[m.Intent()])
	switch {
	case err != nil:
		return release.Step{}, err
	case m.performed[m.key(step)]:
		return release.Step{}, fmt.Errorf("the step %s of phase %s did not take effect", step.Action, step.Phase)
	case m.Asked.Suspended && m.Asked.Removal == nil && holds(step) && !m.finds(step):
		return release.Step{}, suspended(step)
	default:
		return step, nil
	}
}

func (m *Machine) firstMatch(chain []rule) (release.Step, error) {
	for _, rule := range chain {
		done := rule.phase != "" && m.Recorded.Run.Phase(rule.phase).State == release.PhaseSucceeded
		if done && rule.once {
			continue
		}
		step, err := rule.decide(m)
		if err != nil {
			m.at = rule.phase // what failed without a word of its own failed here
			return release.Step{}, err
		}
		if step.Action != "" && step.Phase == "" {
			step.Phase = rule.phase
		}
		if step.Action == "" && rule.phase != "" && !done {
			step = release.Step{Action: release.ActionPass, Phase: rule.phase}
		}
		if step.Action != "" {
			return step, nil
		}
	}
	return release.Step{Action: release.ActionDone}, nil
}

// first asks rules in their order, as one.
func first(m *Machine, rules ...decide) (release.Step, error) {
	for _, decide := range rules {
		step, err := decide(m)
		if err != nil || step.Action != "" {
			return step, err
		}
	}
	return next()
}

// key names a step that must take effect at once. Looks and the end may be named as often as they like.
func (m *Machine) key(step release.Step) string {
	if step.Action == release.ActionLook || step.Action == release.ActionDone {
		return ""
	}
	key := fmt.Sprintf("%s/%s/%s", step.Action, step.Phase, step.Command)
	if run := m.Recorded.Run; run != nil {
		key += fmt.Sprintf("/%s/%d", run.ID, run.Phase(step.Phase).Attempt) // a phase may be begun again
		if command := run.Command(step.Command); command != nil {
			key += string(command.State)
		}
	}
	if step.Stack != nil {
		key += string(step.Stack.Operation) + step.Stack.Token
	}
	if step.Move != nil {
		key += step.Move.Name
	}
	return key
}

func look(part release.Part) (release.Step, error) {
	return release.Step{Action: release.ActionLook, Part: part}, nil
}

// lookIntoAliases looks at the aliases and at what their versions consist of.
func lookIntoAliases() (release.Step, error) {
	return release.Step{Action: release.ActionLook, Part: release.PartAliases, Contents: true}, nil
}

func step(action release.Action, phase release.Phase) (release.Step, error) {
	return release.Step{Action: action, Phase: phase}, nil
}

// next leaves the decision to the next rule.
func next() (release.Step, error) { return release.Step{}, nil }

// isLive says that the release that is worked on is recorded as the live one.
func (m *Machine) isLive() bool {
	return m.Desired != nil && m.Recorded.Live != nil && m.Recorded.Live.ID == m.Desired.ID
}

// Superseded says that a run is taken to its end before what is asked for has its turn.
func (m *Machine) Superseded() bool { return m.superseded }

// Live says that what is asked for is live, and that no other run is in the way.
func (m *Machine) Live() bool {
	if run := m.Recorded.Run; run != nil &&
		(run.State != release.RunSucceeded || m.Desired == nil || run.ReleaseID != m.Desired.ID) {
		return false
	}
	return m.isLive() && !m.superseded
}

// Rests says that what is asked for is live, and that there is nothing to do for it and nothing to tell.
func (m *Machine) Rests() bool {
	if m.Asked.Unprepared != nil || len(m.Notes) > 0 || !m.Live() {
		return false
	}
	step, err := m.Next()
	return err == nil && step.Action == release.ActionDone
}

// finds says that a step begins a run only to find out what is live, of which nothing is remembered: that is looked for
// although the Stage is suspended, and nothing is changed for it.
func (m *Machine) finds(step release.Step) bool {
	return step.Action == release.ActionBegin && m.Recorded.Run == nil && m.Recorded.Live == nil
}

// quiet sees to it that nothing goes on beside the reconciles: what is sent now would be in the way of what is removed.
func quiet(m *Machine) (release.Step, error) {
	if m.Observed.Quiet {
		return next()
	}
	return step(release.ActionStop, "")
}

// suspended holds a step that would begin another phase.
func suspended(s release.Step) error {
	condition := v1alpha1.ConditionReady
	if s.Phase == release.PhaseClean {
		condition = v1alpha1.ConditionCleaned
	}
	return release.Wait(condition, v1alpha1.ReasonSuspended, 0,
		"spec.suspend holds the release before the phase %s; what is live goes on serving", s.Phase)
}
