package removal_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// full is a stage of which a sweep has something of each kind to delete.
func full(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	for _, short := range []string{"http", "cli"} {
		s.function(short)
		s.publish(short, of("r0"), of("r0"), of("r2"))
	}
	s.Desired.Functions = append(s.Desired.Functions, release.Function{Name: "cli"})
	s.recorded("r2", "http/3", "cli/3")
	s.PushAny(release.BuildTag("v0"))
	s.put("_aloft/assets/v0/app.js", release.MarkerKey("v0"))
	s.later()
	s.noted()
	return s
}

// deletionsOfFull are four versions, one batch of images, the markers and the other objects.
const deletionsOfFull = 7

// fencedEach says that right before each deletion there was a fence of its own.
func fencedEach(t *testing.T, noted []string, deletions int) {
	t.Helper()
	if len(noted) != 2*deletions {
		t.Fatalf("there were %v", noted)
	}
	for i, what := range noted {
		if (what == "fence") != (i%2 == 0) {
			t.Fatalf("there were %v", noted)
		}
	}
}

func TestEachDeletionOfASweepHasAFenceOfItsOwn(t *testing.T) {
	s := full(t)
	s.removed(sweep)
	fencedEach(t, s.noted(), deletionsOfFull)
	s.removed(sweep)
	if noted := s.noted(); len(noted) != 0 {
		t.Errorf("with nothing to delete there were %v", noted)
	}
}

var errFence = errors.New("someone else has written the Stage")

// holding lets the fence hold a number of times and fail for ever after.
func (s *stage) holding(times int) {
	s.Fence = func(context.Context) error {
		if times == 0 {
			s.note("broken")
			return errFence
		}
		times--
		s.note("fence")
		return nil
	}
}

func TestNothingIsDeletedFromTheFirstFenceOnThatFails(t *testing.T) {
	for times := range deletionsOfFull {
		s := full(t)
		s.holding(times)
		if err := s.remove(sweep); !errors.Is(err, errFence) {
			t.Errorf("after %d fences the error is %v", times, err)
		}
		noted := s.noted()
		first := slices.Index(noted, "broken")
		fencedEach(t, noted[:first], times)
		if slices.ContainsFunc(noted[first:], func(what string) bool { return what != "broken" }) {
			t.Errorf("after the fence that failed there were %v", noted[first:])
		}
		s.Local.Faults().Clear()
		s.holding(100)
		s.removed(sweep) // whoever has taken over ends it
		if got := s.versions("http") + ", " + s.versions("cli"); got != "$LATEST 3, $LATEST 3" {
			t.Errorf("in the end left are %s", got)
		}
	}
}

func TestNothingIsDeletedWhenTheOperatorStoodStillAfterItsFence(t *testing.T) {
	for _, row := range []struct {
		why    string
		jump   time.Duration
		stands bool
	}{
		{"it went on at once", 0, false},
		{"it went on within the time that a fence holds", 4 * time.Second, false},
		{"its process was stopped for longer", 5*time.Second + time.Millisecond, true},
		{"its machine was suspended for an hour", time.Hour, true},
	} {
		t.Run(row.why, func(t *testing.T) {
			s := full(t)
			now := time.Now().Add(24 * time.Hour) // all that is there is older
			s.Now = func() time.Time { return now }
			s.Fence = func(context.Context) error {
				s.note("fence")
				now = now.Add(row.jump)
				return nil
			}
			err := s.remove(sweep)
			if (err != nil) != row.stands {
				t.Errorf("the error is %v", err)
			}
			deletions := slices.DeleteFunc(s.noted(), func(what string) bool { return what == "fence" })
			if row.stands && len(deletions) != 0 || !row.stands && len(deletions) != deletionsOfFull {
				t.Errorf("deleted was by %v", deletions)
			}
		})
	}
}

func TestTheWallClockAloneCanTellThatTheOperatorStoodStill(t *testing.T) {
	s := full(t)
	wall := time.Now().Add(24 * time.Hour).Round(0) // without a monotonic reading
	s.Now = func() time.Time { return wall }
	s.Fence = func(context.Context) error {
		wall = wall.Add(6 * time.Second)
		return nil
	}
	s.fails(sweep, "stood still")
	if noted := s.noted(); len(noted) != 0 {
		t.Errorf("deleted was by %v", noted)
	}
}

func TestADeletionEndsWithItsFence(t *testing.T) {
	s := full(t)
	s.Local.Faults().Inject(wire.Fault{Call: "lambda:DeleteFunction", Kind: wire.FaultDelay, Delay: time.Hour})
	// So that the test need not wait for the five seconds.
	s.Now = func() time.Time { return time.Now().Add(-4900 * time.Millisecond) }
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	began := time.Now()
	if err := s.Remove(ctx, sweep, s.Subject); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it went on for %s", took)
	}
	if got := s.versions("http") + ", " + s.versions("cli"); got != "$LATEST 1 2 3, $LATEST 1 2 3" {
		t.Errorf("left are %s", got)
	}
}

func TestAFenceIsGivenTheTimeThatTheStepHas(t *testing.T) {
	s := full(t)
	ctx, cancel := context.WithCancel(t.Context())
	s.Fence = func(ctx context.Context) error {
		cancel() // the operator is being stopped
		return ctx.Err()
	}
	if err := s.Remove(ctx, sweep, s.Subject); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if noted := s.noted(); len(noted) != 0 {
		t.Errorf("deleted was by %v", noted)
	}
}

func TestALostAnswerOfADeletionIsToldAndDoneAgain(t *testing.T) {
	for _, call := range []string{"lambda:DeleteFunction", "ecr:BatchDeleteImage", "s3:DeleteObjects"} {
		t.Run(call, func(t *testing.T) {
			s := full(t)
			s.Local.Faults().Inject(wire.Fault{Call: call, Kind: wire.FaultLoseAnswer, Times: 1})
			s.fails(sweep, "reset")
			s.removed(sweep)
			if got := s.versions("http"); got != "$LATEST 3" || len(s.digests()) != 1 || len(s.Keys("")) != 0 {
				t.Errorf("left are %s, %d images, %d objects", got, len(s.digests()), len(s.Keys("")))
			}
		})
	}
}

func TestAStepThatRemovesNothingIsNotPerformed(t *testing.T) {
	s := newStage(t)
	since := s.Local.Calls().End()
	for _, action := range []release.Action{
		release.ActionTrim, release.ActionCleaned, release.ActionUpload, release.ActionLetGo,
	} {
		s.fails(release.Step{Action: action}, string(action))
	}
	if calls := s.Local.Calls().Since(since); len(calls) > 0 {
		t.Errorf("AWS was asked: %v", calls.Names())
	}
}
