package plan_test

import (
	"path"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/controllers/release"
)

const (
	startTime   = time.Second
	commandTime = 10 * time.Second
)

// timeouts end the commands that leave no result.
var timeouts = map[string]time.Duration{"migrate": 10 * time.Minute, "clear": time.Minute}

// lost is when an invocation that never arrives does so.
var lost = []time.Duration{}

// invoke accepts an asynchronous invocation, which arrives once, or as often as deliveries says.
func (w *world) invoke(run *release.Run, command string) {
	key, notAfter := release.CommandKey(run.ReleaseID, run.ID, command), run.Command(command).NotAfter
	arrivals := []time.Duration{startTime}
	if len(w.deliveries) > 0 {
		arrivals, w.deliveries = w.deliveries[0], w.deliveries[1:]
	}
	for _, after := range arrivals {
		w.invoking++
		w.later(after, func() {
			w.invoking--
			w.arrive(key, command, notAfter)
		})
	}
}

// arrive does what the runtime does: it runs the command only if it is in time and the first to claim it.
func (w *world) arrive(key, command string, notAfter time.Time) {
	if w.now.After(notAfter) || w.claims[key] != nil {
		return
	}
	for other, claim := range w.claims {
		if !claim.void && claim.result == nil && w.now.Sub(claim.startedAt) < timeouts[path.Base(other)] {
			w.t.Fatalf("%s starts while %s may still run", key, other)
		}
	}
	claim := &claimState{startedAt: w.now}
	w.claims[key] = claim
	w.starts[key]++
	if w.silent[command] {
		return
	}
	w.later(commandTime, func() {
		claim.result = &release.CommandResult{ExitCode: w.exitCodes[command], Output: []byte(command + " says so"),
			FinishedAt: w.now}
	})
}

// void puts the claim of a command that has not started.
func (w *world) void(run *release.Run, command string) {
	key := release.CommandKey(run.ReleaseID, run.ID, command)
	if w.claims[key] == nil {
		w.claims[key] = &claimState{void: true, startedAt: w.now}
	}
}

// left gives the newest run of a release that claimed commands, these, and the open ones of other releases.
func (w *world) left(id string) *release.LeftRun {
	left := &release.LeftRun{}
	for key, claim := range w.claims {
		parts := strings.Split(key, "/") // runs/<release>/<run>/<command>
		switch {
		case parts[1] != id && claim.result == nil && !claim.void:
			left.Open = append(left.Open, release.OpenCommand{Release: parts[1], Name: parts[3], StartedAt: claim.startedAt})
		case parts[1] != id, parts[2] < left.Run:
		case parts[2] > left.Run:
			left.Run, left.Commands = parts[2], []string{parts[3]}
		default:
			left.Commands = append(left.Commands, parts[3])
		}
	}
	return left
}

func (w *world) evidence(run *release.Run, command string) *release.CommandEvidence {
	seen := &release.CommandEvidence{Name: command}
	claim := w.claims[release.CommandKey(run.ReleaseID, run.ID, command)]
	switch {
	case claim == nil:
	case claim.void:
		seen.Void = true
	default:
		seen.Claimed, seen.StartedAt, seen.Result = true, claim.startedAt, claim.result
	}
	return seen
}
