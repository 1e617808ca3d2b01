package plan_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// asking has the Stage ask for v1, which is live, with requests.
func asking(o *operator, r plan.Requests) *plan.Machine {
	m := plan.New(cloned(o.written), "uid", plan.DefaultLimits())
	m.Now = o.w.now
	m.Ask(asked(releaseOf("v1"), func(a *plan.Asked) { a.Requests = r }))
	return m
}

func TestARequestToLookActsOncePerValueAndAnnotation(t *testing.T) {
	o := released(t)
	for _, r := range []struct {
		why, own, flux string
		want           string
	}{
		{"it is new", "noon", "", "Look App"},
		{"it was acted on", "noon", "", "Done"},
		{"it has another value", "one", "", "Look App"},
		{"Flux asks beside it", "one", "flux", "Look App"},
		{"both were acted on", "one", "flux", "Done"},
		{"one of them is taken away", "", "flux", "Done"},
		{"both are gone", "", "", "Done"},
	} {
		m := asking(o, plan.Requests{RequestedAt: r.own, FluxRequestedAt: r.flux})
		if got := decided(m); got != r.want {
			t.Errorf("%s: decided is %q, want %q", r.why, got, r.want)
		}
		m.Ended(nil)
		m.Recorded.Live.Cleaned = true
		o.written = cloned(m.Recorded)
		if got := o.written.Handled; got.RequestedAt != r.own || got.FluxRequestedAt != r.flux {
			t.Errorf("%s: handled are %+v: each tool compares its own value with its own field", r.why, got)
		}
	}
}

func TestARequestToLookIsKeptUntilItHasLedToSomething(t *testing.T) {
	for why, r := range map[string]struct {
		change  func(*plan.Asked)
		outcome error
		handled string
	}{
		"it was looked": {func(*plan.Asked) {}, nil, "noon"},
		"a release goes on": {func(*plan.Asked) {}, release.Wait("", v1alpha1.ReasonProgressing, time.Second, "x"),
			"noon"},
		"it is refused":        {func(*plan.Asked) {}, release.Reject("", v1alpha1.ReasonNotOwned, "x"), "noon"},
		"the Stage is held":    {func(*plan.Asked) {}, release.Wait("", v1alpha1.ReasonSuspended, 0, "x"), ""},
		"AWS was out of reach": {func(*plan.Asked) {}, errors.New("connection reset"), ""},
		"a Secret that it needs is gone": {
			func(a *plan.Asked) { a.Unprepared = missing }, missing, "",
		},
	} {
		t.Run(why, func(t *testing.T) {
			o := released(t)
			m := plan.New(cloned(o.written), "uid", plan.DefaultLimits())
			m.Ask(asked(releaseOf("v1"), r.change, func(a *plan.Asked) { a.Requests.RequestedAt = "noon" }))
			m.Ended(r.outcome)
			if got := m.Recorded.Handled.RequestedAt; got != r.handled {
				t.Errorf("handled is %q, want %q", got, r.handled)
			}
		})
	}
	t.Run("an earlier run must end first", func(t *testing.T) {
		s := onTheWay(t, releaseOf("v2"), release.ActionInvoke)
		asksFor(s, releaseOf("v3"), func(a *plan.Asked) { a.Requests.RequestedAt = "noon" })
		if s.Ended(nil); !s.Superseded() || s.Recorded.Handled.RequestedAt != "" {
			t.Errorf("superseded %t, handled %+v", s.Superseded(), s.Recorded.Handled)
		}
	})
}

var missing = release.Wait(v1alpha1.ConditionReady, v1alpha1.ReasonSecretNotFound, 0, "it is missing")

// failed is a Stage whose v2 has failed while v1 is live.
func failed(t *testing.T) *operator {
	t.Helper()
	o := released(t)
	o.w.exitCodes["migrate"] = 1
	refused(t, o.release(releaseOf("v2")), v1alpha1.ReasonCommandFailed)
	o.trace = nil
	return o
}

func TestARetryBeginsOneRunOfWhatHasFailed(t *testing.T) {
	o := failed(t)
	before := o.written.Run.ID
	o.w.exitCodes = map[string]int32{}
	o.asksAgain()
	must(t, o.release(releaseOf("v2")))
	run := o.written.Run
	if run.ID == before || run.Cause != (release.Cause{Type: release.CauseRetry, Name: "+"}) || len(o.notes) > 0 {
		t.Errorf("the run is %+v, noted are %v", run, o.notes)
	}
}

