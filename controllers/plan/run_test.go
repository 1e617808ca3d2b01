package plan_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// beginning is a situation in which a run of v2, whose image is known, is about to begin, while v1 is live and cleaned.
func beginning(t *testing.T) *plan.Machine {
	t.Helper()
	o := released(t)
	o.written.Image = imageOf(releaseOf("v2"))
	m := until(t, o, releaseOf("v2"), release.ActionBegin)
	m.Observed.Quiet = true
	return m
}

// imageOf is what the image of a release was resolved to.
func imageOf(d *release.Desired) *release.ResolvedImage {
	return &release.ResolvedImage{
		Repository: d.Image.Repository, Tag: d.Image.Tag, Architecture: d.Image.Architecture, Digest: d.Image.Digest,
	}
}

// asksFor has the Stage ask for another release, whose image is known.
func asksFor(s *plan.Machine, d *release.Desired, edits ...func(*plan.Asked)) {
	s.Recorded.Image = imageOf(d)
	s.Ask(asked(d, edits...))
}

func failedRun(reason string) func(*plan.Machine) {
	return func(s *plan.Machine) {
		s.Recorded.Run = &release.Run{ID: "run-1", ReleaseID: s.Desired.ID, State: release.RunFailed,
			Failure: release.Reject(v1alpha1.ConditionActivated, reason, "it failed")}
	}
}

func retry(s *plan.Machine) { s.Asked.Requests.Retry = "again" }

func asksForLive(s *plan.Machine) {
	asksFor(s, releaseOf("v1"), func(a *plan.Asked) { a.Requests, a.Suspended = s.Asked.Requests, s.Asked.Suspended })
}

func notCleaned(s *plan.Machine) { s.Recorded.Live.Cleaned = false }

func runOf(id string, state release.RunState, commands ...release.CommandState) func(*plan.Machine) {
	return func(s *plan.Machine) {
		s.Recorded.Run = &release.Run{ID: "run-1", ReleaseID: id, State: state}
		for _, command := range commands {
			s.Recorded.Run.Commands = append(s.Recorded.Run.Commands, release.CommandRun{State: command})
		}
	}
}

func TestARunBeginsByAChangedReleaseOrAPersonAndNeverByItself(t *testing.T) {
	decide(t, beginning, []row{
		{"another release is asked for", asItIs, "Begin"},
		{"the run of another release goes on, and nothing of it has begun that must end",
			runOf("another", release.RunRunning), "Begin"},
		{"the run of another release failed", runOf("another", release.RunFailed), "Begin"},
		{"this release was live once, and then another",
			func(s *plan.Machine) { runOf(s.Desired.ID, release.RunSucceeded)(s) }, "Begin"},
		{"this very release failed: it stays so", failedRun(v1alpha1.ReasonCommandFailed), "refuse CommandFailed"},
		{"until a person asks for another try", and(failedRun(v1alpha1.ReasonCommandFailed), retry), "Begin"},
		{"its commands have run and its aliases stand: only the entries are tried again",
			and(failedRun(v1alpha1.ReasonEntryFailed), retry), "Resume"},
		{"and not by itself", failedRun(v1alpha1.ReasonEntryFailed), "refuse EntryFailed"},
		{"a person wants a command of unknown outcome started again",
			func(s *plan.Machine) { runOf(s.Desired.ID, release.RunFailed)(s) }, "Begin"},
		{"a retry says nothing while the run goes on",
			and(func(s *plan.Machine) { runOf(s.Desired.ID, release.RunRunning)(s) }, retry), "Pass Resolve"},
	})
}

func TestGoingBackToWhatIsLiveRunsNoCommand(t *testing.T) {
	decide(t, beginning, []row{
		{"nothing was begun and all is clean", asksForLive, "Done"},
		{"a retry has nothing to try", and(asksForLive, retry), "Done"},
		{"the other release failed", and(runOf("another", release.RunFailed, "Failed"), asksForLive), "Return"},
		{"the other release goes on and may be given up", and(runOf("another", release.RunRunning), asksForLive), "Return"},
		{"its command may run and must not be left alone", and(runOf("another", release.RunRunning, "Started"), asksForLive),
			"Look Declaration"},
		{"an outcome is unknown, and the command has long ended",
			and(runOf("another", release.RunRunning, "Unknown"), asksForLive), "Return"},
		{"the other release is gone", and(asksForLive, notCleaned), "Look App"},
	})
	s := beginning(t)
	and(runOf("another", release.RunFailed), asksForLive)(s)
	did(s, step(release.ActionReturn))
	if s.Recorded.Run != nil || s.Recorded.Live.Cleaned {
		t.Errorf("recorded is %+v, %+v: what the other release left is not cleaned", s.Recorded.Run, s.Recorded.Live)
	}
}

