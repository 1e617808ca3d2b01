package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// updating is a situation in which a direct update of the application stack comes next.
func updating(t *testing.T) *plan.Machine {
	t.Helper()
	return onTheWay(t, releaseOf("v2"), release.ActionStack)
}

// inState puts the application stack into a state; the token says whose operation was the last.
func inState(status, token string) func(*plan.Machine) {
	return func(s *plan.Machine) {
		own := stackStep(s)
		s.Observed.App.Status = status
		s.Observed.App.Token = strings.ReplaceAll(token, "own", own.Token)
		s.Observed.App.ChangedAt = s.Now.Add(-time.Minute)
		if token != "own" {
			for i := range s.Recorded.Run.Phases {
				s.Recorded.Run.Phases[i].OperationAt = time.Time{} // this run has begun nothing
			}
		}
	}
}

func stackStep(s *plan.Machine) *release.StackStep {
	step, err := s.Next()
	if err != nil || step.Stack == nil {
		panic(line(step, err))
	}
	return step.Stack
}

// reached says that the operation's goal is deployed.
func reached(change func(*plan.Machine)) func(*plan.Machine) {
	return func(s *plan.Machine) {
		own := stackStep(s)
		change(s)
		s.Observed.App.Outputs[release.OutputRendering] = stamped(own.Template)
		s.Observed.App.Template, s.Observed.App.Parameters = own.Template, own.Parameters
	}
}

func stamped(template []byte) string {
	_, after, _ := strings.Cut(string(template),
		`"Rendering":{"Description":"Hash of this template and its parameters","Value":"`)
	hash, _, _ := strings.Cut(after, `"`)
	return hash
}

