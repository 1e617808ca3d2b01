package plan_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// flipping is a situation in which the first alias is about to move, from version 1 to version 2.
func flipping(t *testing.T) plan.Situation {
	t.Helper()
	o := released(t)
	s := until(t, o, releaseOf("v2"), release.ActionFlip)
	for _, part := range []release.Part{release.PartFoundation, release.PartApp} {
		o.w.look(release.Step{Part: part}, &s.Observed, s.Desired, &s.Recorded)
	}
	return s
}

// at points aliases at versions, in the order worker, cli, http.
func at(versions ...string) func(*plan.Situation) {
	return func(s *plan.Situation) {
		for i, f := range s.Desired.Functions {
			alias := s.Observed.Aliases[f.Name]
			alias.Version = versions[i]
			s.Observed.Aliases[f.Name] = alias
		}
	}
}

func weighted(function string) func(*plan.Situation) {
	return func(s *plan.Situation) {
		alias := s.Observed.Aliases[function]
		alias.Weighted = true
		s.Observed.Aliases[function] = alias
	}
}

func failing(s *plan.Situation) {
	s.Recorded.Run.Failure = release.Reject(v1alpha1.ConditionActivated, v1alpha1.ReasonRolledBack, "it failed")
}

func intended(at time.Time) func(*plan.Situation) {
	return func(s *plan.Situation) { s.Recorded.Run.FlipIntendedAt = at }
}

func TestAliasesMoveWorkersFirstAndHTTPLast(t *testing.T) {
	decide(t, flipping, []row{
		{"nobody looked where they are", func(s *plan.Situation) { s.Observed.Aliases = nil }, "Look Aliases"},
		{"where they were is recorded before the first moves", intended(time.Time{}), "IntendFlip"},
		{"workers take the new jobs before anything sends them", at("1", "1", "1"), "Flip default-queue"},
		{"then schedules and commands", at("2", "1", "1"), "Flip cli"},
		{"users come last", at("2", "2", "1"), "Flip http"},
		{"what is there stays, in whatever order it got there", at("1", "2", "2"), "Flip default-queue"},
		{"all are there, and nothing else differs", at("2", "2", "2"), "Seal"},
		{"someone shares the traffic: the new version gets all of it", and(at("2", "2", "2"), weighted("cli")), "Flip cli"},
		{"someone moved an alias elsewhere", at("2", "7", "1"), "refuse AliasConflict"},
		{"someone removed an alias", at("2", "", "1"), "refuse AliasConflict"},
		{"the stack is someone else's by now", and(at("2", "2", "2"), func(s *plan.Situation) { s.Observed.App.Foreign = "it is" }), "refuse NotOwned"},
		{"the foundation is gone", and(at("2", "2", "2"), func(s *plan.Situation) { s.Observed.Foundation = &release.Stack{} }), "refuse StackNeedsHelp"},
	})
}

func TestAliasesMoveBackInReverse(t *testing.T) {
	decide(t, flipping, []row{
		{"nobody looked where they are", and(failing, func(s *plan.Situation) { s.Observed.Aliases = nil }), "Look Aliases"},
		{"users go first to what their jobs will know", and(failing, at("2", "2", "2")), "FlipBack http"},
		{"then schedules", and(failing, at("2", "2", "1")), "FlipBack cli"},
		{"workers last", and(failing, at("2", "1", "1")), "FlipBack default-queue"},
		{"only what had moved moves back", and(failing, at("2", "1", "1")), "FlipBack default-queue"},
		{"all are back: the run has failed", and(failing, at("1", "1", "1")), "refuse RolledBack"},
		{"what someone else moved stays where they put it", and(failing, at("2", "7", "1")), "FlipBack default-queue"},
		{"a function that is new has nowhere to go back to", and(failing, at("2", "2", "2"), func(s *plan.Situation) {
			s.Recorded.Run.Function("http").Previous, s.Recorded.Run.Function("cli").Previous = "", ""
		}), "FlipBack default-queue"},
		{"being suspended does not leave functions on different releases", and(failing, at("2", "2", "2"), suspend), "FlipBack http"},
	})
}

