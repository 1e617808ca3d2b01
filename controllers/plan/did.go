package plan

import (
	"slices"
	"time"

	"github.com/aloft-dev/aloft/controllers/release"
)

// Doing records that a step is about to be done: its phase goes on from here.
func (m *Machine) Doing(step release.Step) {
	if step.Action != release.ActionLook && step.Action != release.ActionPass {
		m.markRunning(step.Phase, "")
	}
	if step.Action == release.ActionUpload && m.Desired.AssetsPath != "" {
		m.markRunning(release.PhaseAssets, "") // they are sent from here on
	}
	if record := m.phase(step.Phase); record != nil && step.Stack != nil && step.Stack.Operation.Lasts() {
		record.OperationAt = m.Now
	}
}

// Did records what a step has brought about, and forgets what was observed of what it has changed.
func (m *Machine) Did(step release.Step, outcome release.Outcome) {
	if key := m.key(step); key != "" {
		m.performed[key] = true
	}
	m.take(outcome)
	m.markWorking(step.Phase)
	switch step.Action {
	case release.ActionStop:
		m.Observed.Quiet = true
		uninterrupted(m.Recorded.Run)
	case release.ActionPass:
		m.markSucceeded(step.Phase)
	case release.ActionStack:
		m.Observed.Forget(step.Stack.Part)
		m.repeated = outcome.Repeated
	case release.ActionAnnounce, release.ActionInvoke, release.ActionVoid, release.ActionRecordCommand:
		m.didCommand(step)
	case release.ActionIntend, release.ActionMove, release.ActionRevert:
		m.didMove(step, outcome)
	case release.ActionTrim, release.ActionSweep, release.ActionRepair, release.ActionCleaned:
		m.didClean(step)
	case release.ActionRecordStacks, release.ActionRemoveApp, release.ActionRemoveFoundation:
		m.didRemove(step)
	default:
		m.didRun(step)
	}
}

// markWorking records that an activation does not meet errors only.
func (m *Machine) markWorking(phase release.Phase) {
	if run := m.Recorded.Run; phase == release.PhaseActivate && run != nil && run.Activation != nil {
		run.Activation.FailingSince = time.Time{}
	}
}

// didRun records what has become of the run. Uploads, versions and warm environments are in the outcome.
func (m *Machine) didRun(step release.Step) {
	run := m.Recorded.Run
	switch step.Action {
	case release.ActionBegin:
		m.begin()
		m.Observed.Forget(release.PartFoundation) // whose it is counts anew for each run
	case release.ActionResolve:
		m.resolvedTo()
	case release.ActionRecover:
		m.recover()
	case release.ActionReturn:
		m.Recorded.Run, m.Recorded.Live.Cleaned = nil, false
	case release.ActionResume:
		run.State, run.Failure, run.FinishedAt = release.RunRunning, nil, time.Time{}
		run.Attempt++
		m.markRetried()
	case release.ActionTryAgain:
		run.Attempt++
	case release.ActionSeal:
		m.seal()
	default:
	}
}

// didClean records how far the clean-up has come.
func (m *Machine) didClean(step release.Step) {
	switch step.Action {
	case release.ActionTrim:
		m.Recorded.History = Trimmed(m.Recorded.History, m.Desired.KeepReleases, m.Limits, m.Now)
		m.Observed.Forget(release.PartLeftovers) // a worker stays only as long as a kept release uses it
	case release.ActionCleaned:
		m.Recorded.Live.Cleaned = true
		m.markSucceeded(release.PhaseClean)
	default: // a sweep or a repair
		m.removed[step.Action] = true
		m.Observed.Forget(release.PartWhole)
	}
}

// didRemove records how far the removal of the Stage has come.
func (m *Machine) didRemove(step release.Step) {
	if step.Action == release.ActionRecordStacks {
		m.recordStacks()
		return
	}
	m.removed[step.Action] = true
}