func TestARunThatIsResumedTriesItsEntriesUnderAnotherToken(t *testing.T) {
	s := beginning(t)
	and(failedRun(v1alpha1.ReasonEntryFailed), retry)(s)
	did(s, step(release.ActionResume))
	run := s.Recorded.Run
	if run.State != release.RunRunning || run.Failure != nil || run.Attempt != 1 || s.Recorded.Handled.Retry != "again" {
		t.Errorf("the run is %+v, handled is %+v", run, s.Recorded.Handled)
	}
}

func TestARunIsNamedByItsTimeSoThatTheNewestIsKnown(t *testing.T) {
	begun := func(at time.Duration, nonce string) *release.Run {
		s := beginning(t)
		s.Now, s.Nonce = noon.Add(at), nonce
		did(s, step(release.ActionBegin))
		return s.Recorded.Run
	}
	first, second := begun(0, "zzzz"), begun(time.Second, "aaaa")
	if first.ID != "20260102t120000-zzzz" || first.ID >= second.ID {
		t.Errorf("%s, then %s", first.ID, second.ID)
	}
	d := releaseOf("v2")
	want := &release.Run{
		ID: first.ID, ReleaseID: d.ID, State: release.RunRunning, StartedAt: noon, BuildID: "v2", ImageDigest: d.Image.Digest,
		Revision: "1", ConfigHash: d.ConfigHash, Generation: 1, Cause: release.Cause{Type: release.CauseImage, Name: "v2"},
		Phases: []release.PhaseRecord{{
			Phase: release.PhaseResolve, State: release.PhaseRunning, StartedAt: noon,
			Message: "ghcr.io/acme/clouder:v2 is looked up",
		}},
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Error(diff)
	}
	if strings.ContainsAny(first.ID, "/ ") {
		t.Error("it is part of a key")
	}
}

// forgotten is a Stage that was wiped or made again, after everything was looked at.
func forgotten(t *testing.T) *plan.Machine {
	t.Helper()
	o := released(t)
	o.written = release.Recorded{}
	return until(t, o, releaseOf("v1"), release.ActionRecover)
}

// onAlias changes what was seen of an alias.
func onAlias(name string, change func(*release.Alias)) func(*plan.Machine) {
	return func(s *plan.Machine) {
		a := s.Observed.Aliases[name]
		change(&a)
		s.Observed.Aliases[name] = a
	}
}

func TestWhatNothingIsRememberedOfIsLookedForOnce(t *testing.T) {
	decide(t, forgotten, []row{
		{"everything was looked at", asItIs, "Recover"},
		{"nobody looked at the aliases", func(s *plan.Machine) { s.Observed.Forget(release.PartAliases) }, "Look Aliases"},
		{"nobody looked into them", func(s *plan.Machine) { s.Observed.Contents = false }, "Look Aliases"},
		{"nobody looked for other releases", func(s *plan.Machine) { s.Observed.Releases = nil }, "Look Releases"},
		{"nobody looked for a run that was under way", func(s *plan.Machine) { s.Observed.Left = nil }, "Look Left"},
		{"there is no application, so nothing is live",
			func(s *plan.Machine) { s.Observed.App, s.Observed.Aliases = &release.Stack{}, nil }, "Recover"},
		{"nobody looked for one", func(s *plan.Machine) { s.Observed.App = nil }, "Look App"},
		{"there is nothing at all", func(s *plan.Machine) { s.Observed = release.Observed{Foundation: &release.Stack{}} },
			"Recover"},
		{"nobody looked for anything", func(s *plan.Machine) { s.Observed.Foundation = nil }, "Look Foundation"},
		{"what is there belongs to someone else", func(s *plan.Machine) { s.Observed.Foundation.Foreign = "it does" },
			"refuse NotOwned"},
		{"the application belongs to someone else", func(s *plan.Machine) { s.Observed.App.Foreign = "it does" },
			"refuse NotOwned"},
		{"it was looked for before", func(s *plan.Machine) { s.Recorded.Run.Recovering = false }, "Pass Foundation"},
	})
}

