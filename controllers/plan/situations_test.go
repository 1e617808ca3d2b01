package plan_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
)

// statuses are all states of a stack (CloudFormation user guide, "Stack status codes"), and one that does not exist
// yet.
var statuses = []string{
	"CREATE_IN_PROGRESS", "CREATE_COMPLETE", "CREATE_FAILED", "DELETE_IN_PROGRESS", "DELETE_FAILED",
	"REVIEW_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED",
	"UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE", "UPDATE_FAILED",
	"UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE",
	"UPDATE_ROLLBACK_FAILED",
	"IMPORT_IN_PROGRESS", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_IN_PROGRESS", "IMPORT_ROLLBACK_FAILED",
	"IMPORT_ROLLBACK_COMPLETE",
	"SOMETHING_NEW",
}

func drawSituation(t *rapid.T) *plan.Machine {
	d := wishes[rapid.IntRange(0, len(wishes)-1).Draw(t, "desired")]
	s := plan.New(drawRecorded(t, d), "uid", plan.DefaultLimits())
	s.Now = drawTime(t, "now")
	s.Observed.Quiet = rapid.Bool().Draw(t, "quiet")
	s.Observed.Foundation = drawStack(t, "foundation", template.Foundation(d), release.OutputTemplateHash)
	app := template.App{Desired: d, ImageURI: "repository@" + deployedDigest(d.BuildID)}
	s.Observed.App = drawStack(t, "app", template.Expand(app, nil, nil), release.OutputRendering)
	if rapid.Bool().Draw(t, "aliases seen") {
		s.Observed.Aliases = drawAliases(t, d)
	}
	if rapid.Bool().Draw(t, "evidence seen") {
		s.Observed.Command = drawEvidence(t)
	}
	if rapid.Bool().Draw(t, "leftovers seen") {
		s.Observed.Leftovers = map[string]bool{"mail-queue": rapid.Bool().Draw(t, "mail stays")}
	}
	if rapid.Bool().Draw(t, "whole seen") {
		s.Observed.Whole = &release.Whole{Sendable: rapid.SliceOfN(rapid.Just("the image"), 0, 1).Draw(t, "missing")}
	}
	if rapid.IntRange(0, 5).Draw(t, "declaration seen") > 0 {
		stored := &release.Declaration{Release: "another"}
		if rapid.Bool().Draw(t, "declaration stored") {
			another := *d
			another.ID = "another"
			stored.Desired = &another
		}
		s.Observed.Declaration = stored
	}
	s.Ask(asked(d, func(a *plan.Asked) {
		a.Suspended = rapid.Bool().Draw(t, "suspended")
		a.Requests.Retry = rapid.SampledFrom([]string{"", "again"}).Draw(t, "retry")
		if word := rapid.SampledFrom([]string{"", "succeeded", "retry", "abort", "nonsense"}).Draw(t,
			"resolution"); word != "" {
			a.Requests.CommandResolution = "run-1/migrate=" + word
		}
		if rapid.IntRange(0, 9).Draw(t, "unprepared") == 0 {
			a.Unprepared = release.Wait("Ready", "SecretNotFound", 0, "it is missing")
		}
	}))
	return s
}

func drawTime(t *rapid.T, label string) time.Time {
	return noon.Add(time.Duration(rapid.IntRange(-1, 40).Draw(t, label)) * time.Minute / 2)
}

func drawStack(t *rapid.T, label string, r template.Rendering, output string) *release.Stack {
	if rapid.IntRange(0, 3).Draw(t, label+" seen") == 0 {
		return nil
	}
	stack := &release.Stack{Name: label, Exists: rapid.IntRange(0, 5).Draw(t, label+" exists") > 0}
	if rapid.IntRange(0, 5).Draw(t, label+" foreign") == 0 {
		stack.Foreign = label + " belongs to someone else"
	}
	if !stack.Exists {
		return stack
	}
	stack.ID, stack.Template, stack.Parameters = label+"/1", r.JSON(), r.Parameters
	stack.Status = rapid.SampledFrom(append(statuses, "UPDATE_COMPLETE", "UPDATE_COMPLETE", "CREATE_COMPLETE")).Draw(t,
		label+" status")
	stack.Token = rapid.SampledFrom([]string{"", "someone", "someone-continue", "aloft-live-0", "aloft-0"}).Draw(t,
		label+" token")
	stack.Outputs = map[string]string{"BucketName": "bucket",
		output: rapid.SampledFrom([]string{"", r.Hash()}).Draw(t, label+" hash")}
	stack.ChangedAt = drawTime(t, label+" changed")
	return stack
}

