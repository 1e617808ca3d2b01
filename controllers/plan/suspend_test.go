package plan_test

import (
	"testing"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

func suspend(s *plan.Machine) { s.Asked.Suspended = true }

func TestSuspendingHoldsARunBeforeItsNextPhase(t *testing.T) {
	for action, why := range map[release.Action]string{
		release.ActionBegin:    "nothing of it has begun",
		release.ActionUpload:   "nothing was uploaded",
		release.ActionStack:    "the stack is as it was",
		release.ActionPublish:  "versions would be kept for nothing",
		release.ActionWarm:     "environments would be warm for nothing",
		release.ActionAnnounce: "no command has begun",
		release.ActionIntend:   "no alias has moved",
		release.ActionSweep:    "nothing was removed",
	} {
		t.Run(why, func(t *testing.T) {
			s := onTheWay(t, releaseOf("v2"), action)
			s.Asked.Suspended = true
			if got := decided(s); got != "wait Suspended" {
				t.Errorf("decided before %s is %q", action, got)
			}
		})
	}
}

func TestWhatHasBegunIsFinishedAlthoughItIsSuspended(t *testing.T) {
	for action, why := range map[release.Action]string{
		release.ActionInvoke:        "the command was announced",
		release.ActionRecordCommand: "what the command did is worth knowing",
		release.ActionMove:          "functions must not stay on different releases",
		release.ActionSeal:          "all aliases have moved",
	} {
		t.Run(why, func(t *testing.T) {
			s := onTheWay(t, releaseOf("v2"), action)
			s.Asked.Suspended = true
			if got := decided(s); got == "wait Suspended" {
				t.Errorf("%s is held", action)
			}
		})
	}
}

func TestWhatIsLiveIsFoundAgainAlthoughItIsSuspended(t *testing.T) {
	o := released(t)
	o.written, o.trace, o.suspended = release.Recorded{}, nil, true
	refusedOrHeld := o.release(releaseOf("v2"))
	if waiting, ok := release.AsWaiting(refusedOrHeld); !ok || waiting.Reason != v1alpha1.ReasonSuspended {
		t.Fatalf("it ended with %v", refusedOrHeld)
	}
	if live := o.written.Live; live == nil || live.BuildID != "v1" {
		t.Errorf("live is %+v\n%v", live, o.trace)
	}
	if o.w.bucket[releaseOf("v2").ID] != nil {
		t.Error("something of the release was made")
	}
}

func TestAChangeSetThatIsThereRunsAlthoughItIsSuspended(t *testing.T) {
	decide(t, changing, []row{
		{"it is not made any more", suspend, "wait Suspended"},
		{"it was made and stands in the way of others", and(withSet("CREATE_COMPLETE", "AVAILABLE"), suspend),
			"Stack App ExecuteChangeSet"},
	})
}

func TestARetryWaitsUntilItIsNoLongerSuspended(t *testing.T) {
	decide(t, beginning, []row{
		{"of the whole release", and(failedRun(v1alpha1.ReasonCommandFailed), retry, suspend), "wait Suspended"},
		{"of the entries", and(failedRun(v1alpha1.ReasonEntryFailed), retry, suspend), "wait Suspended"},
		{"a failure is reported all the same", and(failedRun(v1alpha1.ReasonCommandFailed), suspend), "refuse CommandFailed"},
		{"what is live is live", and(asksForLive, suspend), "Done"},
	})
}

// An edit takes over at each border of phases before the commands, and waits from then on until the run is done.
func TestAnEditAtEachBorderOfPhases(t *testing.T) {
	for _, r := range []struct {
		at   release.Action
		why  string
		runs int // of v2 and v3 together, after that of v1
	}{
		{release.ActionUpload, "nothing was uploaded", 2},
		{release.ActionStack, "the stack is not updated yet", 2},
		{release.ActionPublish, "the stack holds it and no version does", 2},
		{release.ActionWarm, "versions that nobody uses", 2},
		{release.ActionAnnounce, "warm environments that nobody uses", 2},
		{release.ActionInvoke, "a command was announced: it goes through to the end", 2},
		{release.ActionMove, "aliases are moving: they all do", 2},
		{release.ActionSeal, "aliases have moved", 2},
	} {
		t.Run(r.why, func(t *testing.T) {
			o := released(t)
			until(t, o, releaseOf("v2"), r.at)
			must(t, o.release(releaseOf("v3")))
			if got := o.w.live(); len(got) != 1 || got[0] != releaseOf("v3").ID {
				t.Errorf("live is %v", got)
			}
			passed := false
			for _, old := range o.written.History {
				passed = passed || old.BuildID == "v2"
			}
			committed := r.at == release.ActionInvoke || r.at == release.ActionMove || r.at == release.ActionSeal
			if passed != committed {
				t.Errorf("v2 was live: %t, want %t", passed, committed)
			}
		})
	}
}
