package stage

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/phase"
	"github.com/aloft-dev/aloft/controllers/release"
)

func workOn(t *testing.T) (*work, *v1alpha1.Stage) {
	t.Helper()
	stage := &v1alpha1.Stage{}
	stage.Namespace, stage.Name, stage.UID = "clouder", "production", "1"
	return newWork(t.Context(), 1, time.Now), stage
}

// uploads brings about an upload whose image has a digest.
func uploads(digest string) perform {
	return func(context.Context, *phase.Progress) (release.Outcome, error) {
		return release.Outcome{Uploaded: &release.Uploaded{DeployedDigest: digest}}, nil
	}
}

// digestOf is the digest of the image that was uploaded.
func digestOf(o release.Outcome) string {
	if o.Uploaded == nil {
		return ""
	}
	return o.Uploaded.DeployedDigest
}

// woken waits until the work has ended and the Stage was woken.
func woken(t *testing.T, w *work) {
	t.Helper()
	select {
	case event := <-w.wake:
		if event.Object.GetName() != "production" || event.Object.GetNamespace() != "clouder" {
			t.Fatalf("%s/%s was woken", event.Object.GetNamespace(), event.Object.GetName())
		}
	case <-time.After(10 * time.Second):
		t.Fatal("nobody was woken")
	}
}

func TestHowWorkEndedIsToldUntilItIsRecorded(t *testing.T) {
	w, stage := workOn(t)
	if _, at, _ := w.do(stage, "upload", uploads("first")); !at.running {
		t.Fatal("it ended before it could begin")
	}
	woken(t, w)
	for range 2 { // the first reconcile may be refused by the status's lock, and must not lose what was done
		run, at, err := w.do(stage, "upload", uploads("again"))
		if at.running || err != nil || digestOf(run) != "first" {
			t.Fatalf("told is %+v, %+v, %v", run, at, err)
		}
	}
	w.recorded(stage.UID)
	if _, at, _ := w.do(stage, "upload", uploads("second")); !at.running {
		t.Error("what was recorded is told again")
	}
}

func TestWorkThatIsNotToldYetIsNotForgottenByARecord(t *testing.T) {
	w, stage := workOn(t)
	_, _, _ = w.do(stage, "upload", uploads("first"))
	woken(t, w)
	w.recorded(stage.UID) // a write of something else
	if run, at, _ := w.do(stage, "upload", uploads("second")); at.running || digestOf(run) != "first" {
		t.Errorf("told is %+v, %+v", run, at)
	}
}

func TestWorkThatFailedIsBegunAgainAfterAPauseThatGrows(t *testing.T) {
	w, stage := workOn(t)
	now := time.Unix(1_800_000_000, 0)
	w.now = func() time.Time { return now }
	failure := errors.New("the registry is down")
	fails := func(context.Context, *phase.Progress) (release.Outcome, error) { return release.Outcome{}, failure }
	_, _, _ = w.do(stage, "upload", fails)
	for _, pause := range []time.Duration{firstPause, 2 * firstPause, 4 * firstPause} {
		woken(t, w)
		_, at, err := w.do(stage, "upload", fails)
		if at.running || !errors.Is(err, failure) || at.again != pause {
			t.Fatalf("told is %+v, %v, want a pause of %s", at, err, pause)
		}
		now = now.Add(pause - time.Millisecond)
		if _, at, err := w.do(stage, "upload", fails); at.running || !errors.Is(err, failure) {
			t.Fatalf("before the pause is over told is %+v, %v", at, err)
		}
		now = now.Add(time.Millisecond)
		if _, at, _ := w.do(stage, "upload", fails); !at.running {
			t.Fatal("it is not begun again")
		}
	}
}

func TestWorkThatWaitsSaysItselfWhenItIsBegunAgain(t *testing.T) {
	w, stage := workOn(t)
	_, _, _ = w.do(stage, "upload", func(context.Context, *phase.Progress) (release.Outcome, error) {
		return release.Outcome{}, release.Wait("ImagePushed", "ImageNotFound", time.Minute, "not there yet")
	})
	woken(t, w)
	if _, _, err := w.do(stage, "upload", uploads("second")); err == nil {
		t.Fatal("the wait is not told")
	}
	if _, at, _ := w.do(stage, "upload", uploads("second")); !at.running {
		t.Error("it is not begun again")
	}
}

func TestWorkThatGoesOnTellsHowFarItHasCome(t *testing.T) {
	w, stage := workOn(t)
	begun, finish := make(chan struct{}), make(chan struct{})
	_, _, _ = w.do(stage, "upload", func(_ context.Context, progress *phase.Progress) (release.Outcome, error) {
		progress.AssetsOf.Store(7)
		progress.Assets.Store(3)
		close(begun)
		<-finish
		return release.Outcome{}, nil
	})
	<-begun
	if _, at, _ := w.do(stage, "upload", uploads("again")); !at.running || at.progress != "3 of 7 assets are in place" {
		t.Errorf("told is %+v", at)
	}
	close(finish)
	woken(t, w)
}

func TestWhatIsStoppedIsWaitedFor(t *testing.T) {
	w, stage := workOn(t)
	if !w.stop(stage.UID, "") {
		t.Error("nothing goes on, and is waited for")
	}
	begun, finish := make(chan struct{}), make(chan struct{})
	_, _, _ = w.do(stage, "upload", func(context.Context, *phase.Progress) (release.Outcome, error) {
		close(begun)
		<-finish // what is on its way is still sent
		return release.Outcome{}, context.Canceled
	})
	<-begun
	if w.stop(stage.UID, "") {
		t.Error("it is taken for ended while it still sends")
	}
	close(finish)
	woken(t, w)
	for deadline := time.Now().Add(10 * time.Second); !w.stop(stage.UID, ""); {
		if time.Now().After(deadline) {
			t.Fatal("it is never taken for ended")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestARepairGoesOnWhileEverythingElseIsStopped(t *testing.T) {
	w, stage := workOn(t)
	begun, finish := make(chan struct{}), make(chan struct{})
	_, _, _ = w.do(stage, "repair", func(ctx context.Context, _ *phase.Progress) (release.Outcome, error) {
		close(begun)
		<-finish
		return release.Outcome{}, ctx.Err()
	})
	<-begun
	if !w.stop(stage.UID, "repair") {
		t.Error("it is waited for")
	}
	close(finish)
	woken(t, w)
	if _, at, err := w.do(stage, "repair", uploads("again")); at.running || err != nil {
		t.Errorf("it was given up: %+v, %v", at, err)
	}
}

func TestOtherWorkGivesUpTheWorkBefore(t *testing.T) {
	for why, giveUp := range map[string]func(*work, *v1alpha1.Stage){
		"a newer release uploads": func(w *work, stage *v1alpha1.Stage) {
			_, _,
				_ = w.do(stage, "newer", uploads("newer"))
		},
		"the Stage is being deleted": func(w *work, stage *v1alpha1.Stage) { w.stop(stage.UID, "") },
	} {
		t.Run(why, func(t *testing.T) {
			w, stage := workOn(t)
			begun, cancelled := make(chan struct{}), make(chan struct{})
			_, _, _ = w.do(stage, "older", func(ctx context.Context, _ *phase.Progress) (release.Outcome, error) {
				close(begun)
				<-ctx.Done()
				close(cancelled)
				return release.Outcome{}, ctx.Err()
			})
			<-begun
			giveUp(w, stage)
			select {
			case <-cancelled:
			case <-time.After(10 * time.Second):
				t.Error("it goes on")
			}
		})
	}
}
