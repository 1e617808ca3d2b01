package work

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/aloft-dev/aloft/controllers/release"
)

var production = types.NamespacedName{Namespace: "clouder", Name: "production"}

// do is what a job does.
type do func(context.Context) (release.Outcome, error)

// job is an upload of production's.
func job(key string, do do) Job {
	return Job{
		Stage: production, UID: "1", Key: key, Pool: release.PoolUpload, Do: do,
		Within: func() time.Duration { return time.Hour },
	}
}

// uploads brings about an upload whose image has a digest.
func uploads(digest string) do {
	return func(context.Context) (release.Outcome, error) {
		return release.Outcome{Uploaded: &release.Uploaded{DeployedDigest: digest}}, nil
	}
}

func fails(err error) do {
	return func(context.Context) (release.Outcome, error) { return release.Outcome{}, err }
}

// untilCancelled goes on until it is given up.
func untilCancelled(ctx context.Context) (release.Outcome, error) {
	<-ctx.Done()
	return release.Outcome{}, ctx.Err()
}

// digestOf is the digest of the image that was uploaded.
func digestOf(o release.Outcome) string {
	if o.Uploaded == nil {
		return ""
	}
	return o.Uploaded.DeployedDigest
}

// dispatching runs a story in which time passes only when everyone waits.
func dispatching(t *testing.T, story func(*testing.T, *Dispatcher)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		story(t, New(ctx, time.Now))
	})
}

// woken waits until a job has ended and its Stage was woken.
func woken(t *testing.T, d *Dispatcher) string {
	t.Helper()
	select {
	case event := <-d.Wakes():
		return event.Object.GetNamespace() + "/" + event.Object.GetName()
	case <-time.After(24 * time.Hour):
		t.Fatal("nobody was woken")
		return ""
	}
}

func all(string) bool  { return false }
func none(string) bool { return true }

func TestHowAJobEndedIsToldUntilItIsRecorded(t *testing.T) {
	dispatching(t, func(t *testing.T, d *Dispatcher) {
		if _, at, _ := d.Ensure(job("upload", uploads("first"))); !at.Running {
			t.Fatal("it ended before it could begin")
		}
		if got := woken(t, d); got != "clouder/production" {
			t.Errorf("%s was woken", got)
		}
		for range 2 { // the first reconcile may be refused by the status's lock, and must not lose what was done
			outcome, at, err := d.Ensure(job("upload", uploads("again")))
			if at.Running || err != nil || digestOf(outcome) != "first" {
				t.Fatalf("told is %+v, %+v, %v", outcome, at, err)
			}
		}
		d.Recorded(production)
		if _, at, _ := d.Ensure(job("upload", uploads("second"))); !at.Running {
			t.Error("what was recorded is told again")
		}
	})
}

func TestWhatOthersCanGoOnFromIsToldWhileTheJobGoesOn(t *testing.T) {
	dispatching(t, func(t *testing.T, d *Dispatcher) {
		so, whole := release.Uploaded{DeployedDigest: "image"}, make(chan struct{})
		first := job("upload", func(context.Context) (release.Outcome, error) {
			<-whole
			return release.Outcome{Uploaded: &so, Assets: &release.Assets{Digest: "assets"}}, nil
		})
		_, _, _ = d.Ensure(first)
		d.Reached(production, first.UID, "another", release.Outcome{})
		if _, at, _ := d.Ensure(first); at.Reached != nil || len(d.Wakes()) > 0 {
			t.Error("what another job brought about is told as this one's")
		}
		d.Reached(production, first.UID, first.Key, release.Outcome{Uploaded: &so})
		woken(t, d)
		for range 2 {
			if _, at, err := d.Ensure(first); !at.Running || at.Reached == nil || at.Reached.Uploaded != &so || err != nil {
				t.Errorf("told is %+v, %v", at, err)
			}
			d.Recorded(production) // that the image is there
		}
		close(whole)
		woken(t, d)
		if outcome, at, err := d.Ensure(first); at.Running || err != nil || outcome.Assets == nil {
			t.Errorf("in the end told is %+v, %+v, %v", outcome, at, err)
		}
	})
}

func TestAJobThatIsNotToldYetIsNotForgottenByARecord(t *testing.T) {
	dispatching(t, func(t *testing.T, d *Dispatcher) {
		_, _, _ = d.Ensure(job("upload", uploads("first")))
		woken(t, d)
		d.Recorded(production) // a write of something else
		if outcome, at, _ := d.Ensure(job("upload", uploads("second"))); at.Running || digestOf(outcome) != "first" {
			t.Errorf("told is %+v, %+v", outcome, at)
		}
	})
}

