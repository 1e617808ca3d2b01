package plan

import (
	"time"

	"github.com/aloft-dev/aloft/controllers/release"
)

// Pace spaces out looks at what goes on elsewhere. Each look costs a call, and AWS grants an account few of them, so
// that looks are placed where they may find something.
type Pace struct {
	// Soonest is the least time between two looks.
	Soonest time.Duration
}

const (
	// latest is the most that lies between two looks at what AWS does.
	latest = 10 * time.Second
	// farthest is how long what took longer before is left alone: it may have been another kind of operation.
	farthest = 30 * time.Second
	// Looks at what people bring about.
	slowest, slowestLatest = 10 * time.Second, 5 * time.Minute
)

// after is when to look again at something that has gone on for a while and may end at any time: soon at first, then
// at a quarter of the time that has passed.
func (p Pace) after(elapsed time.Duration) time.Duration {
	return min(max(elapsed/4, p.Soonest), max(latest/2, p.Soonest))
}

// slowly is when to look again for what a person or a pipeline brings about.
func (p Pace) slowly(elapsed time.Duration) time.Duration {
	return min(max(elapsed/4, slowest), slowestLatest)
}

// until is when to look again at something that took a known time when it was last done: half-way, for it may be less
// this time, shortly before its end, and then again and again until it has ended.
func (p Pace) until(elapsed, last time.Duration) time.Duration {
	half, near := last/2, last*88/100
	switch {
	case last == 0:
		return p.after(elapsed)
	case elapsed < half:
		return min(max(half-elapsed, p.Soonest), farthest)
	case elapsed < near:
		return min(max(near-elapsed, p.Soonest), farthest)
	default: // what takes much longer than before says nothing of when it ends
		return min(max(last/30, (elapsed-last)/4, p.Soonest), max(latest, p.Soonest))
	}
}

// lookAgain is the time of a wait: as it is given, or by the time that its phase has gone on.
func (m *Machine) lookAgain(waiting *release.Waiting) time.Duration {
	at := m.at
	if m.isLive() { // what is sent again is of the clean-up
		at = release.PhaseClean
	}
	switch waiting.After {
	case release.Soon:
		return m.Limits.Pace.after(m.elapsed(at))
	case release.Slowly:
		return m.Limits.Pace.slowly(m.elapsed(at))
	default:
		return waiting.After
	}
}

// markLasted remembers how long a phase's last stack operation took.
func (m *Machine) markLasted(record *release.PhaseRecord) {
	if record.OperationAt.IsZero() {
		return
	}
	if m.Recorded.Lasted == nil {
		m.Recorded.Lasted = map[release.Phase]time.Duration{}
	}
	m.Recorded.Lasted[record.Phase] = record.FinishedAt.Sub(record.OperationAt)
}

// restartPace has the registry asked soon again after the Stage was changed, or a person asked to look.
func (m *Machine) restartPace() {
	run := m.Recorded.Run
	if run == nil || run.State != release.RunRunning || run.ReleaseID != "" ||
		run.Generation == m.Asked.Generation && !m.looks() {
		return
	}
	run.Generation = m.Asked.Generation
	if record := m.phase(release.PhaseResolve); record != nil {
		record.StartedAt = m.Now
	}
}