func drawAliases(t *rapid.T, d *release.Desired) map[string]release.Alias {
	aliases := map[string]release.Alias{}
	for _, f := range d.Functions {
		aliases[f.Name] = release.Alias{
			Version: rapid.SampledFrom([]string{"", "1", "2", "3"}).Draw(t, "alias"),
			Shares:  drawShares(t),
			Description: release.Description{ReleaseID: rapid.SampledFrom([]string{wishes[0].ID, wishes[1].ID}).Draw(t,
				"release of alias")},
		}
	}
	return aliases
}

func drawShares(t *rapid.T) map[string]release.Share {
	if rapid.IntRange(0, 9).Draw(t, "weighted") > 0 {
		return nil
	}
	of := rapid.SampledFrom([]string{"", wishes[0].ID, wishes[1].ID}).Draw(t, "share of")
	return map[string]release.Share{"9": {Percent: 10, Description: release.Description{ReleaseID: of}}}
}

func drawEvidence(t *rapid.T) *release.CommandEvidence {
	e := &release.CommandEvidence{
		Name: rapid.SampledFrom([]string{"migrate", "clear", "other"}).Draw(t, "evidence of"),
		Void: rapid.Bool().Draw(t, "void"), Claimed: rapid.Bool().Draw(t, "claimed"), StartedAt: drawTime(t, "started"),
	}
	if rapid.Bool().Draw(t, "result") {
		e.Result = &release.CommandResult{ExitCode: rapid.Int32Range(0, 1).Draw(t, "exit code")}
	}
	return e
}

func drawRecorded(t *rapid.T, d *release.Desired) release.Recorded {
	r := release.Recorded{}
	if rapid.IntRange(0, 5).Draw(t, "resolved") > 0 {
		r.Image = imageOf(d)
	}
	id := rapid.SampledFrom([]string{d.ID, d.ID, "another"})
	if rapid.Bool().Draw(t, "live") {
		r.Live = &release.Live{ID: id.Draw(t, "live id"), ActivatedAt: drawTime(t, "activated"),
			Cleaned: rapid.Bool().Draw(t, "cleaned")}
		for _, f := range d.Functions {
			r.Live.Functions = append(r.Live.Functions,
				release.FunctionVersion{Name: f.Name, Version: rapid.SampledFrom([]string{"1", "2"}).Draw(t, "live version")})
		}
		r.History = make([]release.Live, rapid.IntRange(0, 20).Draw(t, "history"))
	}
	if rapid.IntRange(0, 4).Draw(t, "run") > 0 {
		r.Run = drawRun(t, d, id.Draw(t, "run id"))
	}
	return r
}

