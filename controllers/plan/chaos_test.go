package plan_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// wishes are what a Stage asks for, one after another.
var wishes = []*release.Desired{
	releaseOf("v1"),
	releaseOf("v2"),
	releaseOf("v2", withWorkers(worker("default", "default"), worker("mail", "mails"))),
	releaseOf("v3", withWorkers(worker("mail", "default"))),
	releaseOf("v4", withoutCommands),
	releaseOf("v5", withWorkers()),
}

// chaos is what goes wrong, by the number of the moment at which it does.
type chaos struct {
	crashes, rollBacks map[int]bool
	// withdrawals are of the right to finish a release that is not asked for any more, bars of the right to anything; each
	// second one gives it back.
	withdrawals, bars map[int]bool
	edits             map[int]*release.Desired
	moment            int
}

func drawChaos(t *rapid.T, o *operator) *chaos {
	moments := rapid.SliceOfNDistinct(rapid.IntRange(0, 250), 0, 8, rapid.ID)
	set := func(label string) map[int]bool {
		at := map[int]bool{}
		for _, moment := range moments.Draw(t, label) {
			at[moment] = true
		}
		return at
	}
	lasts := rapid.SliceOfN(rapid.SampledFrom([]time.Duration{0, time.Second, 20 * time.Second, 10 * time.Minute}), 1, 5).
		Draw(t, "work beside lasts")
	o.lasts = func() time.Duration {
		lasts = append(lasts[1:], lasts[0])
		return lasts[0]
	}
	c := &chaos{
		crashes: set("crashes"), rollBacks: set("stack operations fail after"), withdrawals: set("a right is withdrawn"),
		bars: set("the namespace is not allowed"), edits: map[int]*release.Desired{},
	}
	for moment := range set("edits") {
		c.edits[moment] = wishes[rapid.IntRange(0, len(wishes)-1).Draw(t, "wish")]
	}
	delay := rapid.SampledFrom([]time.Duration{0, startTime, commandTime + time.Minute, 15 * time.Minute})
	o.w.deliveries = rapid.SliceOfN(rapid.SliceOfN(delay, 0, 3), 0, 6).Draw(t, "deliveries")
	if rapid.Bool().Draw(t, "something of what is live is missing") {
		o.w.whole.Sendable = []string{"the image"}
	}
	if rapid.Bool().Draw(t, "migrate fails") {
		o.w.exitCodes["migrate"] = 1
	}
	if rapid.Bool().Draw(t, "clear is silent") {
		o.w.silent["clear"] = true
	}
	return c
}

// crash counts the moments and lets happen what is due.
func (c *chaos) crash(o *operator) bool {
	c.moment++
	if c.rollBacks[c.moment] {
		o.w.rollBack[release.PartApp] = true
	}
	if c.withdrawals[c.moment] {
		o.withdrawn = toggled(o.withdrawn, notAnyMore)
	}
	if c.bars[c.moment] {
		o.barred = toggled(o.barred, notAllowed)
	}
	if wish := c.edits[c.moment]; wish != nil {
		o.want = wish // the next reconcile sees it
	}
	return c.crashes[c.moment]
}

func toggled(is error, other *release.Rejected) error {
	if is != nil {
		return nil
	}
	return other
}

// person does what the message of a refusal asks for.
func (o *operator) person(t *rapid.T, rejected *release.Rejected) {
	if rejected.Condition == v1alpha1.ConditionCleaned {
		o.w.now = o.w.now.Add(10 * time.Minute) // the clean-up is tried again by itself
		return
	}
	switch rejected.Reason {
	case v1alpha1.ReasonProfileNotAllowed:
		o.barred = nil
	case v1alpha1.ReasonCommandFailed:
		o.w.exitCodes = map[string]int32{}
		o.asksAgain()
	case v1alpha1.ReasonCommandNotStarted, v1alpha1.ReasonStackRolledBack, v1alpha1.ReasonRolledBack,
		v1alpha1.ReasonEntryFailed:
		o.asksAgain()
	case v1alpha1.ReasonCommandOutcomeUnknown:
		o.resolves(rapid.SampledFrom([]string{"succeeded", "retry", "abort"}).Draw(t, "resolution"))
		o.w.silent = map[string]bool{}
	default:
		t.Fatalf("nobody can help with %v", rejected)
	}
}

// asksAgain sets the annotation for another try to a new value.
func (o *operator) asksAgain() { o.requests.Retry += "+" }

// resolves gives a person's word for the command of unknown outcome.
func (o *operator) resolves(word string) {
	for _, command := range o.written.Run.Commands {
		if command.State == release.CommandUnknown {
			o.requests.CommandResolution = o.written.Run.ID + "/" + command.Name + "=" + word
		}
	}
}

func TestWhateverGoesWrongTheStageGetsThereAndStartsEachCommandOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := newOperator(t)
		c := drawChaos(t, o)
		o.crashes = func() bool { return c.crash(o) }
		o.want = wishes[rapid.IntRange(0, len(wishes)-1).Draw(t, "first wish")]
		o.arrive(t)
		requireThere(t, o)
	})
}

// arrive helps until the Stage is where it should be.
func (o *operator) arrive(t *rapid.T) {
	const patience = 40
	for range patience {
		err := o.release(o.want)
		rejected, isRejected := release.AsRejected(err)
		switch {
		case isRejected:
			o.person(t, rejected)
		case err != nil:
			t.Fatal(err)
		case o.m.Desired.ID == o.want.ID:
			return
		}
	}
	t.Fatalf("it never got there:\n%s", strings.Join(o.trace, "\n"))
}

func requireThere(t *rapid.T, o *operator) {
	for key, times := range o.w.starts {
		if times > 1 {
			t.Fatalf("%s started %d times", key, times)
		}
	}
	for _, f := range o.want.Functions {
		if got := o.w.function(f.Name).alias.Description.ReleaseID; got != o.want.ID {
			t.Fatalf("function %s is live with release %q, wanted is %s\n%v", f.Name, got, o.want.ID, o.trace)
		}
	}
	if live := o.written.Live; live == nil || live.ID != o.want.ID || !live.Cleaned {
		t.Fatalf("recorded as live is %+v", live)
	}
}

// What the status holds can be found again, but for a command that was invoked and has not claimed its start yet. The
// Stage may ask for something else by then.
func TestALostStatusIsFoundAgain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := newOperator(t)
		lost := rapid.IntRange(0, 60).Draw(t, "lost after")
		o.want = wishes[rapid.IntRange(0, len(wishes)-1).Draw(t, "first wish")]
		moment := 0
		o.crashes = func() bool {
			moment++
			if moment < lost || o.w.invoking > 0 {
				return false
			}
			o.written, lost = release.Recorded{}, 1<<30
			o.want = wishes[rapid.IntRange(0, len(wishes)-1).Draw(t, "wish by then")]
			return true
		}
		o.arrive(t)
		requireThere(t, o)
		o.want = wishes[rapid.IntRange(0, len(wishes)-1).Draw(t, "second wish")]
		o.arrive(t)
		requireThere(t, o)
	})
}

func TestWhenTheStatusOfALiveStageIsLostNothingRunsAgain(t *testing.T) {
	o := newOperator(t)
	must(t, o.release(releaseOf("v1")))
	o.written, o.trace = release.Recorded{}, nil
	must(t, o.release(releaseOf("v1")))
	requireGolden(t, "status-lost", o.trace)
	if got := o.written.Live; got == nil || got.ID != releaseOf("v1").ID || got.DeployedDigest != deployedDigest("v1") {
		t.Errorf("recorded as live is %+v", got)
	}
}