func TestWhatIsLiveIsRecoveredFromTheAliases(t *testing.T) {
	v1, v2 := releaseOf("v1"), releaseOf("v2", withWorkers(worker("default", "default"), worker("mail", "mails")))
	asksForNext := func(s *plan.Machine) { s.Desired = v2 }
	gone := func(a *release.Alias) { *a = release.Alias{} }
	other := func(a *release.Alias) { a.Description.ReleaseID = "another" }
	for _, r := range []struct {
		why    string
		change func(*plan.Machine)
		live   string
	}{
		{"all aliases agree", asItIs, v1.ID},
		{"so they do when another release is asked for by now", asksForNext, v1.ID},
		{"a run added a function, and never came to its alias", and(asksForNext, onAlias("mail-queue", gone)), v1.ID},
		{"they disagree: it was in the middle of a switch", onAlias("cli", other), ""},
		{"the last one to move has not moved", onAlias("http", gone), ""},
		{"one that this very release needs is missing", onAlias("default-queue", gone), ""},
		{"someone who is not Aloft shares the traffic", shared("cli", release.Description{}), ""},
		{"a run of another release shares the traffic", shared("cli", v2.Description()), v1.ID},
		{"there is no application", func(s *plan.Machine) { s.Observed.Aliases = nil }, ""},
	} {
		t.Run(r.why, func(t *testing.T) {
			s := forgotten(t)
			r.change(s)
			did(s, step(release.ActionRecover))
			got := ""
			if s.Recorded.Live != nil {
				got = s.Recorded.Live.ID
			}
			if got != r.live {
				t.Errorf("live is %q, want %q", got, r.live)
			}
		})
	}
}

func TestTheRecoveredReleaseIsWhatItsAliasesTell(t *testing.T) {
	s := forgotten(t)
	s.Observed.Aliases["mail-queue"] = release.Alias{}
	did(s, step(release.ActionRecover))
	want := &release.Live{
		ID: s.Desired.ID, BuildID: "v1", Revision: "1", DeployedDigest: deployedDigest("v1"), ConfigHash: "config",
		ActivatedAt: s.Now,
		Functions: []release.FunctionVersion{{Name: "cli", Version: "1"}, {Name: "default-queue", Version: "1"},
			{Name: "http", Version: "1"}},
	}
	if diff := cmp.Diff(want, s.Recorded.Live); diff != "" {
		t.Error(diff)
	}
	if s.Recorded.Run != nil {
		t.Errorf("a run goes on of what is live: %+v", s.Recorded.Run)
	}
}

// A release that had begun to take over the traffic when the record was lost is known by its share of it.
func TestAShareOfTheTrafficThatOurOwnRunLeftIsRecognised(t *testing.T) {
	v2 := releaseOf("v2")
	t.Run("the Stage asks for that release: its run goes on, and its commands do not run again", func(t *testing.T) {
		s := forgotten(t)
		s.Desired, s.Recorded.Run.ReleaseID, s.Recorded.Run.BuildID = v2, v2.ID, "v2"
		asksFor(s, v2)
		shared("http", v2.Description())(s)
		s.Observed.Left = &release.LeftRun{Run: "20260102t130000-left", Commands: []string{"migrate", "clear"}}
		did(s, step(release.ActionRecover))
		run := s.Recorded.Run
		if run.ID != "20260102t130000-left" || len(run.Commands) != 2 || s.Recorded.Live.BuildID != "v1" {
			t.Fatalf("the run is %+v, live is %+v", run, s.Recorded.Live)
		}
	})
	t.Run("the Stage asks for what is live: the share is taken back, and nothing is released", func(t *testing.T) {
		s := forgotten(t)
		shared("http", v2.Description())(s)
		did(s, step(release.ActionRecover))
		if got := decided(s); got != "Revert http" {
			t.Fatalf("decided is %q", got)
		}
		next, err := s.Next()
		must(t, err)
		if next.Move.Before != "1" || next.Move.After != "9" {
			t.Fatalf("moved is %+v", next.Move)
		}
		did(s, next)
		s.Observed.Aliases = map[string]release.Alias{"http": {Version: "1", Description: releaseOf("v1").Description()}}
		_, err = s.Next()
		must(t, s.Failed(release.Step{}, release.Outcome{}, err)) // the run has failed, and what is asked for is live
		s.Observed.Quiet = true
		if got := decided(s); got != "Return" {
			t.Errorf("then decided is %q", got)
		}
	})
}

