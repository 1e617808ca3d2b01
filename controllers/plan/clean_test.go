package plan_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// sweeping is a situation in which only the sweep is left.
func sweeping(t *testing.T) *plan.Machine {
	t.Helper()
	return onTheWay(t, releaseOf("v2"), release.ActionSweep)
}

func justActivated(s *plan.Machine) { s.Recorded.Live.ActivatedAt = s.Now }

func history(ages ...time.Duration) func(*plan.Machine) {
	return func(s *plan.Machine) {
		s.Recorded.History = nil
		for i, age := range ages {
			s.Recorded.History = append(s.Recorded.History, release.Live{ID: fmt.Sprint(i), SupersededAt: s.Now.Add(-age)})
		}
	}
}

func TestNothingIsRemovedThatMayStillBeUsed(t *testing.T) {
	const day = 24 * time.Hour
	decide(t, sweeping, []row{
		{"all is as it should be", asItIs, "Sweep"},
		{"the switch is on its way through Lambda", justActivated, "wait Pending"},
		{"a minute is enough", and(justActivated, ago(time.Minute)), "Sweep"},
		{"and less is not", and(justActivated, ago(59*time.Second)), "wait Pending"},
		{"nobody looked at the foundation", func(s *plan.Machine) { s.Observed.Foundation = nil }, "Look Foundation"},
		{"nobody looked at the stack", func(s *plan.Machine) { s.Observed.App = nil }, "Look App"},
		{"nobody looked at the aliases", func(s *plan.Machine) { s.Observed.Forget(release.PartAliases) }, "Look Aliases"},
		{"nobody looked into them", func(s *plan.Machine) { s.Observed.Contents = false }, "Look Aliases"},
		{"nobody looked at what must stay", func(s *plan.Machine) { s.Observed.Leftovers = nil }, "Look Leftovers"},
		{"someone moved an alias to an old version", at("2", "2", "1"), "refuse AliasConflict"},
		{"someone shares the traffic with an old version", weighted("http"), "refuse AliasConflict"},
		{"the stack is someone else's by now", func(s *plan.Machine) { s.Observed.App.Foreign = "it is" }, "refuse NotOwned"},
		{"which is known before anything in it is looked at",
			func(s *plan.Machine) { s.Observed.App.Foreign, s.Observed.Aliases = "it is", nil }, "refuse NotOwned"},
		{"the foundation is someone else's by now", func(s *plan.Machine) { s.Observed.Foundation.Foreign = "it is" },
			"refuse NotOwned"},
		{"the foundation is gone", func(s *plan.Machine) { s.Observed.Foundation = &release.Stack{} },
			"refuse StackNeedsHelp"},
		{"another operation goes on", func(s *plan.Machine) { s.Observed.App.Status = "UPDATE_IN_PROGRESS" },
			"wait StackBusy"},
		{"a release leaves the history before the first of it is removed", history(day, 2*day, 3*day), "Trim"},
		{"all are kept", history(day, 2*day), "Sweep"},
		{"the clean-up is done", func(s *plan.Machine) { s.Recorded.Live.Cleaned = true }, "Done"},
	})
}

func TestHistoryIsTrimmedByNumberAndAge(t *testing.T) {
	const day = 24 * time.Hour
	ages := func(n int, age time.Duration) []time.Duration {
		list := make([]time.Duration, n)
		for i := range list {
			list[i] = age
		}
		return list
	}
	for _, r := range []struct {
		why  string
		keep int32
		ages []time.Duration
		want int
	}{
		{"there is none", 2, nil, 0},
		{"fewer than are kept", 5, ages(3, 30*day), 3},
		{"more than are kept", 2, ages(3, 30*day), 2},
		{"the younger ones stay for a day whatever their number", 2, ages(6, day-time.Second), 6},
		{"after a day they go", 2, ages(6, day), 2},
		{"the status has room for twenty, however young they are", 2, ages(25, 0), 20},
		{"or however many are to be kept", 99, ages(25, 30*day), 20},
		{"the oldest go first", 2, []time.Duration{time.Hour, 2 * day, 3 * day, 4 * day}, 2},
	} {
		t.Run(r.why, func(t *testing.T) {
			s := &plan.Machine{Now: noon}
			history(r.ages...)(s)
			got := plan.Trimmed(s.Recorded.History, r.keep, plan.DefaultLimits(), noon)
			if diff := cmp.Diff(append([]release.Live{}, s.Recorded.History[:r.want]...), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTrimmingDropsFromTheRecord(t *testing.T) {
	s := sweeping(t)
	history(48*time.Hour, 48*time.Hour, 48*time.Hour)(s)
	did(s, step(release.ActionTrim))
	if got := len(s.Recorded.History); got != 2 {
		t.Errorf("%d releases are kept", got)
	}
	if got := decided(s); got != "Look Leftovers" {
		t.Errorf("decided is %q: which workers must stay was told with the history before", got)
	}
}

func TestAWorkerThatIsGoneStaysAsLongAsItIsNeeded(t *testing.T) {
	o := newOperator(t)
	must(t, o.release(releaseOf("v1", withWorkers(worker("default", "default"), worker("mail", "mails")))))
	o.w.busy["mail-queue"] = true
	must(t, o.release(releaseOf("v2")))
	if o.w.functions["mail-queue"] == nil {
		t.Fatal("the worker of a queue with messages was removed")
	}
	o.w.busy["mail-queue"] = false
	must(t, o.release(releaseOf("v3")))
	if o.w.functions["mail-queue"] != nil {
		t.Error("the worker stays although nobody needs it")
	}
}

// swept is a machine whose sweep is done, with what was seen of what is live after it.
func swept(seen *release.Whole) func(*plan.Machine) {
	return func(s *plan.Machine) {
		did(s, step(release.ActionSweep))
		s.Observed.Whole = seen
	}
}

func repaired(s *plan.Machine) {
	seen := s.Observed.Whole
	did(s, step(release.ActionRepair))
	s.Observed.Whole = seen
}

func TestTheCleanUpEndsWithALookWhetherWhatIsLiveIsWhole(t *testing.T) {
	gone := &release.Whole{Sendable: []string{"the image"}}
	decide(t, sweeping, []row{
		{"nobody looked", swept(nil), "Look Whole"},
		{"all is there", swept(&release.Whole{}), "Cleaned"},
		{"something is missing that can be sent again", swept(gone), "Repair"},
		{"it could not be restored as it was", and(swept(gone), repaired), "refuse LiveIncomplete"},
		{"a version is gone, which nothing brings back", swept(&release.Whole{Versions: []string{"version 2 of http"}}),
			"refuse LiveIncomplete"},
		{"it is looked at again after a repair", and(swept(gone), func(s *plan.Machine) {
			did(s, step(release.ActionRepair))
		}), "Look Whole"},
	})
}

// A repair that takes its time is gone on with by each reconcile: another sweep would give it up, and begin it anew for
// ever.
func TestARepairIsGoneOnWithUntilItHasEnded(t *testing.T) {
	o := released(t)
	o.w.whole.Sendable = []string{"the image"}
	o.written.Live.Cleaned, o.trace = false, nil
	o.lasts = func() time.Duration { return time.Minute }
	must(t, o.release(releaseOf("v1")))
	if got := count(o.trace, "Sweep"); got > 3 { // it is named until it has ended, and once more after the repair
		t.Errorf("it swept %d times\n%s", got, strings.Join(o.trace, "\n"))
	}
	if !o.written.Live.Cleaned || len(o.w.whole.Sendable) > 0 {
		t.Errorf("what is live is %+v, and %v is missing", o.written.Live, o.w.whole.Sendable)
	}
}