func TestEachStateOfAStackHasItsOperation(t *testing.T) {
	decide(t, updating, []row{
		{"there is no stack yet", func(s *plan.Machine) { s.Observed.App = &release.Stack{Name: "app"} }, "Stack App Create"},
		{"an update is free to begin", inState("UPDATE_COMPLETE", "someone"), "Stack App Update"},
		{"so it is after a creation", inState("CREATE_COMPLETE", "someone"), "Stack App Update"},
		{"or after someone's import", inState("IMPORT_COMPLETE", ""), "Stack App Update"},
		{"a change set that was never executed stands in the way of a creation", inState("REVIEW_IN_PROGRESS", ""),
			"Stack App Delete"},
		{"this operation goes on", inState("UPDATE_IN_PROGRESS", "own"), "wait Progressing"},
		{"its rollback goes on", inState("UPDATE_ROLLBACK_IN_PROGRESS", "own"), "wait Progressing"},
		{"another operation goes on, which refuses ours", inState("UPDATE_IN_PROGRESS", "someone"), "wait StackBusy"},
		{"someone deletes the stack", inState("DELETE_IN_PROGRESS", ""), "wait StackBusy"},
		{"a rollback's clean-up refuses an update", inState("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "someone"),
			"wait StackBusy"},
		{"what was replaced is still going, and this release is not there",
			inState("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "someone"), "wait StackBusy"},
		{"what was replaced is still going, and all is in place",
			reached(inState("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "own")), "Pass Stack"},
		{"all is in place", reached(inState("UPDATE_COMPLETE", "own")), "Pass Stack"},
		{"all is in place although nobody knows by whom", reached(inState("UPDATE_COMPLETE", "")), "Pass Stack"},
		{"someone's rollback led to where we want to be", reached(inState("UPDATE_ROLLBACK_COMPLETE", "someone")),
			"Pass Stack"},
		{"this very update was rolled back: trying again would fail again", inState("UPDATE_ROLLBACK_COMPLETE", "own"),
			"refuse StackRolledBack"},
		{"and so it is when its rollback had to be continued", inState("UPDATE_ROLLBACK_COMPLETE", "own-continue"),
			"refuse StackRolledBack"},
		{"an earlier update was rolled back: this one may succeed", inState("UPDATE_ROLLBACK_COMPLETE", "someone"),
			"Stack App Update"},
		{"an earlier rollback was continued: this update was never tried",
			inState("UPDATE_ROLLBACK_COMPLETE", "someone-continue"), "Stack App Update"},
		{"a first creation failed: such a stack can only be deleted", inState("ROLLBACK_COMPLETE", "someone"),
			"Stack App Delete"},
		{"and the same where not even the rollback succeeded", inState("ROLLBACK_FAILED", "someone"), "Stack App Delete"},
		{"or was disabled", inState("CREATE_FAILED", ""), "Stack App Delete"},
		{"this very creation failed", inState("ROLLBACK_COMPLETE", "own"), "refuse StackRolledBack"},
		{"a rollback failed: it is continued once", inState("UPDATE_ROLLBACK_FAILED", "own"), "Stack App ContinueRollback"},
		{"whoever began it", inState("UPDATE_ROLLBACK_FAILED", "someone"), "Stack App ContinueRollback"},
		{"even without a token", inState("UPDATE_ROLLBACK_FAILED", ""), "Stack App ContinueRollback"},
		{"and not twice: skipping resources is for a person to decide", inState("UPDATE_ROLLBACK_FAILED", "own-continue"),
			"refuse StackNeedsHelp"},
		{"somebody's deletion failed half way", inState("DELETE_FAILED", ""), "refuse StackNeedsHelp"},
		{"the stack is someone else's", func(s *plan.Machine) { s.Observed.App.Foreign = "it is" }, "refuse NotOwned"},
		{"the foundation is someone else's by now", func(s *plan.Machine) { s.Observed.Foundation.Foreign = "it is" },
			"refuse NotOwned"},
		{"the foundation is gone: a template without its bucket would harm",
			func(s *plan.Machine) { s.Observed.Foundation = &release.Stack{} }, "refuse StackNeedsHelp"},
		{"nobody looked at the stack", func(s *plan.Machine) { s.Observed.App, s.Now = nil, s.Now.Add(time.Second) },
			"Look App"},
		{"its operation was begun a moment ago", func(s *plan.Machine) { s.Observed.App = nil }, "wait Progressing"},
		{"the template that is deployed is not known", func(s *plan.Machine) { s.Observed.App.Template = nil },
			"Look App with template"},
		{"nobody looked at the foundation", func(s *plan.Machine) { s.Observed.Foundation = nil }, "Look Foundation"},
	})
}

// queueHeld says that the last operation met the name of a queue that had just been deleted.
func queueHeld(change func(*plan.Machine)) func(*plan.Machine) {
	return func(s *plan.Machine) {
		change(s)
		s.Observed.App.Failure = "AWS::SQS::Queue Q CREATE_FAILED: You must wait 60 seconds after deleting a queue before " +
			"you can create another"
	}
}

// rateExceeded says that the last operation was throttled.
func rateExceeded(change func(*plan.Machine)) func(*plan.Machine) {
	return func(s *plan.Machine) {
		change(s)
		s.Observed.App.Failure = `AWS::Lambda::Function Http UPDATE_FAILED: Resource handler returned message: ` +
			`"Rate exceeded (Service: Lambda, Status Code: 429)" (HandlerErrorCode: Throttling)`
	}
}

func TestAnOperationThatWasThrottledIsTriedAgainByItself(t *testing.T) {
	calm := ago(time.Minute)
	decide(t, updating, []row{
		{"it was rolled back a moment ago", rateExceeded(and(inState("UPDATE_ROLLBACK_COMPLETE", "own"), ago(-time.Minute))),
			"wait StackBusy"},
		{"that is a while ago", rateExceeded(and(inState("UPDATE_ROLLBACK_COMPLETE", "own"), calm)), "TryAgain"},
		{"so is a first creation", rateExceeded(and(inState("ROLLBACK_COMPLETE", "own"), calm)), "TryAgain"},
		{"its rollback was throttled too: it is continued", rateExceeded(inState("UPDATE_ROLLBACK_FAILED", "own")),
			"Stack App ContinueRollback"},
		{"the continuation was throttled a moment ago",
			rateExceeded(and(inState("UPDATE_ROLLBACK_FAILED", "own-continue"), ago(-time.Minute))), "wait StackBusy"},
		{"it is continued again", rateExceeded(and(inState("UPDATE_ROLLBACK_FAILED", "own-continue"), calm)),
			"Stack App ContinueRollback"},
		{"as often as it takes", rateExceeded(and(inState("UPDATE_ROLLBACK_FAILED", "own-again-1767355200-continue"), calm)),
			"Stack App ContinueRollback"},
		{"and then the update is tried again",
			rateExceeded(and(inState("UPDATE_ROLLBACK_COMPLETE", "own-again-1767355200-continue"), calm)), "TryAgain"},
	})
	s := updating(t)
	rateExceeded(and(inState("UPDATE_ROLLBACK_FAILED", "own-continue"), calm))(s)
	first := stackStep(s).Token
	s.Observed.App.Token, s.Observed.App.ChangedAt = first, s.Observed.App.ChangedAt.Add(time.Second)
	if second := stackStep(s).Token; second == first || len(second) > 128 || strings.Count(second, "-again-") != 1 {
		t.Errorf("after %q it is continued by %q", first, second)
	}
}

func TestAQueueThatWasJustDeletedIsMadeAgainAfterAMinute(t *testing.T) {
	decide(t, updating, []row{
		{"the rollback of the operation before has just deleted it",
			queueHeld(and(inState("UPDATE_ROLLBACK_COMPLETE", "own"), ago(-time.Second))), "wait StackBusy"},
		{"so has a first creation's", queueHeld(and(inState("ROLLBACK_COMPLETE", "own"), ago(-time.Second))),
			"wait StackBusy"},
		{"its name is free again", queueHeld(and(inState("UPDATE_ROLLBACK_COMPLETE", "own"), ago(2*time.Second))),
			"TryAgain"},
		{"someone else's operation failed by it: this one may succeed",
			queueHeld(inState("UPDATE_ROLLBACK_COMPLETE", "someone")), "Stack App Update"},
	})
	s := updating(t)
	queueHeld(and(inState("UPDATE_ROLLBACK_COMPLETE", "own"), ago(2*time.Second)))(s)
	step, err := s.Next()
	if err != nil {
		t.Fatal(err)
	}
	did(s, step)
	if got := decided(s); got != "Stack App Update" {
		t.Errorf("after it was counted %q is decided, want the update under a token of its own", got)
	}
}

func TestAContinuedRollbackIsNamedByTheUpdateThatFailed(t *testing.T) {
	s := updating(t)
	inState("UPDATE_ROLLBACK_FAILED", "someone")(s)
	if got := stackStep(s).Token; got != "someone-continue" {
		t.Errorf("the token is %q: under one of this run, the end would be taken for the rollback of its own update", got)
	}
}

func TestATokenNamesOneOperation(t *testing.T) {
	base := updating(t)
	want := stackStep(base).Token
	if again := updating(t); stackStep(again).Token != want {
		t.Error("the same operation has another token after a crash")
	}
	for why, change := range map[string]func(*plan.Machine){
		"another run tries again what was rolled back":  func(s *plan.Machine) { s.Recorded.Run.ID = "another" },
		"a resumed run tries its entry resources again": func(s *plan.Machine) { s.Recorded.Run.Attempt++ },
		"a successor of the same name":                  func(s *plan.Machine) { s.UID = "another" },
		"another goal": func(
			s *plan.Machine) {
			s.Recorded.Run.DeployedDigest = "sha256:another"
		},
	} {
		t.Run(why, func(t *testing.T) {
			s := updating(t)
			change(s)
			if stackStep(s).Token == want {
				t.Error("the token is the same, so that CloudFormation would do nothing")
			}
		})
	}
}

// changing is a situation in which a change set is the way: the release gives jobs more attempts.
func changing(t *testing.T) *plan.Machine {
	t.Helper()
	patient := worker("default", "default")
	patient.MaxAttempts++
	return onTheWay(t, releaseOf("v2", withWorkers(patient)), release.ActionStack)
}

func TestWhatIsOnlyAddedNeedsNoChangeSet(t *testing.T) {
	decide(t, func(t *testing.T) *plan.Machine {
		return onTheWay(t, releaseOf("v2", withWorkers(worker("default", "default"), worker("mail", "mails"))),
			release.ActionStack)
	}, []row{{"a worker is added", asItIs, "Stack App Update"}})
}

func withSet(status, execution string, changes ...release.Change) func(*plan.Machine) {
	return func(s *plan.Machine) {
		s.Observed.App.ChangeSet.Status, s.Observed.App.ChangeSet.Execution = status, execution
		s.Observed.App.ChangeSet.Changes, s.Observed.App.ChangeSet.Reason = changes, "the quota is used up"
	}
}

func TestAChangeSetIsInspectedBeforeItRuns(t *testing.T) {
	replaced := release.Change{LogicalID: "HttpFunction", Type: "AWS::Lambda::Function", Action: "Modify",
		Replacement: "True"}
	removed := release.Change{LogicalID: "DefaultMapping", Type: "AWS::Lambda::EventSourceMapping", Action: "Remove"}
	added := release.Change{LogicalID: "MailWorkerFunction", Type: "AWS::Lambda::Function", Action: "Add"}
	decide(t, changing, []row{
		{"there is none", asItIs, "Stack App CreateChangeSet"},
		{"another one was looked at", func(s *plan.Machine) { s.Observed.App.ChangeSet.Name = "another" },
			"Look App with change set"},
		{"none was looked at", func(s *plan.Machine) { s.Observed.App.ChangeSet = nil }, "Look App with change set"},
		{"it is about to be made", withSet("CREATE_PENDING", "UNAVAILABLE"), "wait Progressing"},
		{"it is being made", withSet("CREATE_IN_PROGRESS", "UNAVAILABLE"), "wait Progressing"},
		{"it adds, and takes nothing away", withSet("CREATE_COMPLETE", "AVAILABLE", added), "Stack App ExecuteChangeSet"},
		{"it would make a new function without versions", withSet("CREATE_COMPLETE", "AVAILABLE", added, replaced),
			"refuse StackRefused"},
		{"it would cut the live release off from its jobs", withSet("CREATE_COMPLETE", "AVAILABLE", removed),
			"refuse StackRefused"},
		{"the stack has changed since it was made", withSet("CREATE_COMPLETE", "OBSOLETE", added),
			"Stack App DeleteChangeSet"},
		{"CloudFormation cannot make it", withSet("FAILED", "UNAVAILABLE"), "refuse StackRefused"},
	})
}

func TestTheFoundationIsBroughtBeforeAnythingIsUploaded(t *testing.T) {
	base := func(t *testing.T) *plan.Machine {
		t.Helper()
		return firstTime(t, releaseOf("v1"), release.ActionStack)
	}
	decide(t, base, []row{
		{"there is none", asItIs, "Stack Foundation Create"},
		{"nobody looked", func(s *plan.Machine) { s.Observed.Foundation, s.Now = nil, s.Now.Add(time.Second) },
			"Look Foundation"},
		{"it was begun a moment ago", func(s *plan.Machine) { s.Observed.Foundation = nil }, "wait Progressing"},
		{"a bucket of its name belongs to someone else",
			func(s *plan.Machine) { s.Observed.Foundation.Foreign = "the bucket is" }, "refuse NotOwned"},
	})
}

func TestTheWayBackToWhatIsLiveIsTriedAgainAfterAWhile(t *testing.T) {
	o := released(t)
	o.w.exitCodes["migrate"] = 1
	refused(t, o.release(releaseOf("v2")), "CommandFailed")
	base := func(t *testing.T) *plan.Machine {
		t.Helper()
		s := until(t, o, releaseOf("v1"), release.ActionStack)
		s.Observed.App.Status, s.Observed.App.Token = "UPDATE_ROLLBACK_COMPLETE", stackStep(s).Token
		s.Observed.App.ChangedAt = s.Now
		return s
	}
	decide(t, base, []row{
		{"it has just been rolled back", asItIs, "refuse StackRolledBack"},
		{"nobody would ask for it, so it is tried again", ago(2 * time.Hour), "Stack App Update"},
		{"an update of the release that was given up says nothing about it",
			func(s *plan.Machine) { s.Observed.App.Token = "aloft-v2" }, "Stack App Update"},
	})
}

func TestAStackGetsItsOriginsSecretOnce(t *testing.T) {
	for name, row := range map[string]struct {
		reason string
		state  func(*plan.Machine)
		want   release.SecretUse
	}{
		"first": {"there is no stack that has one", func(s *plan.Machine) { s.Observed.App = &release.Stack{Name: "app"} },
			release.SecretSent},
		"former": {"a stack of templates that knew of none", func(s *plan.Machine) {
			delete(s.Observed.App.Parameters, release.ParameterOriginSecret)
		}, release.SecretSent},
		"later": {"what runs knows the one that is there", func(s *plan.Machine) {
			s.Observed.App.Parameters[release.ParameterOriginSecret] = "****"
		}, release.SecretKept},
	} {
		t.Run(name, func(t *testing.T) {
			s := updating(t)
			row.state(s)
			step, err := s.Next()
			if err != nil || step.Stack == nil || step.Stack.Secret != row.want {
				t.Errorf("%s: %+v (%v)", row.reason, step.Stack, err)
			}
		})
	}
}