func TestARunFromBeforeWhatIsLiveIsNotGoneOnWith(t *testing.T) {
	v2 := releaseOf("v2")
	for _, r := range []struct {
		why  string
		left string
		want bool
	}{
		{"it began after what is live was published", "20260102t130000-left", true},
		{"it ended long before: this is another release of the same content", "20260102t110000-left", false},
		{"there is none", "", false},
	} {
		t.Run(r.why, func(t *testing.T) {
			s := forgotten(t)
			s.Recorded.Run.ReleaseID, s.Recorded.Run.BuildID = v2.ID, "v2"
			asksFor(s, v2)
			onAlias("http", func(a *release.Alias) { a.PublishedAt = noon })(s)
			s.Observed.Left = &release.LeftRun{Run: r.left, Commands: []string{"migrate"}}
			did(s, step(release.ActionRecover))
			run := s.Recorded.Run
			if goneOn := run.ID == r.left && len(run.Commands) == 1; goneOn != r.want {
				t.Errorf("the run is %+v", run)
			}
		})
	}
}

// What is live keeps its revision when the record is lost: a newer operator would give it another id.
func TestALostRecordReleasesNothingUnderANewerOperator(t *testing.T) {
	o := released(t)
	o.written, o.trace, o.revision = release.Recorded{}, nil, "2"
	must(t, o.release(releaseOf("v1")))
	for key, times := range o.w.starts {
		if times > 1 {
			t.Errorf("%s started %d times", key, times)
		}
	}
	if len(o.w.starts) != 2 || o.written.Live.Revision != "1" || o.written.Run != nil {
		t.Errorf("started are %v, live is %+v, the run is %+v", o.w.starts, o.written.Live, o.written.Run)
	}
}

func TestALostRunOfAnOlderOperatorIsFoundAgainByItsVersions(t *testing.T) {
	o := released(t)
	until(t, o, releaseOf("v2"), release.ActionMove)
	left := o.written.Run.ID
	o.written, o.revision = release.Recorded{}, "2"
	must(t, o.release(releaseOf("v2")))
	for key, times := range o.w.starts {
		if times > 1 {
			t.Errorf("%s started %d times", key, times)
		}
	}
	if len(o.w.starts) != 4 || o.written.Run.ID != left || o.written.Live.Revision != "1" {
		t.Errorf("started are %v in the run %s, want those of %s", o.w.starts, o.written.Run.ID, left)
	}
}

// A command of another release that had started when the record was lost runs to its end before those of what is asked
// for; the world fails where two run at the same time.
func TestACommandOfAnotherReleaseThatWasUnderWayIsAwaited(t *testing.T) {
	o := released(t)
	o.w.silent["migrate"] = true
	until(t, o, releaseOf("v2"), release.ActionRecordCommand) // it has claimed its start
	o.written, o.trace = release.Recorded{}, nil
	began := o.w.now
	until(t, o, releaseOf("v3"), release.ActionStack)
	if waited := o.w.now.Sub(began); waited < 15*time.Minute || waited > 20*time.Minute {
		t.Errorf("it went on after %s\n%s", waited, strings.Join(o.trace, "\n"))
	}
}

func TestOpenCommandsAreAwaitedForAsLongAsAFunctionMayRun(t *testing.T) {
	started := func(ago time.Duration) func(*plan.Machine) {
		return func(s *plan.Machine) {
			s.Observed.Left = &release.LeftRun{Open: []release.OpenCommand{
				{Release: "r7", Name: "migrate", StartedAt: s.Now.Add(-ago)},
			}}
		}
	}
	decide(t, forgotten, []row{
		{"it has just started", started(time.Second), "wait Progressing"},
		{"it may still store its result", started(15*time.Minute + 59*time.Second), "wait Progressing"},
		{"Lambda has ended it", started(17 * time.Minute), "Recover"},
	})
}