func TestTheVersionsBeforeARunAreRecordedOnce(t *testing.T) {
	s := onTheWay(t, releaseOf("v2"), release.ActionIntendFlip)
	at("1", "", "2")(&s) // the cli function is new; http was moved by an earlier try of this very version
	s.Recorded.Run.Function("http").Previous = "1"
	plan.Record(release.Step{Action: release.ActionIntendFlip}, &s)
	want := []release.FunctionVersion{
		{Name: "default-queue", Version: "2", Previous: "1"}, {Name: "cli", Version: "2"}, {Name: "http", Version: "2", Previous: "1"},
	}
	if diff := cmp.Diff(want, s.Recorded.Run.Functions); diff != "" {
		t.Error(diff)
	}
	if !s.Recorded.Run.FlipIntendedAt.Equal(s.Now) {
		t.Error("the time is not recorded")
	}
}

func TestEnvironmentsAreWarmedAgainWhenCommandsTookLong(t *testing.T) {
	base := func(t *testing.T) plan.Situation {
		t.Helper()
		s := onTheWay(t, releaseOf("v2"), release.ActionIntendFlip)
		s.Recorded.Run.Warm.At = s.Now
		return s
	}
	decide(t, base, []row{
		{"they have just been warmed", asItIs, "IntendFlip"},
		{"five minutes is still warm", ago(5 * time.Minute), "IntendFlip"},
		{"after that Lambda has taken them back", ago(5*time.Minute + time.Second), "Warm"},
		{"aliases are moving: users are the better warmers", and(intended(noon), at("2", "2", "2"), ago(time.Hour)), "Look Foundation"},
	})
}

func TestTheEntriesOfTheFirstReleaseComeAfterItsAliases(t *testing.T) {
	base := func(t *testing.T) plan.Situation {
		t.Helper()
		return firstTime(t, releaseOf("v1"), release.ActionFlip)
	}
	decide(t, base, []row{
		{"there is no alias yet", asItIs, "Flip default-queue"},
		{"one after another", at("1", "", ""), "Flip cli"},
		{"all have their alias, so traffic may reach them", at("1", "1", "1"), "Look Foundation"},
		{"nothing is there to go back to", and(failing, at("1", "1", "1")), "refuse RolledBack"},
	})
}

func TestSealingMakesTheOldReleaseHistory(t *testing.T) {
	s := flipping(t)
	before := *s.Recorded.Live
	s.Recorded.History = []release.Live{{ID: s.Desired.ID}, {ID: "older"}}
	plan.Record(release.Step{Action: release.ActionSeal}, &s)
	live, run := s.Recorded.Live, s.Recorded.Run
	want := release.Live{
		ID: s.Desired.ID, BuildID: "v2", ImageDigest: s.Desired.Image.Digest, DeployedDigest: deployedDigest("v2"), AssetsDigest: "assets",
		ConfigHash: s.Desired.ConfigHash, Revision: "1", ActivatedAt: s.Now, Functions: run.Functions,
	}
	if diff := cmp.Diff(want, *live); diff != "" {
		t.Error(diff)
	}
	before.SupersededAt, before.Functions = s.Now, nil
	if diff := cmp.Diff([]release.Live{before, {ID: "older"}}, s.Recorded.History); diff != "" {
		t.Errorf("the history, in which no release is twice:\n%s", diff)
	}
	if run.State != release.RunSucceeded {
		t.Errorf("the run is %s", run.State)
	}
}

func TestTheHistoryNeverHoldsMoreThanTheStatusTakes(t *testing.T) {
	s := flipping(t)
	s.Recorded.History = make([]release.Live, 20)
	plan.Record(release.Step{Action: release.ActionSeal}, &s)
	if got := len(s.Recorded.History); got != 20 || s.Recorded.History[0].BuildID != "v1" {
		t.Errorf("%d releases, the newest %q: the API server would refuse the record of the switch", got, s.Recorded.History[0].BuildID)
	}
}
