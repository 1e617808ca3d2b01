package plan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// beginning is a situation in which a run of v2 is about to begin, while v1 is live and cleaned.
func beginning(t *testing.T) plan.Situation {
	t.Helper()
	return onTheWay(t, releaseOf("v2"), release.ActionBegin)
}

func failedRun(reason string) func(*plan.Situation) {
	return func(s *plan.Situation) {
		s.Recorded.Run = &release.Run{ID: s.Desired.ID, State: release.RunFailed, Failure: release.Reject(v1alpha1.ConditionActivated, reason, "it failed")}
	}
}

func retry(s *plan.Situation) { s.Retry = true }

func asksForLive(s *plan.Situation) { s.Desired = releaseOf("v1") }

func notCleaned(s *plan.Situation) { s.Recorded.Live.Cleaned = false }

func runOf(id string, state release.RunState, commands ...release.CommandState) func(*plan.Situation) {
	return func(s *plan.Situation) {
		s.Recorded.Run = &release.Run{ID: id, State: state}
		for _, command := range commands {
			s.Recorded.Run.Commands = append(s.Recorded.Run.Commands, release.CommandRun{State: command})
		}
	}
}

func TestARunBeginsByAChangedReleaseOrAPersonAndNeverByItself(t *testing.T) {
	decide(t, beginning, []row{
		{"another release is asked for", asItIs, "Begin"},
		{"the run of another release goes on, and nothing of it has begun that must end", runOf("another", release.RunRunning), "Begin"},
		{"the run of another release failed", runOf("another", release.RunFailed), "Begin"},
		{"this release was live once, and then another", func(s *plan.Situation) { runOf(s.Desired.ID, release.RunSucceeded)(s) }, "Begin"},
		{"this very release failed: it stays so", failedRun(v1alpha1.ReasonCommandFailed), "refuse CommandFailed"},
		{"until a person asks for another try", and(failedRun(v1alpha1.ReasonCommandFailed), retry), "Begin"},
		{"its commands have run and its aliases stand: only the entries are tried again", and(failedRun(v1alpha1.ReasonEntryFailed), retry), "Resume"},
		{"and not by itself", failedRun(v1alpha1.ReasonEntryFailed), "refuse EntryFailed"},
		{"a person wants a command of unknown outcome started again", func(s *plan.Situation) { runOf(s.Desired.ID, release.RunFailed)(s) }, "Begin"},
		{"a retry says nothing while the run goes on", and(func(s *plan.Situation) { runOf(s.Desired.ID, release.RunRunning)(s) }, retry), "Look Foundation"},
	})
}

func TestGoingBackToWhatIsLiveRunsNoCommand(t *testing.T) {
	decide(t, beginning, []row{
		{"nothing was begun and all is clean", asksForLive, "Done"},
		{"a retry has nothing to try", and(asksForLive, retry), "Done"},
		{"the other release failed", and(runOf("another", release.RunFailed, "Failed"), asksForLive), "Return"},
		{"the other release goes on and may be given up", and(runOf("another", release.RunRunning), asksForLive), "Return"},
		{"its command may run and must not be left alone", and(runOf("another", release.RunRunning, "Started"), asksForLive), "Look Foundation"},
		{"an outcome is unknown, and the command has long ended", and(runOf("another", release.RunRunning, "Unknown"), asksForLive), "Return"},
		{"the other release is gone", and(asksForLive, notCleaned), "Look Foundation"},
	})
	s := beginning(t)
	and(runOf("another", release.RunFailed), asksForLive)(&s)
	plan.Record(release.Step{Action: release.ActionReturn}, &s)
	if s.Recorded.Run != nil || s.Recorded.Live.Cleaned {
		t.Errorf("recorded is %+v, %+v: what the other release left is not cleaned", s.Recorded.Run, s.Recorded.Live)
	}
}

func TestARunThatIsResumedTriesItsEntriesUnderAnotherToken(t *testing.T) {
	s := beginning(t)
	and(failedRun(v1alpha1.ReasonEntryFailed), retry)(&s)
	plan.Record(release.Step{Action: release.ActionResume}, &s)
	run := s.Recorded.Run
	if run.State != release.RunRunning || run.Failure != nil || run.Attempt != 1 || s.Retry {
		t.Errorf("the run is %+v, and retry is %t", run, s.Retry)
	}
}