func TestWhatGoesOnEndsWhenTheRightToItIsWithdrawn(t *testing.T) {
	unprepared := func(err error) func(*plan.Machine) {
		return func(s *plan.Machine) {
			s.Observed.Quiet = false
			s.Ask(asked(releaseOf("v2"), func(a *plan.Asked) { a.Unprepared = err }))
		}
	}
	refused := release.Reject(v1alpha1.ConditionReady, v1alpha1.ReasonRegistryNotAllowed, "not any more")
	decide(t, beginning, []row{
		{"a registry is not allowed any more", unprepared(refused), "Stop"},
		{"a Secret is gone", unprepared(release.Wait(v1alpha1.ConditionReady, v1alpha1.ReasonSecretNotFound, 0, "gone")),
			"Stop"},
		{"the API server does not answer: that withdraws nothing", unprepared(errors.New("timeout")), "fail timeout"},
		{"all has ended", and(unprepared(refused), func(s *plan.Machine) { s.Observed.Quiet = true }),
			"refuse RegistryNotAllowed"},
	})
}

// undeclared is a Stage that asks for v3 while the run of v2 must end first, whose declaration someone deleted.
func undeclared(t *testing.T, cutOff func(*operator) bool) *operator {
	t.Helper()
	o := released(t)
	o.crashes = func() bool { return cutOff(o) }
	o.want = releaseOf("v2")
	for err := error(nil); !errors.Is(err, errCrash); err = o.reconcile() {
		o.w.pass(time.Second)
	}
	o.crashes, o.trace = func() bool { return false }, nil
	delete(o.w.bucket, releaseOf("v2").ID)
	must(t, o.release(releaseOf("v3")))
	requireLive(t, o, releaseOf("v3"))
	return o
}

func TestARunWhoseDeclarationIsGoneIsGivenUp(t *testing.T) {
	t.Run("between its moves: what has moved is taken back", func(t *testing.T) {
		o := undeclared(t, func(o *operator) bool { return o.w.function("default-queue").alias.Version == "2" })
		if got := count(o.trace, "Revert default-queue"); got != 1 {
			t.Errorf("the move was taken back %d times\n%s", got, strings.Join(o.trace, "\n"))
		}
	})
	t.Run("before its command was invoked: it never starts", func(t *testing.T) {
		o := undeclared(t, func(o *operator) bool {
			run := o.written.Run
			return run != nil && len(run.Commands) == 1
		})
		if got := count(o.trace, "Void migrate"); got != 1 {
			t.Errorf("it was made void %d times\n%s", got, strings.Join(o.trace, "\n"))
		}
	})
	t.Run("while its command runs: it is awaited", func(t *testing.T) {
		o := undeclared(t, func(o *operator) bool { return len(o.w.claims) == 3 })
		if got := count(o.trace, "RecordCommand migrate"); got < 2 || count(o.trace, "Void migrate") > 0 {
			t.Errorf("learnt was %d times\n%s", got, strings.Join(o.trace, "\n"))
		}
	})
}

// halfMoved is an operator that ended after the first of the moves to v2.
func halfMoved(t *testing.T) *operator {
	t.Helper()
	o := released(t)
	o.crashes = func() bool { return o.w.function("default-queue").alias.Version == "2" }
	o.want = releaseOf("v2")
	for err := error(nil); !errors.Is(err, errCrash); err = o.reconcile() {
		o.w.pass(time.Second)
	}
	o.crashes, o.trace = func() bool { return false }, nil
	return o
}

var (
	notAnyMore = release.Reject(v1alpha1.ConditionReady, v1alpha1.ReasonRoleNotAllowed, "not any more")
	notAllowed = release.Reject(v1alpha1.ConditionReady, v1alpha1.ReasonProfileNotAllowed, "not allowed")
)

