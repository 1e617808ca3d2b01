package plan

import (
	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
)

// Asked is what a Stage asks for, as far as it could be gathered.
type Asked struct {
	// Release builds what is asked for, from the digest of its image and a revision of the operator's templates.
	Release func(digest, revision string) *release.Desired
	// Same builds what is asked for as the release that it may be, of which the record has the name of its bundle.
	Same func(digest, revision, config string) *release.Desired
	// Declared makes of a stored declaration the release of that id, as far as it may go on by what is granted today; nil
	// where it is none of that id.
	Declared func(stored *release.Desired, id string) (*release.Desired, error)
	// Unprepared is why there is no release: what the Stage refers to is missing or refused.
	Unprepared error
	// Barred says that the profile, and with it the platform team's leave, is missing.
	Barred bool
	// Image by its tag; its digest is the one that it is pinned to.
	Image release.Image
	// Revision is the newest of the operator's templates.
	Revision string
	// OriginDigest is of the secret by which the stage's distribution is known to its functions.
	OriginDigest string
	// Generation of the Stage, and whether its outcome was known before.
	Generation int64
	Settled    bool
	// Suspended holds the release before its next phase.
	Suspended bool
	// HideOutput keeps what commands print out of the record; it stays in the stage's bucket.
	HideOutput bool
	Requests   Requests
	// Removal is set for a Stage that is being deleted.
	Removal *Removal
}

// Ask tells the machine what the Stage asks for.
func (m *Machine) Ask(asked Asked) {
	m.Asked = asked
	m.choose()
	m.restartPace()
	m.handleRequests()
}

// choose finds the release to work on: what is asked for, or the one whose run must end first.
func (m *Machine) choose() {
	if m.Asked.Removal != nil {
		m.Desired = m.build(m.Asked.Image.Digest, m.Asked.Revision)
		return
	}
	m.byRequest, m.superseded = false, false
	m.Desired = m.askedRelease()
	run := m.Recorded.Run
	if run.MustFinish() && !run.Reverting() && (m.Desired == nil || m.Desired.ID != run.ReleaseID) {
		m.superseded, m.Desired = true, nil
		if d := m.Observed.Declaration; d != nil && d.Release == run.ReleaseID {
			_ = m.takeDeclared(d) // the rule that reads it back tells
		}
	}
}

// takeDeclared goes on with the release of a declaration. The error says that what it needs was taken from the profile.
func (m *Machine) takeDeclared(stored *release.Declaration) (err error) {
	if stored.Desired != nil {
		m.Desired, err = m.Asked.Declared(stored.Desired, stored.Release)
	}
	return err
}

// askedRelease gives the release that the Stage asks for; nil as long as that is not known. The revision of the
// templates never makes a release by itself: what is live or has failed keeps its own until something else changes or a
// person asks to look.
func (m *Machine) askedRelease() *release.Desired {
	if m.Asked.Unprepared != nil || m.Asked.Release == nil || !m.Recorded.Image.Of(m.Asked.Image) {
		return nil
	}
	digest, looks := m.Recorded.Image.Digest, m.looks()
	if d := m.sameAs(m.Recorded.Run, digest, release.RunRunning); d != nil {
		return d
	}
	if live := m.Recorded.Live; live != nil {
		if d := m.same(digest, live.Revision, live.ConfigHash, m.Asked.Settled || m.recovered); d.ID == live.ID {
			if m.byRequest = looks && live.Revision != m.Asked.Revision; !m.byRequest {
				return d
			}
		}
	}
	if d := m.sameAs(m.Recorded.Run, digest, release.RunFailed); d != nil && !looks {
		return d
	}
	return m.build(digest, m.Asked.Revision)
}

// sameAs gives what is asked for as the release of a run in a state; nil where it is another one.
func (m *Machine) sameAs(run *release.Run, digest string, state release.RunState) *release.Desired {
	if run == nil || run.State != state || run.ReleaseID == "" {
		return nil
	}
	d := m.same(digest, run.Revision, run.ConfigHash, run.Generation == m.Asked.Generation)
	if d.ID == run.ReleaseID {
		return d
	}
	return nil
}

// same builds what is asked for, to be compared with a release on record. The name of its bundle counts as long as the
// Stage was not edited since.
func (m *Machine) same(digest, revision, config string, unedited bool) *release.Desired {
	if m.Asked.Same == nil || !unedited {
		return m.build(digest, revision)
	}
	return m.Asked.Same(digest, revision, config)
}

func (m *Machine) build(digest, revision string) *release.Desired {
	if m.Asked.Release == nil {
		return nil
	}
	return m.Asked.Release(digest, revision)
}

// unprepared tells why what is asked for cannot be worked on. A run that must end does so all the same.
func unprepared(m *Machine) (release.Step, error) {
	if m.Asked.Unprepared == nil || m.superseded && !m.Asked.Barred {
		return next()
	}
	_, isRejected := release.AsRejected(m.Asked.Unprepared)
	_, isWaiting := release.AsWaiting(m.Asked.Unprepared)
	if (isRejected || isWaiting) && !m.Observed.Quiet { // the right to what goes on may have been withdrawn
		return step(release.ActionStop, "")
	}
	return release.Step{}, m.Asked.Unprepared
}

// declaration reads the release back whose run must end first: the Stage asks for another one by now.
func declaration(m *Machine) (release.Step, error) {
	if !m.superseded || m.Desired != nil {
		return next()
	}
	run, stored := m.Recorded.Run, m.Observed.Declaration
	switch {
	case stored == nil || stored.Release != run.ReleaseID:
		return release.Step{Action: release.ActionLook, Part: release.PartDeclaration, Release: run.ReleaseID}, nil
	}
	withdrawn := m.takeDeclared(stored)
	switch {
	case withdrawn != nil:
		return m.endWithout(withdrawn)
	case m.Desired == nil:
		return m.endWithout(release.Reject(v1alpha1.ConditionActivated, v1alpha1.ReasonDeclarationGone,
			"the declaration of release %s is gone from the stage's bucket, and without it its run cannot go on",
			run.ReleaseID))
	default:
		return next()
	}
}

// endWithout gives up a run that must end and cannot go on: what goes on beside the reconciles is stopped, its commands
// are awaited, and then its moves, which are recorded, are taken back.
func (m *Machine) endWithout(why error) (release.Step, error) {
	return first(m, quiet, func(m *Machine) (release.Step, error) {
		return m.endOpenCommands(v1alpha1.ConditionCommandsSucceeded, v1alpha1.ReasonProgressing)
	}, func(*Machine) (release.Step, error) { return release.Step{}, why })
}

// renderable refuses a release that CloudFormation would refuse for its size.
func renderable(m *Machine) (release.Step, error) {
	if m.Recorded.Run.Phase(release.PhaseFoundation).State == release.PhaseSucceeded {
		return next()
	}
	if problem := template.Oversized(m.Desired); problem != "" {
		return release.Step{}, release.Reject(v1alpha1.ConditionReady, v1alpha1.ReasonInvalidManifest,
			"spec.manifest: %s", problem)
	}
	return next()
}
