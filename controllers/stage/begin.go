package stage

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// recoverLive records the live release, the releases beside it and the run that was under way at once: a part of it would be taken for
// all that there is to remember.
func (s *session) recoverLive(ctx context.Context, step release.Step) error {
	d := s.situation.Desired
	live := s.situation.Observed.Aliases[d.HTTP().Name]
	var run *release.Run
	if live.Description.ReleaseID != d.ID {
		var err error
		if run, err = s.leftRun(ctx, live.PublishedAt); err != nil {
			return err
		}
	}
	plan.Record(step, &s.situation)
	if run != nil {
		s.recordRun(run, causeOf(s.before, &s.situation, s.requests))
	}
	return s.recorded(ctx, step)
}

// recordRun records a run that begins, with what only the status itself holds of it.
func (s *session) recordRun(run *release.Run, cause v1alpha1.Cause) {
	s.situation.Recorded.Run = run
	writeRecorded(&s.stage.Status, &s.situation.Recorded)
	s.stage.Status.Target.Generation, s.stage.Status.Target.Cause = s.stage.Generation, cause
}

// leftRun finds the run of the desired release that was under way when the status was lost: its commands must not run again. A run
// from before the live release was published ended long ago. Nil where there is none.
func (s *session) leftRun(ctx context.Context, since time.Time) (*release.Run, error) {
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	d := s.situation.Desired
	left, claimed, err := s.observer.LatestRun(ctx, d.ID)
	if err != nil || left == "" || plan.StartOf(left).Before(since.Truncate(time.Second)) {
		return nil, err
	}
	return plan.Continue(d, s.Now(), left, claimed, s.Limits), nil
}

// begin starts a run. Where nothing is remembered the bucket tells of an earlier run of this very release, and the versions tell of
// the releases before it.
func (s *session) begin(ctx context.Context) error {
	d, now := s.situation.Desired, s.Now()
	run := plan.Begin(d, now, uuid.NewString()[:4])
	recorded := &s.situation.Recorded
	if recorded.Run == nil && recorded.Live == nil && s.situation.Observed.Foundation.Exists {
		left, err := s.leftRun(ctx, time.Time{})
		if err != nil {
			return err
		}
		if left != nil {
			run = left
		}
		if err := s.rememberReleases(ctx); err != nil {
			return err
		}
	}
	cause := causeOf(s.before, &s.situation, s.requests)
	s.recordRun(run, cause)
	s.situation.Retry = false
	s.requests.taken(release.Step{Action: release.ActionBegin})
	s.event(eventReleaseStarted, "releasing %s (%s): %s", d.BuildID, d.ID, cause.Type)
	return nil
}

// rememberReleases takes what AWS holds of other releases for history, so that nothing of it is swept away.
func (s *session) rememberReleases(ctx context.Context) error {
	if s.situation.Observed.App == nil || !s.situation.Observed.App.Exists {
		return nil
	}
	look := release.Step{Action: release.ActionLook, Part: release.PartReleases}
	if err := s.observer.Look(ctx, look, s.situation.Desired, &s.situation.Recorded, &s.situation.Observed); err != nil {
		return err
	}
	s.situation.Recorded.History = plan.Remembered(s.situation.Observed.Releases, s.situation.Desired.ID, s.Now())
	return nil
}