func TestARunThatMustEndIsTakenBackWithoutTheRightToIt(t *testing.T) {
	o := halfMoved(t)
	o.withdrawn = notAnyMore
	must(t, o.release(releaseOf("v3")))
	requireLive(t, o, releaseOf("v3"))
	moves := slices.DeleteFunc(slices.Clone(o.trace), func(done string) bool {
		return !strings.HasPrefix(done, "Move") && !strings.HasPrefix(done, "Revert") && !strings.HasPrefix(done, "Begin")
	})
	if len(moves) < 2 || moves[0] != "Revert default-queue" || moves[1] != "Begin v3" {
		t.Errorf("what was done is %v", moves)
	}
}

// running is an operator whose v2 has begun a command.
func running(t *testing.T, silent bool) *operator {
	t.Helper()
	o := released(t)
	o.w.silent["migrate"] = silent
	o.want = releaseOf("v2")
	for o.written.Run.BuildID != "v2" || len(o.written.Run.Commands) == 0 ||
		o.written.Run.Commands[0].State != release.CommandStarted {
		_ = o.reconcile()
		o.w.pass(time.Second)
	}
	o.trace = nil
	return o
}

// The world fails a command that starts while another one may still run.
func TestACommandIsAwaitedAlthoughTheRightToItsReleaseIsWithdrawn(t *testing.T) {
	o := running(t, true)
	o.withdrawn = notAnyMore
	o.w.silent = map[string]bool{}
	must(t, o.release(releaseOf("v3")))
	requireLive(t, o, releaseOf("v3"))
}

func TestACommandIsAwaitedAlthoughTheNamespaceWasNotAllowedForAWhile(t *testing.T) {
	o := running(t, false)
	o.want = releaseOf("v3")
	o.barred = notAllowed
	for range 3 {
		_ = o.reconcile()
	}
	if o.written.Run.State != release.RunRunning {
		t.Errorf("the run is %s although nothing may be done", o.written.Run.State)
	}
	o.barred = nil
	must(t, o.release(releaseOf("v3")))
	requireLive(t, o, releaseOf("v3"))
}

func TestADeclarationThatIsNoneIsAsGoodAsGone(t *testing.T) {
	o := halfMoved(t)
	forged := *o.w.bucket[releaseOf("v2").ID]
	forged.ID = "another"
	o.w.bucket[releaseOf("v2").ID] = &forged
	must(t, o.release(releaseOf("v3")))
	requireLive(t, o, releaseOf("v3"))
	if got := count(o.trace, "Revert default-queue"); got != 1 {
		t.Errorf("the move was taken back %d times\n%s", got, strings.Join(o.trace, "\n"))
	}
}

func TestALostKeyReleasesNothingByItself(t *testing.T) {
	renamed := func(d *release.Desired) *release.Desired { // by another key
		other := *d
		other.ID, other.ConfigHash = d.ID+"-renamed", "other"
		return &other
	}
	keyLost := func(d *release.Desired, edits ...func(*plan.Asked)) func(*plan.Machine) {
		return func(s *plan.Machine) {
			a := asked(d, edits...)
			a.Release = func(string, string) *release.Desired { return renamed(d) }
			a.Same = func(_, _, config string) *release.Desired {
				if config == d.ConfigHash {
					return d
				}
				return renamed(d)
			}
			s.Recorded.Image = imageOf(d)
			s.Ask(a)
		}
	}
	settled := func(a *plan.Asked) { a.Settled = true }
	live := releaseOf("v1")
	decide(t, beginning, []row{
		{"what is live is what was asked for last", keyLost(live, settled), "Done"},
		{"the Stage was edited since: its Secrets count", keyLost(live), "Begin"},
		{"another build is asked for", keyLost(releaseOf("v2"), settled), "Begin"},
	})
}

func requireLive(t *testing.T, o *operator, d *release.Desired) {
	t.Helper()
	if live := o.written.Live; live == nil || live.ID != d.ID {
		t.Fatalf("live is %+v\n%s", live, strings.Join(o.trace, "\n"))
	}
	for key, times := range o.w.starts {
		if times > 1 {
			t.Errorf("%s started %d times", key, times)
		}
	}
}

func count(list []string, what string) (times int) {
	for _, member := range list {
		if member == what {
			times++
		}
	}
	return times
}
