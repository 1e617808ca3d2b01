package plan

import (
	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// beginRun begins a run by a changed release or a person's word, and never by itself.
func beginRun(m *Machine) (release.Step, error) {
	run := m.Recorded.Run
	begin := release.Step{Action: release.ActionBegin, Phase: release.PhaseResolve}
	switch {
	case m.superseded:
		return next()
	case run == nil:
		return begin, nil
	case m.Desired == nil: // the image is not resolved yet
		if run.State == release.RunRunning && run.ReleaseID == "" && run.BuildID == m.Asked.Image.Tag {
			return next()
		}
		return begin, nil
	case run.ReleaseID != m.Desired.ID, run.State == release.RunSucceeded:
		return begin, nil
	// a person asked to start a command of unknown outcome again
	case run.State == release.RunFailed && run.Failure == nil:
		return begin, nil
	case run.State == release.RunFailed && m.retries() && run.Failure.Reason == v1alpha1.ReasonEntryFailed:
		// Its commands ran and its aliases stand: only the entry resources are missing.
		return step(release.ActionResume, release.PhaseActivate)
	case run.State == release.RunFailed && m.retries():
		return begin, nil
	default:
		return next()
	}
}

// begin makes the record of a new run. The id begins with its time, so that runs sort by age.
func (m *Machine) begin() {
	retry := m.retriable() && m.retries()
	run := &release.Run{
		ID: release.RunID(m.Now, m.Nonce), State: release.RunRunning, StartedAt: m.Now,
		BuildID: m.Asked.Image.Tag, Recovering: m.Recorded.Run == nil && m.Recorded.Live == nil,
	}
	m.Recorded.Run = run
	m.describe(run, retry)
	if retry {
		m.markRetried()
	}
	if m.byRequest {
		m.markLooked()
	}
	m.markRunning(release.PhaseResolve, SpecOf(release.PhaseResolve).Doing(m))
}

// describe records what a run is about, as far as it is known.
func (m *Machine) describe(run *release.Run, retry bool) {
	run.Generation = m.Asked.Generation
	if d := m.Desired; d != nil {
		run.ReleaseID, run.ImageDigest, run.Revision, run.ConfigHash = d.ID, d.Image.Digest, d.Revision, d.ConfigHash
	}
	if run.Cause = m.cause(); retry {
		run.Cause = release.Cause{Type: release.CauseRetry, Name: m.Asked.Requests.Retry}
	}
}

// cause tells what made a release necessary.
func (m *Machine) cause() release.Cause {
	live := m.Recorded.Live
	switch {
	case live == nil:
		return release.Cause{Type: release.CauseCreated}
	case m.byRequest:
		return release.Cause{Type: release.CauseRequest}
	case live.BuildID != m.Asked.Image.Tag:
		return release.Cause{Type: release.CauseImage, Name: m.Asked.Image.Tag}
	case m.Asked.Settled && m.Desired != nil && live.ConfigHash != m.Desired.ConfigHash:
		return release.Cause{Type: release.CauseSecret}
	default:
		return release.Cause{Type: release.CauseManifest}
	}
}

// resolve finds the content that a tag stands for, once for each distinct image that is asked for.
func resolve(m *Machine) (release.Step, error) {
	if m.Desired != nil {
		return next()
	}
	return step(release.ActionResolve, release.PhaseResolve)
}

// resolvedTo goes on with the release that the image's content makes. Where that is what is live, the run that was
// begun to find out stays without one, and is given up.
func (m *Machine) resolvedTo() {
	m.choose()
	if run := m.Recorded.Run; m.Desired != nil && !m.isLive() && run.ReleaseID == "" {
		m.describe(run, false)
	}
}