func TestAJobThatFailedIsBegunAgainAfterAPauseThatGrows(t *testing.T) {
	dispatching(t, func(t *testing.T, d *Dispatcher) {
		failure := errors.New("the registry is down")
		upload := job("upload", fails(failure))
		_, _, _ = d.Ensure(upload)
		for _, pause := range []time.Duration{firstPause, 2 * firstPause, 4 * firstPause} {
			woken(t, d)
			if begun, _ := d.Begun(production, "1", "upload"); !begun {
				t.Error("how it ended was not told yet, and it would be fenced anew")
			}
			_, at, err := d.Ensure(upload)
			if at.Running || !errors.Is(err, failure) || at.Again != pause {
				t.Fatalf("told is %+v, %v, want a pause of %s", at, err, pause)
			}
			time.Sleep(pause - time.Millisecond)
			if _, at, err := d.Ensure(upload); at.Running || !errors.Is(err, failure) {
				t.Fatalf("before the pause is over told is %+v, %v", at, err)
			}
			if begun, _ := d.Begun(production, "1", "upload"); !begun {
				t.Error("it is left alone, and would be fenced anew")
			}
			time.Sleep(time.Millisecond)
			if begun, failed := d.Begun(production, "1", "upload"); begun || !errors.Is(failed, failure) {
				t.Error("it is to be begun again, without a fence, or what went wrong is forgotten")
			}
			if _, at, _ := d.Ensure(upload); !at.Running || !errors.Is(at.Failed, failure) {
				t.Fatalf("it is not begun again, or what went wrong is forgotten: %+v", at)
			}
		}
		woken(t, d)
	})
}

func TestTheLongestPauseIsFiveMinutes(t *testing.T) {
	dispatching(t, func(t *testing.T, d *Dispatcher) {
		upload := job("upload", fails(errors.New("down")))
		for range 40 {
			_, at, _ := d.Ensure(upload)
			if at.Again > longestPause {
				t.Fatalf("the pause is %s", at.Again)
			}
			time.Sleep(longestPause)
			select {
			case <-d.Wakes():
			default:
			}
		}
	})
}

func TestAJobThatWaitsSaysItselfWhenItIsBegunAgain(t *testing.T) {
	dispatching(t, func(t *testing.T, d *Dispatcher) {
		_, _, _ = d.Ensure(job("upload", fails(release.Wait("ImagePushed", "ImageNotFound", time.Minute, "not there yet"))))
		woken(t, d)
		if _, _, err := d.Ensure(job("upload", uploads("second"))); err == nil {
			t.Fatal("the wait is not told")
		}
		if _, at, _ := d.Ensure(job("upload", uploads("second"))); !at.Running {
			t.Error("it is not begun again")
		}
		woken(t, d)
	})
}

// progress is a text.
type progress string

func (p progress) String() string { return string(p) }

func TestAJobThatGoesOnTellsHowFarItHasCome(t *testing.T) {
	dispatching(t, func(t *testing.T, d *Dispatcher) {
		upload := job("upload", untilCancelled)
		upload.Progress = progress("3 of 7 assets are in place")
		_, _, _ = d.Ensure(upload)
		synctest.Wait()
		if _, at, _ := d.Ensure(upload); !at.Running || at.Waiting || at.Progress != "3 of 7 assets are in place" {
			t.Errorf("told is %+v", at)
		}
	})
}

func TestWhatIsStoppedIsWaitedFor(t *testing.T) {
	dispatching(t, func(t *testing.T, d *Dispatcher) {
		if !d.Stop(production, all) {
			t.Error("nothing goes on, and is waited for")
		}
		_, _, _ = d.Ensure(job("upload", func(ctx context.Context) (release.Outcome, error) {
			<-ctx.Done()
			time.Sleep(time.Second) // what is on its way is still sent
			return release.Outcome{}, ctx.Err()
		}))
		synctest.Wait()
		if d.Stop(production, all) {
			t.Error("it is taken for ended while it still sends")
		}
		woken(t, d)
		if !d.Stop(production, all) {
			t.Error("it is never taken for ended")
		}
	})
}