func drawRun(t *rapid.T, d *release.Desired, id string) *release.Run {
	run := &release.Run{
		ReleaseID: id, ID: "run-1", BuildID: d.BuildID, Attempt: rapid.Int32Range(0, 2).Draw(t, "attempt"),
		State: rapid.SampledFrom([]release.RunState{"Running", "Running", "Running", "Succeeded", "Failed",
			""}).Draw(t, "run state"),
		DeployedDigest: rapid.SampledFrom([]string{"", deployedDigest(d.BuildID)}).Draw(t, "deployed"),
	}
	for _, f := range d.Functions {
		if rapid.IntRange(0, 9).Draw(t, "published") > 0 {
			run.Functions = append(run.Functions, release.FunctionVersion{Name: f.Name, Version: "2"})
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "warm") > 0 {
		run.Warm = &release.Warm{At: drawTime(t, "warmed")}
	}
	for _, c := range d.Commands {
		if rapid.IntRange(0, 4).Draw(t, "announced") == 0 {
			break
		}
		run.Commands = append(run.Commands, drawCommand(t, c.Name))
	}
	if rapid.IntRange(0, 2).Draw(t, "flip intended") == 0 {
		run.Activation = &release.Activation{IntendedAt: drawTime(t, "intended at")}
		for _, f := range d.Functions {
			run.Activation.Moves = append(run.Activation.Moves, release.Move{
				Kind: release.MoveAlias, Name: f.Name, Before: rapid.SampledFrom([]string{"", "1"}).Draw(t, "before"), After: "2",
			})
		}
	}
	for i := range plan.Phases {
		run.Phases = append(run.Phases, release.PhaseRecord{
			Phase: plan.Phases[i].Phase, State: rapid.SampledFrom([]release.PhaseState{"Pending", "Running",
				"Succeeded"}).Draw(t, "phase"),
		})
	}
	if rapid.IntRange(0, 3).Draw(t, "failure") == 0 {
		run.Failure = release.Reject("Activated",
			rapid.SampledFrom([]string{"EntryFailed", "CommandFailed"}).Draw(t, "reason"), "it failed")
	}
	return run
}

func drawCommand(t *rapid.T, name string) release.CommandRun {
	return release.CommandRun{
		Name: name, Invoked: rapid.Bool().Draw(t, "invoked"), AnnouncedAt: noon, NotAfter: noon.Add(10 * time.Minute),
		State: rapid.SampledFrom([]release.CommandState{
			"Succeeded", "Succeeded", "Succeeded", "Announced", "Started", "Failed", "Void", "Unknown", "",
		}).Draw(t, "command state"),
	}
}

func TestWhateverTheSituationTheNextStepIsSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSituation(t)
		before := cloned(s.Recorded)
		step, err := s.Next()
		if diff := cmp.Diff(before, cloned(s.Recorded)); diff != "" {
			t.Fatalf("deciding changed the record:\n%s", diff)
		}
		again, errAgain := s.Next()
		if !cmp.Equal(step, again) || (err == nil) != (errAgain == nil) || err != nil && err.Error() != errAgain.Error() {
			t.Fatalf("the same situation gave %+v %v and %+v %v", step, err, again, errAgain)
		}
		if s.Situation(err) == "" || s.GoesOn() == "" || s.Live() && s.Recorded.Live.ID != s.Desired.ID {
			t.Fatalf("nothing can be told of it, or the wrong thing: %s, %q", s.Situation(err), s.GoesOn())
		}
		_, isWaiting := release.AsWaiting(err)
		_, isRejected := release.AsRejected(err)
		switch {
		case err != nil && !isWaiting && !isRejected:
			t.Fatalf("neither a wait nor a refusal: %v", err)
		case err == nil && step.Action == "":
			t.Fatal("no step and no reason")
		case err == nil:
			requireSafe(t, s, step)
		}
	})
}