// A retry that is kept for later would start a migration that a person gave up.
func TestARetryThatFindsNothingToTryIsHandledAtOnceAndNeverActsLater(t *testing.T) {
	for why, begin := range map[string]func(*testing.T) (*operator, *release.Desired){
		"what is asked for is live": func(t *testing.T) (*operator, *release.Desired) { return released(t), releaseOf("v1") },
		"a release goes on": func(t *testing.T) (*operator, *release.Desired) {
			o := released(t)
			until(t, o, releaseOf("v2"), release.ActionPublish)
			return o, releaseOf("v2")
		},
		"the outcome of a command is unknown": func(t *testing.T) (*operator, *release.Desired) {
			o := released(t)
			o.w.silent["migrate"] = true
			refused(t, o.release(releaseOf("v2")), v1alpha1.ReasonCommandOutcomeUnknown)
			return o, releaseOf("v2")
		},
		"another release is asked for than the one that failed": func(t *testing.T) (*operator, *release.Desired) {
			return failed(t), releaseOf("v3")
		},
	} {
		t.Run(why, func(t *testing.T) {
			o, d := begin(t)
			o.want = d
			o.asksAgain()
			_ = o.reconcile()
			if o.written.Handled.Retry != "+" || len(o.notes) != 1 || o.notes[0].Reason != plan.NoteRetryIgnored {
				t.Errorf("handled is %+v, noted are %v", o.written.Handled, o.notes)
			}
			if cause := o.written.Run; cause != nil && cause.Cause.Type == release.CauseRetry {
				t.Error("the release is told to be a retry")
			}
		})
	}
}

func TestARetryIsKeptAsLongAsNobodyKnowsWhatItIsAbout(t *testing.T) {
	o := failed(t)
	o.unprepared = missing
	o.asksAgain()
	_ = o.reconcile()
	if o.written.Handled.Retry != "" {
		t.Fatal("it was handled although the Stage could not be prepared")
	}
	o.unprepared, o.w.exitCodes = nil, map[string]int32{}
	must(t, o.release(releaseOf("v2")))
}

// unknown is a Stage in whose release nobody knows what a command has done.
func unknown(t *testing.T) *operator {
	t.Helper()
	o := released(t)
	o.w.silent["migrate"] = true
	refused(t, o.release(releaseOf("v2")), v1alpha1.ReasonCommandOutcomeUnknown)
	o.trace, o.w.silent = nil, map[string]bool{}
	return o
}

func TestAbortIsTheLastWord(t *testing.T) {
	o := unknown(t)
	o.asksAgain() // Argo CD offers that for whatever is stalled
	refused(t, o.release(releaseOf("v2")), v1alpha1.ReasonCommandOutcomeUnknown)
	o.resolves("abort")
	refused(t, o.release(releaseOf("v2")), v1alpha1.ReasonCommandFailed)
	for range 3 {
		refused(t, o.release(releaseOf("v2")), v1alpha1.ReasonCommandFailed)
	}
	for key, times := range o.w.starts {
		if times > 1 || strings.Contains(key, releaseOf("v2").ID) && times != 1 {
			t.Errorf("%s started %d times after it was aborted", key, times)
		}
	}
	if got := o.runs; got != 2 {
		t.Errorf("%d runs began, want one of v1 and one of v2", got)
	}
}

func TestAResultThatComesLateResolvesWhatWasUnknown(t *testing.T) {
	o := unknown(t)
	for _, claim := range o.w.claims {
		if claim.result == nil {
			claim.result = &release.CommandResult{FinishedAt: o.w.now}
		}
	}
	must(t, o.release(releaseOf("v2")))
	if o.written.Live.BuildID != "v2" {
		t.Errorf("live is %s", o.written.Live.BuildID)
	}
}