func TestARunIsNamedByItsTimeSoThatTheNewestIsKnown(t *testing.T) {
	d := releaseOf("v1")
	first, second := plan.Begin(d, noon, "zzzz"), plan.Begin(d, noon.Add(1e9), "aaaa")
	if first.Run != "20260102t120000-zzzz" || first.Run >= second.Run {
		t.Errorf("%s, then %s", first.Run, second.Run)
	}
	want := &release.Run{
		ID: d.ID, Run: first.Run, State: release.RunRunning, StartedAt: noon, BuildID: "v1", ImageDigest: d.Image.Digest, Revision: "1",
		ConfigHash: d.ConfigHash,
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Error(diff)
	}
	if strings.ContainsAny(first.Run, "/ ") {
		t.Error("it is part of a key")
	}
}

// forgotten is a Stage that was wiped or made again, after everything was looked at.
func forgotten(t *testing.T) plan.Situation {
	t.Helper()
	o := released(t)
	o.written = release.Recorded{}
	return until(t, o, releaseOf("v1"), release.ActionRecoverLive)
}

func TestWhatIsLiveIsRecoveredFromTheAliases(t *testing.T) {
	asksForNext := func(s *plan.Situation) {
		s.Desired = releaseOf("v2", withWorkers(worker("default", "default"), worker("mail", "mails")))
	}
	alias := func(name string, change func(*release.Alias)) func(*plan.Situation) {
		return func(s *plan.Situation) {
			a := s.Observed.Aliases[name]
			change(&a)
			s.Observed.Aliases[name] = a
		}
	}
	gone := func(a *release.Alias) { *a = release.Alias{} }
	other := func(a *release.Alias) { a.Description.ReleaseID = "another" }
	decide(t, forgotten, []row{
		{"all aliases agree", asItIs, "RecoverLive"},
		{"so they do when another release is asked for by now", asksForNext, "RecoverLive"},
		{"a run added a function, and never came to its alias", and(asksForNext, alias("mail-queue", gone)), "RecoverLive"},
		{"they disagree: it was in the middle of a switch", alias("cli", other), "Begin"},
		{"the last one to move has not moved", alias("http", gone), "Begin"},
		{"one that this very release needs is missing", alias("default-queue", gone), "Begin"},
		{"someone shares the traffic", weighted("cli"), "Begin"},
		{"nobody looked at the aliases", func(s *plan.Situation) { s.Observed.Aliases = nil }, "Look Aliases"},
		{"there is no application", func(s *plan.Situation) { s.Observed.App = &release.Stack{} }, "Begin"},
		{"nobody looked for one", func(s *plan.Situation) { s.Observed.App = nil }, "Look App"},
		{"there is nothing at all", func(s *plan.Situation) { s.Observed.Foundation = &release.Stack{} }, "Begin"},
		{"nobody looked for anything", func(s *plan.Situation) { s.Observed.Foundation = nil }, "Look Foundation"},
		{"what is there belongs to someone else", func(s *plan.Situation) { s.Observed.Foundation.Foreign = "it does" }, "refuse NotOwned"},
		{"the application belongs to someone else", func(s *plan.Situation) { s.Observed.App.Foreign = "it does" }, "refuse NotOwned"},
	})
}

func TestTheRecoveredReleaseIsWhatItsAliasesTell(t *testing.T) {
	s := forgotten(t)
	s.Observed.Aliases["mail-queue"] = release.Alias{}
	plan.Record(release.Step{Action: release.ActionRecoverLive}, &s)
	want := &release.Live{
		ID: s.Desired.ID, BuildID: "v1", Revision: "1", DeployedDigest: deployedDigest("v1"), ConfigHash: "config", ActivatedAt: s.Now,
		Functions: []release.FunctionVersion{{Name: "cli", Version: "1"}, {Name: "default-queue", Version: "1"}, {Name: "http", Version: "1"}},
	}
	if diff := cmp.Diff(want, s.Recorded.Live); diff != "" {
		t.Error(diff)
	}
}
