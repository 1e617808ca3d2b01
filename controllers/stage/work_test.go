package stage

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

func workOn(t *testing.T) (*work, *v1alpha1.Stage) {
	t.Helper()
	stage := &v1alpha1.Stage{}
	stage.Namespace, stage.Name, stage.UID = "clouder", "production", "1"
	return newWork(t.Context(), 1), stage
}

func uploads(run string) func(context.Context) (*release.Run, error) {
	return func(context.Context) (*release.Run, error) { return &release.Run{Run: run}, nil }
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
	if _, done, _ := w.do(stage, "upload", uploads("first")); done {
		t.Fatal("it ended before it could begin")
	}
	woken(t, w)
	for range 2 { // the first reconcile may be refused by the status's lock, and must not lose what was done
		run, done, err := w.do(stage, "upload", uploads("again"))
		if !done || err != nil || run.Run != "first" {
			t.Fatalf("told is %+v, %t, %v", run, done, err)
		}
	}
	w.recorded(stage.UID)
	if _, done, _ := w.do(stage, "upload", uploads("second")); done {
		t.Error("what was recorded is told again")
	}
}

func TestWorkThatIsNotToldYetIsNotForgottenByARecord(t *testing.T) {
	w, stage := workOn(t)
	_, _, _ = w.do(stage, "upload", uploads("first"))
	woken(t, w)
	w.recorded(stage.UID) // a write of something else
	if run, done, _ := w.do(stage, "upload", uploads("second")); !done || run.Run != "first" {
		t.Errorf("told is %+v, %t", run, done)
	}
}

func TestWorkThatFailedIsBegunAgain(t *testing.T) {
	w, stage := workOn(t)
	failure := errors.New("the registry is down")
	_, _, _ = w.do(stage, "upload", func(context.Context) (*release.Run, error) { return nil, failure })
	woken(t, w)
	if _, done, err := w.do(stage, "upload", uploads("second")); !done || !errors.Is(err, failure) {
		t.Fatalf("told is %t, %v", done, err)
	}
	if _, done, _ := w.do(stage, "upload", uploads("second")); done {
		t.Fatal("the failure is told twice")
	}
	woken(t, w)
	if run, done, err := w.do(stage, "upload", uploads("third")); !done || err != nil || run.Run != "second" {
		t.Errorf("told is %+v, %t, %v", run, done, err)
	}
}

func TestOtherWorkGivesUpTheWorkBefore(t *testing.T) {
	for why, giveUp := range map[string]func(*work, *v1alpha1.Stage){
		"a newer release uploads":    func(w *work, stage *v1alpha1.Stage) { _, _, _ = w.do(stage, "newer", uploads("newer")) },
		"the Stage is being deleted": func(w *work, stage *v1alpha1.Stage) { w.drop(stage.UID) },
	} {
		t.Run(why, func(t *testing.T) {
			w, stage := workOn(t)
			begun, cancelled := make(chan struct{}), make(chan struct{})
			_, _, _ = w.do(stage, "older", func(ctx context.Context) (*release.Run, error) {
				close(begun)
				<-ctx.Done()
				close(cancelled)
				return nil, ctx.Err()
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