func TestAResolutionNamesTheRunAndTheCommandThatItIsAbout(t *testing.T) {
	for why, value := range map[string]string{
		"only a word":             "abort",
		"another run":             "20200101t000000-x/migrate=abort",
		"another command":         "RUN/clear=abort",
		"no such word":            "RUN/migrate=yes",
		"a command without a run": "migrate=abort",
	} {
		t.Run(why, func(t *testing.T) {
			o := unknown(t)
			o.requests.CommandResolution = strings.ReplaceAll(value, "RUN", o.written.Run.ID)
			refused(t, o.release(releaseOf("v2")), v1alpha1.ReasonCommandOutcomeUnknown)
			if o.written.Handled.CommandResolution != o.requests.CommandResolution {
				t.Error("it waits for something that it may fit later")
			}
			if len(o.notes) != 1 || o.notes[0].Reason != plan.NoteResolutionIgnored ||
				!strings.Contains(o.notes[0].Message, "<run>/<command>=") {
				t.Errorf("noted are %v", o.notes)
			}
		})
	}
}

func TestAReleaseNamesItsCause(t *testing.T) {
	config := func(s *v1alpha1.StageSpec) {
		s.Manifest.Environment = map[string]v1alpha1.EnvironmentValue{"A": "b"}
	}
	for _, r := range []struct {
		why   string
		want  release.Cause
		asked plan.Asked
		first bool
	}{
		{"nothing was live", release.Cause{Type: release.CauseCreated}, asked(releaseOf("v1")), true},
		{"the tag changed", release.Cause{Type: release.CauseImage, Name: "v2"}, asked(releaseOf("v2")), false},
		{"a Secret changed, the Stage did not", release.Cause{Type: release.CauseSecret},
			asked(releaseOf("v1", config), settled), false},
		{"the environment in the manifest changed", release.Cause{Type: release.CauseManifest},
			asked(releaseOf("v1", config)), false},
		{"a person asked for the newest templates", release.Cause{Type: release.CauseRequest},
			asked(releaseOf("v1"), newer, looking), false},
	} {
		t.Run(r.why, func(t *testing.T) {
			o := newOperator(t)
			if !r.first {
				o = released(t)
			}
			m := plan.New(cloned(o.written), "uid", plan.DefaultLimits())
			m.Ask(r.asked)
			if got := decided(m); got != "Begin" {
				t.Fatalf("decided is %q", got)
			}
			did(m, step(release.ActionBegin))
			if got := m.Recorded.Run.Cause; got != r.want {
				t.Errorf("the cause is %+v, want %+v", got, r.want)
			}
		})
	}
}

func settled(a *plan.Asked) { a.Settled = true }
func newer(a *plan.Asked)   { a.Revision = "2" }
func looking(a *plan.Asked) { a.Requests.RequestedAt = "noon" }

func TestNewerTemplatesReleaseNothingByThemselves(t *testing.T) {
	o := released(t)
	o.revision = "2"
	must(t, o.release(releaseOf("v1")))
	if o.written.Live.Revision != "1" || o.runs != 1 {
		t.Fatalf("live is %+v after %d runs", o.written.Live, o.runs)
	}
	must(t, o.release(releaseOf("v2", withoutCommands)))
	if o.written.Live.Revision != "2" {
		t.Errorf("the next release has revision %s: it is rendered by the newest templates and must say so",
			o.written.Live.Revision)
	}
	must(t, o.release(releaseOf("v2", withoutCommands)))
	o.requests.RequestedAt = "noon"
	must(t, o.release(releaseOf("v2", withoutCommands)))
	if o.runs != 2 {
		t.Errorf("%d runs: a request releases again what has the newest templates already", o.runs)
	}
}

func TestAReleaseThatWasAskedForByRequestAndFailsGivesWayToWhatIsLive(t *testing.T) {
	o := released(t)
	o.revision, o.requests.RequestedAt = "2", "noon"
	o.w.exitCodes["migrate"] = 1
	must(t, o.release(releaseOf("v1")))
	if o.written.Run != nil || o.written.Live.Revision != "1" || !o.written.Live.Cleaned {
		t.Errorf("recorded are %+v and %+v: what is live is what is asked for", o.written.Run, o.written.Live)
	}
	if got := strings.Join(o.trace, "\n"); !strings.Contains(got, "refused: CommandFailed") {
		t.Errorf("it never failed:\n%s", got)
	}
	o.trace = nil
	must(t, o.release(releaseOf("v1")))
	if got := strings.Join(o.trace, "\n"); got != "Done" {
		t.Errorf("it is released again:\n%s", got)
	}
}
