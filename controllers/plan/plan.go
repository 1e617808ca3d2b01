// Package plan names the next step: a function of what is desired, observed and recorded. The list of checks in its order is
// the specification of a release.
package plan

import (
	"time"

	"github.com/aloft-dev/aloft/controllers/release"
)

// Situation is everything that a decision depends on.
type Situation struct {
	Desired  *release.Desired
	Observed release.Observed
	Recorded release.Recorded
	// UID of the Stage fences the tokens of operations in flight.
	UID string
	Now time.Time
	// Suspended holds the release before its next phase.
	Suspended bool
	// Retry asks for another try of a failed run.
	Retry bool
	// Resolution of a command whose outcome is unknown: succeeded, retry, abort or nothing.
	Resolution string
	// HideOutput keeps what commands print out of the record; it stays in the stage's bucket.
	HideOutput bool
	Limits     Limits
}

// Limits are the times that a plan keeps.
type Limits struct {
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
}

// DefaultLimits are those of production.
func DefaultLimits() Limits {
	return Limits{
		Settle:         60 * time.Second,
		KeepSuperseded: 24 * time.Hour,
		WarmFor:        5 * time.Minute,
		StartWithin:    10 * time.Minute,
		ResultGrace:    60 * time.Second,
	}
}

// check is one rule of the plan: a step, a reason not to go on, or neither, and then the next check is asked.
type check func(*Situation) (release.Step, error)

// checks of a release, first match. Each row of the table of phases is one of them.
var checks = []check{
	recoverLive,     // status lost: the aliases tell what is live
	returnToLive,    // the user is back at what is live: give up the other run, no command runs
	finished,        // live, cleaned: nothing to do
	beginRun,        // a release that is not live needs a run
	revertFlips,     // activation failed: move the aliases back, in reverse order
	reportFailure,   // a failed run stays failed until something changes
	foundation,      // bucket, repository, key, role
	upload,          // assets, bundle, image
	expandStack,     // additions and new function code; nothing that the live release uses
	publish,         // a version for each function
	warm,            // each version answers, environments are ready
	commands,        // deploy commands in order, each at most once
	warmAgain,       // commands took long: environments have been reclaimed
	activate,        // workers, then cli, then http
	activateEntries, // entry resources and limits of the new release
	seal,            // it is live
	clean,           // removals, and what no kept release needs
}

// Next names the next step. The error is a *release.Waiting or a *release.Rejected.
func Next(s Situation) (release.Step, error) {
	step, err := firstMatch(&s, checks)
	if err == nil && s.Suspended && beginsPhase(step) {
		return release.Step{}, suspended(step)
	}
	return step, err
}

func firstMatch(s *Situation, list []check) (release.Step, error) {
	for _, rule := range list {
		step, err := rule(s)
		if err != nil || step.Action != "" {
			return step, err
		}
	}
	return release.Step{Action: release.ActionDone}, nil
}

func look(part release.Part) (release.Step, error) {
	return release.Step{Action: release.ActionLook, Part: part}, nil
}

func step(action release.Action, phase release.Phase) (release.Step, error) {
	return release.Step{Action: action, Phase: phase}, nil
}

// next leaves the decision to the next check.
func next() (release.Step, error) { return release.Step{}, nil }

// running says that a run of the desired release is under way.
func (s *Situation) running() bool {
	run := s.Recorded.Run
	return run != nil && run.ID == s.Desired.ID && run.State == release.RunRunning
}

// isLive says that the desired release is recorded as the live one.
func (s *Situation) isLive() bool {
	return s.Recorded.Live != nil && s.Recorded.Live.ID == s.Desired.ID
}
