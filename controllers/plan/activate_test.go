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
func flipping(t *testing.T) *plan.Machine {
	t.Helper()
	o := released(t)
	s := until(t, o, releaseOf("v2"), release.ActionMove)
	for _, part := range []release.Part{release.PartFoundation, release.PartApp} {
		o.w.look(release.Step{Part: part}, &s.Observed, s.Desired, &s.Recorded)
	}
	return s
}

// at points aliases at versions, in the order worker, cli, http.
func at(versions ...string) func(*plan.Machine) {
	return func(s *plan.Machine) {
		for i, f := range s.Desired.Functions {
			alias := s.Observed.Aliases[f.Name]
			alias.Version = versions[i]
			s.Observed.Aliases[f.Name] = alias
		}
	}
}

// shared gives a part of a function's traffic to version 9, which is of a release.
func shared(function string, d release.Description) func(*plan.Machine) {
	return func(s *plan.Machine) {
		alias := s.Observed.Aliases[function]
		alias.Shares = map[string]release.Share{"9": {Percent: 10, Description: d}}
		s.Observed.Aliases[function] = alias
	}
}

// weighted says that someone shares the traffic.
func weighted(function string) func(*plan.Machine) { return shared(function, release.Description{}) }

func failing(s *plan.Machine) {
	s.Recorded.Run.Failure = release.Reject(v1alpha1.ConditionActivated, v1alpha1.ReasonRolledBack, "it failed")
}

func unintended(s *plan.Machine) { s.Recorded.Run.Activation = nil }

func intended(s *plan.Machine) { s.Recorded.Run.Activation = &release.Activation{IntendedAt: noon} }

func TestAliasesMoveWorkersFirstAndHTTPLast(t *testing.T) {
	decide(t, flipping, []row{
		{"nobody looked where they are", func(s *plan.Machine) { s.Observed.Aliases = nil }, "Look Aliases"},
		{"where they were is recorded before the first moves", unintended, "Intend"},
		{"workers take the new jobs before anything sends them", at("1", "1", "1"), "Move default-queue"},
		{"then schedules and commands", at("2", "1", "1"), "Move cli"},
		{"users come last", at("2", "2", "1"), "Move http"},
		{"what is there stays, in whatever order it got there", at("1", "2", "2"), "Move default-queue"},
		{"all are there, and nothing else differs", at("2", "2", "2"), "Seal"},
		{"someone shares the traffic: the new version gets all of it", and(at("2", "2", "2"), weighted("cli")), "Move cli"},
		{"someone moved an alias elsewhere", at("2", "7", "1"), "refuse AliasConflict"},
		{"someone removed an alias", at("2", "", "1"), "refuse AliasConflict"},
		{"the stack is someone else's by now",
			and(at("2", "2", "2"), func(s *plan.Machine) { s.Observed.App.Foreign = "it is" }), "refuse NotOwned"},
		{"the foundation is gone", and(at("2", "2", "2"),
			func(s *plan.Machine) { s.Observed.Foundation = &release.Stack{} }), "refuse StackNeedsHelp"},
	})
}

func TestAliasesMoveBackInReverse(t *testing.T) {
	decide(t, flipping, []row{
		{"nobody looked where they are", and(failing, func(s *plan.Machine) { s.Observed.Aliases = nil }), "Look Aliases"},
		{"users go first to what their jobs will know", and(failing, at("2", "2", "2")), "Revert http"},
		{"then schedules", and(failing, at("2", "2", "1")), "Revert cli"},
		{"workers last", and(failing, at("2", "1", "1")), "Revert default-queue"},
		{"only what had moved moves back", and(failing, at("2", "1", "1")), "Revert default-queue"},
		{"all are back: the run has failed", and(failing, at("1", "1", "1")), "refuse RolledBack"},
		{"what someone else moved stays where they put it", and(failing, at("2", "7", "1")), "Revert default-queue"},
		{"a function that is new has nowhere to go back to", and(failing, at("2", "2", "2"), func(s *plan.Machine) {
			s.Recorded.Run.Activation.Move("http").Before, s.Recorded.Run.Activation.Move("cli").Before = "", ""
		}), "Revert default-queue"},
		{"being suspended does not leave functions on different releases", and(failing, at("2", "2", "2"), suspend),
			"Revert http"},
	})
}