// requireSafe holds a step against what must never happen.
func requireSafe(t *rapid.T, s *plan.Machine, step release.Step) {
	run, live := s.Recorded.Run, s.Recorded.Live
	switch step.Action {
	case release.ActionMove, release.ActionIntend, release.ActionSeal:
		requireReadyToFlip(t, s)
	case release.ActionAnnounce:
		if run.Command(step.Command) != nil {
			t.Fatalf("%s is announced twice", step.Command)
		}
	case release.ActionInvoke:
		record := run.Command(step.Command)
		if record.State != release.CommandAnnounced || record.Invoked || s.Now.After(record.NotAfter) ||
			s.Observed.Command.Claimed {
			t.Fatalf("%+v is started", record)
		}
	case release.ActionStack:
		requireOwn(t, s, step.Stack)
	case release.ActionTrim, release.ActionSweep:
		for _, f := range live.Functions {
			if alias := s.Observed.Aliases[f.Name]; alias.Version != f.Version || len(alias.Shares) > 0 {
				t.Fatalf("swept while the alias of %s is %+v and version %s is live", f.Name, alias, f.Version)
			}
		}
		if !s.Observed.Quiet && step.Action == release.ActionSweep {
			t.Fatal("swept while something is still sent")
		}
		if live.ID != s.Desired.ID || s.Now.Sub(live.ActivatedAt) < s.Limits.Settle {
			t.Fatalf("swept %s after the switch to %s", s.Now.Sub(live.ActivatedAt), live.ID)
		}
	case release.ActionBegin:
		if live != nil && s.Desired != nil && live.ID == s.Desired.ID {
			t.Fatal("what is live is released again")
		}
	}
	// what is live, of which nothing is remembered
	finds := step.Action == release.ActionBegin && run == nil && live == nil
	if s.Asked.Suspended && !finds &&
		(step.Action == release.ActionBegin || step.Action == release.ActionAnnounce || step.Action == release.ActionIntend) {
		t.Fatalf("%s although the Stage is suspended", step.Action)
	}
}

func requireReadyToFlip(t *rapid.T, s *plan.Machine) {
	run := s.Recorded.Run
	for _, c := range s.Desired.Commands {
		if record := run.Command(c.Name); record == nil || record.State != release.CommandSucceeded {
			t.Fatalf("aliases move while %s is %+v", c.Name, record)
		}
	}
	for _, f := range s.Desired.Functions {
		if run.Function(f.Name) == "" {
			t.Fatalf("aliases move before %s is published", f.Name)
		}
	}
	if run.Warm == nil || run.ReleaseID != s.Desired.ID {
		t.Fatalf("aliases move in the run %+v", run)
	}
}

// requireOwn says that neither the stack nor, for the application's, the foundation is someone else's.
func requireOwn(t *rapid.T, s *plan.Machine, step *release.StackStep) {
	for _, stack := range []*release.Stack{s.Observed.Foundation, s.Observed.App} {
		if stack != nil && stack.Foreign != "" && (stack.Name == step.Name || step.Part == release.PartApp) {
			t.Fatalf("%s of stack %s while %s", step.Operation, step.Name, stack.Foreign)
		}
	}
}

func TestWhateverTheSituationADeletionRemovesOnlyItsOwn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSituation(t)
		removal := &plan.Removal{Delete: rapid.Bool().Draw(t, "delete")}
		s.Ask(asked(wishes[0], func(a *plan.Asked) { a.Removal = removal }))
		id := rapid.SampledFrom([]string{"", "/1", "/0"}) // "/0" is a predecessor of the stack of the same name
		deleted := &release.Deletion{
			AppStackID:        "app" + id.Draw(t, "recorded app"),
			FoundationStackID: "foundation" + id.Draw(t, "recorded foundation"),
		}
		s.Recorded.Deletion = deleted
		step, err := s.Next()
		if err != nil || step.Action == release.ActionLook || step.Action == release.ActionStop {
			return
		}
		app, foundation := s.Observed.App, s.Observed.Foundation
		switch {
		case !removal.Delete && step.Action != release.ActionLetGo:
			t.Fatalf("%+v although everything stays", step)
		case !removal.Delete:
		case step.Action == release.ActionStack:
			requireOwn(t, s, &release.StackStep{Name: map[release.Part]string{release.PartApp: "app",
				release.PartFoundation: "foundation"}[step.Stack.Part]})
			if step.Stack.Operation != release.StackDelete || step.Stack.Name != app.ID && step.Stack.Name != foundation.ID {
				t.Fatalf("%+v", step.Stack)
			}
		case step.Action == release.ActionRemoveApp:
			if app.Exists && app.Foreign == "" && app.ID == deleted.AppStackID || foundation.Foreign != "" ||
				!foundation.Exists {
				t.Fatalf("removed beside %+v and %+v", app, foundation)
			}
		case step.Action == release.ActionRemoveFoundation && foundation.Exists:
			t.Fatalf("bucket and repository would be removed under %+v", foundation)
		}
	})
}