// take records an outcome, in part or whole.
func (m *Machine) take(outcome release.Outcome) {
	run := m.Recorded.Run
	if outcome.Image != nil {
		m.Recorded.Image = outcome.Image
	}
	if run == nil || run.State != release.RunRunning {
		return
	}
	if sent := outcome.Uploaded; sent != nil {
		run.DeployedDigest, run.ConfigHash = sent.DeployedDigest, sent.ConfigHash
		uninterrupted(run)
	}
	if sent := outcome.Assets; sent != nil {
		run.AssetsDigest = sent.Digest
		uninterrupted(run)
		if sent.LeftOut != "" {
			m.note(NoteAssetsLeftOut, "not everything in the assets' folder is published: %s", sent.LeftOut)
		}
	}
	for _, function := range outcome.Functions {
		run.Published(function)
	}
	if outcome.Warm != nil {
		run.Warm = outcome.Warm
	}
}

// phase gives the record of a phase to be changed; nil without a run. Beside the clean-up, which follows it, nothing of
// a run changes once it has ended.
func (m *Machine) phase(phase release.Phase) *release.PhaseRecord {
	run := m.Recorded.Run
	if run == nil || phase == "" || run.State != release.RunRunning && phase != release.PhaseClean {
		return nil
	}
	i := slices.IndexFunc(run.Phases, func(r release.PhaseRecord) bool { return r.Phase == phase })
	if i < 0 {
		run.Phases = append(run.Phases, release.PhaseRecord{Phase: phase, State: release.PhasePending})
		i = len(run.Phases) - 1
	}
	return &run.Phases[i]
}

// markRunning records that a phase goes on, and what is to be told of it.
func (m *Machine) markRunning(phase release.Phase, message string) {
	record := m.phase(phase)
	if record == nil {
		return
	}
	if record.State != release.PhaseRunning {
		if record.State != release.PhasePending {
			record.Attempt++
		}
		record.State, record.StartedAt, record.FinishedAt = release.PhaseRunning, m.Now, time.Time{}
		record.OperationAt = time.Time{}
	}
	if message == "" && (m.Desired != nil || phase == release.PhaseResolve) {
		message = SpecOf(phase).Doing(m)
	}
	if message != "" {
		record.Message = message
	}
}

// markSucceeded records that a phase has succeeded.
func (m *Machine) markSucceeded(phase release.Phase) {
	if record := m.phase(phase); record != nil {
		if record.StartedAt.IsZero() {
			record.StartedAt = m.Now
		}
		record.State, record.FinishedAt, record.Message = release.PhaseSucceeded, m.Now, SpecOf(phase).Done(m)
		m.markLasted(record)
	}
}

// seal makes the run's release the live one and the one before it history.
func (m *Machine) seal() {
	r := &m.Recorded
	m.markSucceeded(release.PhaseActivate)
	if old := r.Live; old != nil {
		superseded := *old
		superseded.SupersededAt = m.Now
		r.History = append([]release.Live{superseded}, r.History...)
		r.History = r.History[:min(len(r.History), maxHistory)]
	}
	r.Live = &release.Live{
		ID: r.Run.ReleaseID, BuildID: m.Desired.BuildID, ImageDigest: m.Desired.Image.Digest,
		DeployedDigest: r.Run.DeployedDigest, AssetsDigest: r.Run.AssetsDigest, ConfigHash: r.Run.ConfigHash,
		Revision: m.Desired.Revision, ActivatedAt: m.Now, Functions: slices.Clone(r.Run.Functions),
	}
	r.Run.State, r.Run.FinishedAt = release.RunSucceeded, m.Now
	m.choose()
}

// elapsed is how long a phase has gone on, by the operator's own clock: AWS's clocks tell another time.
func (m *Machine) elapsed(phase release.Phase) time.Duration {
	if record := m.Recorded.Run.Phase(phase); record.State == release.PhaseRunning {
		return m.Now.Sub(record.StartedAt)
	}
	return 0
}