func TestTheMovesAreRecordedBeforeTheFirstOfThem(t *testing.T) {
	s := onTheWay(t, releaseOf("v2"), release.ActionIntend)
	at("1", "", "2")(s) // the cli function is new; http was moved by an earlier try of this very version
	did(s, step(release.ActionIntend))
	want := &release.Activation{IntendedAt: s.Now, StageSince: s.Now, Moves: []release.Move{
		{Kind: release.MoveAlias, Name: "default-queue", Before: "1", After: "2", State: release.MovePending},
		{Kind: release.MoveAlias, Name: "cli", After: "2", State: release.MovePending},
		{Kind: release.MoveAlias, Name: "http", Before: "1", After: "2", Percent: 100, State: release.MoveDone},
	}}
	if diff := cmp.Diff(want, s.Recorded.Run.Activation); diff != "" {
		t.Error(diff)
	}
}

func TestAMoveIsRecordedWithItsShareAndKnownByItsAnswer(t *testing.T) {
	s := flipping(t)
	for _, name := range []string{"default-queue", "cli", "http"} {
		next, err := s.Next()
		must(t, err)
		if next.Move == nil || next.Move.Name != name || next.Move.Percent != 100 {
			t.Fatalf("named is %+v, want the move of %s", next, name)
		}
		s.Did(next, release.Outcome{Alias: &release.Alias{Version: "2"}})
		if move := s.Recorded.Run.Activation.Move(name); move.Percent != 100 || move.State != release.MoveDone {
			t.Errorf("recorded is %+v", move)
		}
	}
	if got := decided(s); got != "Seal" {
		t.Errorf("after the last decided is %q", got)
	}
}

func TestAMoveThatSomeoneWroteInBetweenIsLookedAtAgain(t *testing.T) {
	s := flipping(t)
	next, err := s.Next()
	must(t, err)
	did(s, next)
	if s.Observed.Aliases != nil || s.Recorded.Run.Activation.Moves[0].State != release.MovePending {
		t.Errorf("aliases are %+v, the move is %+v", s.Observed.Aliases, s.Recorded.Run.Activation.Moves[0])
	}
}

func TestEnvironmentsAreWarmedAgainWhenCommandsTookLong(t *testing.T) {
	base := func(t *testing.T) *plan.Machine {
		t.Helper()
		s := onTheWay(t, releaseOf("v2"), release.ActionIntend)
		s.Recorded.Run.Warm.At = s.Now
		return s
	}
	decide(t, base, []row{
		{"they have just been warmed", asItIs, "Intend"},
		{"five minutes is still warm", ago(5 * time.Minute), "Intend"},
		{"after that Lambda has taken them back", ago(5*time.Minute + time.Second), "Warm"},
		{"aliases are moving: users are the better warmers", and(intended, at("2", "2", "2"), ago(time.Hour)),
			"Look App"},
	})
}

func TestTheEntriesOfTheFirstReleaseComeAfterItsAliases(t *testing.T) {
	base := func(t *testing.T) *plan.Machine {
		t.Helper()
		return firstTime(t, releaseOf("v1"), release.ActionMove)
	}
	decide(t, base, []row{
		{"there is no alias yet", asItIs, "Move default-queue"},
		{"one after another", at("1", "", ""), "Move cli"},
		{"all have their alias, so traffic may reach them", at("1", "1", "1"), "Look App"},
		{"nothing is there to go back to", and(failing, at("1", "1", "1")), "refuse RolledBack"},
	})
}

func TestSealingMakesTheOldReleaseHistory(t *testing.T) {
	s := flipping(t)
	before := *s.Recorded.Live
	s.Recorded.History = []release.Live{{ID: "older"}}
	did(s, step(release.ActionSeal))
	live, run := s.Recorded.Live, s.Recorded.Run
	want := release.Live{
		ID: s.Desired.ID, BuildID: "v2", ImageDigest: s.Desired.Image.Digest, DeployedDigest: deployedDigest("v2"),
		AssetsDigest: "assets",
		ConfigHash:   s.Desired.ConfigHash, Revision: "1", ActivatedAt: s.Now, Functions: run.Functions,
	}
	if diff := cmp.Diff(want, *live); diff != "" {
		t.Error(diff)
	}
	before.SupersededAt = s.Now
	if diff := cmp.Diff([]release.Live{before, {ID: "older"}}, s.Recorded.History); diff != "" {
		t.Errorf("the history, with the versions that a rollback needs:\n%s", diff)
	}
	if run.State != release.RunSucceeded {
		t.Errorf("the run is %s", run.State)
	}
}

func TestTheHistoryNeverHoldsMoreThanTheStatusTakes(t *testing.T) {
	s := flipping(t)
	s.Recorded.History = make([]release.Live, 20)
	did(s, step(release.ActionSeal))
	if got := len(s.Recorded.History); got != 20 || s.Recorded.History[0].BuildID != "v1" {
		t.Errorf("%d releases, the newest %q: the API server would refuse the record of the switch", got,
			s.Recorded.History[0].BuildID)
	}
}