func TestAJobThatMayGoOnIsNotStopped(t *testing.T) {
	dispatching(t, func(t *testing.T, d *Dispatcher) {
		repair := func(ctx context.Context) (release.Outcome, error) {
			time.Sleep(time.Minute)
			return release.Outcome{}, ctx.Err()
		}
		_, _, _ = d.Ensure(job("repair", repair))
		synctest.Wait()
		if !d.Stop(production, none) {
			t.Error("it is waited for")
		}
		woken(t, d)
		if _, at, err := d.Ensure(job("repair", repair)); at.Running || err != nil {
			t.Errorf("it was given up: %+v, %v", at, err)
		}
	})
}

func TestAnotherJobBeginsWhenTheOneBeforeHasEnded(t *testing.T) {
	for why, other := range map[string]func(*Job){
		"a newer release uploads":    func(j *Job) { j.Key = "newer" },
		"another Stage has the name": func(j *Job) { j.UID = "2" },
	} {
		t.Run(why, func(t *testing.T) {
			dispatching(t, func(t *testing.T, d *Dispatcher) {
				goesOn := false
				_, _, _ = d.Ensure(job("older", func(ctx context.Context) (release.Outcome, error) {
					goesOn = true
					<-ctx.Done()
					time.Sleep(time.Second)
					goesOn = false
					return release.Outcome{}, ctx.Err()
				}))
				synctest.Wait()
				newer := job("older", func(context.Context) (release.Outcome, error) {
					if goesOn {
						t.Error("both go on at once")
					}
					return release.Outcome{}, nil
				})
				other(&newer)
				if _, at, _ := d.Ensure(newer); !at.Running || at.Progress != "what was given up comes to its end" {
					t.Errorf("told is %+v", at)
				}
				woken(t, d)
				if _, at, _ := d.Ensure(newer); !at.Running || at.Failed != nil {
					t.Errorf("told is %+v", at)
				}
				woken(t, d)
				if _, at, err := d.Ensure(newer); at.Running || err != nil {
					t.Errorf("told is %+v, %v", at, err)
				}
			})
		})
	}
}

func TestWhatGoesOnForAStageThatIsNoMoreIsGivenUpAndForgotten(t *testing.T) {
	dispatching(t, func(t *testing.T, d *Dispatcher) {
		_, _, _ = d.Ensure(job("upload", untilCancelled))
		synctest.Wait()
		d.Forget(production)
		synctest.Wait()
		if len(d.jobs) != 0 || len(d.wake) != 0 || d.pools[release.PoolUpload].free != slots[release.PoolUpload] {
			t.Errorf("kept are %v, %d are woken", d.jobs, len(d.wake))
		}
	})
}

func TestAJobThatTakesTooLongIsEnded(t *testing.T) {
	dispatching(t, func(t *testing.T, d *Dispatcher) {
		began := time.Now()
		var within atomic.Int64
		within.Store(int64(time.Minute))
		upload := job("upload", untilCancelled)
		upload.Within = func() time.Duration { return time.Duration(within.Load()) }
		_, _, _ = d.Ensure(upload)
		time.Sleep(59 * time.Second)
		within.Store(int64(10 * time.Minute)) // it has learnt how much there is to do
		woken(t, d)
		if took := time.Since(began); took < 10*time.Minute || took > 11*time.Minute {
			t.Errorf("it was ended after %s", took)
		}
		if _, _, err := d.Ensure(upload); err == nil || !strings.Contains(err.Error(), "not done within 10m0s") {
			t.Errorf("told is %v", err)
		}
	})
}

func TestAPanicEndsTheJobAndNothingElse(t *testing.T) {
	dispatching(t, func(t *testing.T, d *Dispatcher) {
		upload := job("upload", func(context.Context) (release.Outcome, error) { panic("index out of range") })
		_, _, _ = d.Ensure(upload)
		woken(t, d)
		if _, at, err := d.Ensure(upload); at.Running || err == nil || !strings.Contains(err.Error(), "index out of range") {
			t.Errorf("told is %+v, %v", at, err)
		}
		if free := d.pools[release.PoolUpload].free; free != slots[release.PoolUpload] {
			t.Errorf("%d slots are free", free)
		}
	})
}

func TestJobsEndWithTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		d := New(ctx, time.Now)
		for i := range 100 {
			upload := job("upload", untilCancelled)
			upload.Stage.Name = fmt.Sprint(i)
			_, _, _ = d.Ensure(upload)
		}
		synctest.Wait()
		cancel() // the test fails where a goroutine stays behind
	})
}
