package plan

import (
	"fmt"
	"time"

	"github.com/aloft-dev/aloft/controllers/release"
)

// Act is how an action is dealt with.
type Act struct {
	// Holds: suspension holds the release before it, for it would begin something.
	Holds bool
	// Turn: it operates on a stack, and an account has few of those at the same time. Once aliases have moved nothing
	// holds a Stage up.
	Turn bool
	// Beside is the pool in which it goes on beside the reconciles, because it takes long; empty where it is done at once.
	// What is written before it is written when it begins.
	Beside release.Pool
	// InPart: it is done as soon as its work has brought about what comes next needs; the work goes on.
	InPart bool
	// Outlasts: it goes on when other work beside the reconciles is stopped, as long as it is part of what comes next.
	Outlasts bool
	// Write is what must have been written to the status before it.
	Write Write
}

// Write is what an act needs of the status before it.
type Write int

const (
	// Unwritten lets it be begun by anyone at any time: a version that exists is not published again, and a sweep fences
	// each batch of what it deletes.
	Unwritten Write = iota
	// Intended has all moves written before the first of them, and a fence before the first that a reconcile makes. That
	// one was made need not be written before the next, for AWS tells it.
	Intended
	// Written has what it rests on written first, if anything has changed.
	Written
	// Fenced has the status written in any case: AWS has no guard of its own against an operator that was replaced, and
	// the status's resource version is one.
	Fenced
)

// Urgency is what calls to AWS are made for: when an account's calls are short, those that end something come first.
type Urgency int

// The urgencies, the least urgent first.
const (
	// Later: what is cleaned up or removed.
	Later Urgency = iota
	// Looks at what goes on.
	Looks
	// Works: what takes a release further.
	Works
	// Moves: aliases that are being moved must not stay on different releases.
	Moves
)

// ActOf tells how a step is dealt with.
func ActOf(step release.Step) Act { return SpecOf(step.Phase).Acts[step.Action] }

// holds says that a step would begin another phase. What goes on is finished: an announced command is started, a change
// set is executed, an alias that was to be moved is moved.
func holds(step release.Step) bool {
	return ActOf(step).Holds && (step.Stack == nil || step.Stack.Operation != release.StackExecuteChangeSet)
}

// Urgency of the calls of a step. While aliases move, what is looked at for that is as urgent.
func (m *Machine) Urgency(step release.Step) Urgency {
	run, looks := m.Recorded.Run, step.Action == release.ActionLook
	ofPhase := SpecOf(step.Phase).Urgency
	switch {
	case ofPhase == Later && (step.Phase != "" || !looks):
		return Later
	case run != nil && run.State == release.RunRunning && run.Activation != nil:
		return Moves
	case looks && ofPhase != Moves:
		return Looks
	default:
		return ofPhase
	}
}

// Work names what goes on beside the reconciles for a step: a step of other content is other work.
func (m *Machine) Work(step release.Step) string {
	switch {
	case step.Action == release.ActionResolve:
		asked, requests := m.Asked.Image, m.Asked.Requests
		return fmt.Sprintf("%s/%s:%s@%s/%s/%s/%s", step.Action, asked.Repository, asked.Tag, asked.Digest,
			asked.Architecture, requests.RequestedAt, requests.FluxRequestedAt)
	case m.Asked.Removal != nil || m.Desired == nil:
		return string(step.Action)
	}
	action := step.Action
	if action == release.ActionAssets { // an upload is one work, which two phases tell of
		action = release.ActionUpload
	}
	work := fmt.Sprintf("%s/%s", action, m.Desired.ID)
	if run := m.Recorded.Run; run != nil {
		work += "/" + run.ID
		if run.Warm != nil {
			work += run.Warm.At.String() // environments that were warm once are warmed again
		}
	}
	return work
}

// Outlasts says that work is part of what comes next, so that it goes on when other work is stopped.
func (m *Machine) Outlasts(work string) bool {
	return m.cleansAs(work) != "" || m.among(removal.Acts, work) != ""
}

// cleansAs gives the action of the clean-up of what is asked for that work belongs to; empty where it belongs to none.
func (m *Machine) cleansAs(work string) release.Action {
	return m.among(SpecOf(release.PhaseClean).Acts, work)
}

// among gives the one of the actions that outlast others whose work this is; empty where it is of none.
func (m *Machine) among(acts map[release.Action]Act, work string) release.Action {
	for action, act := range acts {
		if act.Outlasts && m.Work(release.Step{Action: action}) == work {
			return action
		}
	}
	return ""
}

// How long work beside the reconciles may take, so that what is too slow does not hold its room for ever.
const (
	resolveWithin = time.Minute
	uploadWithin  = 10 * time.Minute
	// uploadRate in bytes a second is the least at which image and assets are copied, and each asset takes a request.
	uploadRate   = 512 << 10
	uploadAsset  = 20 * time.Millisecond
	removeWithin = 30 * time.Minute
	// warmBeyond is added to the functions' own time, for each of the rounds.
	warmBeyond = time.Minute
	warmRounds = 4
)

// Within is how long a step may take beside the reconciles, by what is known so far of its size: of the bytes
// that it moves, and of the files.
func Within(step release.Step, desired *release.Desired, bytes, files int64) time.Duration {
	switch ActOf(step).Beside {
	case release.PoolResolve:
		return resolveWithin
	case release.PoolUpload:
		return uploadWithin + time.Duration(bytes/uploadRate)*time.Second + time.Duration(files)*uploadAsset
	case release.PoolWarm:
		longest := int32(0)
		for i := range desired.Functions {
			longest = max(longest, desired.Functions[i].TimeoutSeconds)
		}
		return warmRounds * (time.Duration(longest)*time.Second + warmBeyond)
	default:
		return removeWithin
	}
}
