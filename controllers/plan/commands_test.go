package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// announcing is a situation in which the first command is about to be announced.
func announcing(t *testing.T) *plan.Machine {
	t.Helper()
	return onTheWay(t, releaseOf("v2"), release.ActionAnnounce)
}

// migrate puts the first command into a state, with what the bucket tells of it.
func migrate(record release.CommandRun, evidence *release.CommandEvidence) func(*plan.Machine) {
	return func(s *plan.Machine) {
		record.Name, record.AnnouncedAt, record.NotAfter, record.SeenAt = "migrate", s.Now, s.Now.Add(10*time.Minute), s.Now
		s.Recorded.Run.Commands = []release.CommandRun{record}
		if evidence != nil {
			evidence.Name = "migrate"
			if evidence.Claimed {
				evidence.StartedAt = s.Now
			}
		}
		s.Observed.Command = evidence
	}
}

func and(changes ...func(*plan.Machine)) func(*plan.Machine) {
	return func(s *plan.Machine) {
		for _, change := range changes {
			change(s)
		}
	}
}

func resolved(how string) func(*plan.Machine) {
	return func(s *plan.Machine) { s.Asked.Requests.CommandResolution = s.Recorded.Run.ID + "/migrate=" + how }
}

func TestACommandIsAnnouncedInvokedClaimedAndItsResultRecorded(t *testing.T) {
	announced, started := release.CommandRun{State: "Announced"}, release.CommandRun{State: "Started", Invoked: true}
	invoked := release.CommandRun{State: "Announced", Invoked: true}
	nothing, claim, void := release.CommandEvidence{}, release.CommandEvidence{Claimed: true},
		release.CommandEvidence{Void: true}
	result := release.CommandEvidence{Claimed: true, Result: &release.CommandResult{}}
	unknown := release.CommandRun{State: "Unknown"}
	decide(t, announcing, []row{
		{"the intent is written before the act", asItIs, "Announce migrate"},
		{"after a crash it may have started: look first", migrate(announced, nil), "Look migrate"},
		{"it has not started: start it", migrate(announced, &nothing), "Invoke migrate"},
		{"what is known is of another command",
			and(migrate(announced, &nothing), func(s *plan.Machine) { s.Observed.Command.Name = "clear" }), "Look migrate"},
		{"the invocation is on its way", migrate(invoked, &nothing), "wait Progressing"},
		{"it has started", migrate(invoked, &claim), "RecordCommand migrate"},
		{"it started although the record of the invocation was lost", migrate(announced, &claim), "RecordCommand migrate"},
		{"it runs", migrate(started, &claim), "wait Progressing"},
		{"it runs up to its timeout", and(migrate(started, &claim), ago(10*time.Minute)), "wait Progressing"},
		{"and its result may be late by a minute", and(migrate(started, &claim), ago(11*time.Minute)), "wait Progressing"},
		{"then nobody knows what it did", and(migrate(started, &claim), ago(11*time.Minute+time.Second)),
			"RecordCommand migrate"},
		{"it has ended", migrate(started, &result), "RecordCommand migrate"},
		{"it has ended before anyone saw it start", migrate(announced, &result), "RecordCommand migrate"},
		{"the invocation was lost: up to its last moment it may come", and(migrate(invoked, &nothing), ago(10*time.Minute)),
			"wait Progressing"},
		{"after that it is made sure that it never will", and(migrate(invoked, &nothing), ago(10*time.Minute+time.Second)),
			"Void migrate"},
		{"it was too late to start it at all", and(migrate(announced, &nothing), ago(11*time.Minute)), "Void migrate"},
		{"it was voided", migrate(invoked, &void), "RecordCommand migrate"},
		{"a command that was never started fails the run", migrate(release.CommandRun{State: "Void"}, nil),
			"refuse CommandNotStarted"},
		{"a command that failed fails the run", migrate(release.CommandRun{State: "Failed", ExitCode: 1}, nil),
			"refuse CommandFailed"},
		{"nobody knows the outcome: it may have come by now", migrate(unknown, nil), "Look migrate"},
		{"it has not come", migrate(unknown, &claim), "refuse CommandOutcomeUnknown"},
		{"it has come, late", migrate(unknown, &result), "RecordCommand migrate"},
		{"the bucket is gone: nothing can be claimed any more", migrate(announced, &release.CommandEvidence{Lost: true}),
			"RecordCommand migrate"},
		{"the bucket is gone and the command runs: it is waited for", migrate(started, &release.CommandEvidence{Lost: true}),
			"wait Progressing"},
		{"a person says that it succeeded", and(migrate(unknown, nil), resolved("succeeded")), "RecordCommand migrate"},
		{"a person wants it again", and(migrate(unknown, nil), resolved("retry")), "RecordCommand migrate"},
		{"a person gives up", and(migrate(unknown, nil), resolved("abort")), "RecordCommand migrate"},
		{"a person's word that is none of these", and(migrate(unknown, &claim), resolved("yes")),
			"refuse CommandOutcomeUnknown"},
		{"a state that nobody wrote is no success", migrate(release.CommandRun{State: "Done"}, &claim),
			"refuse CommandOutcomeUnknown"},
		{"the next one begins when the first has succeeded", migrate(release.CommandRun{State: "Succeeded"}, nil),
			"Announce clear"},
		{"a resolution is no answer for a command that runs", and(migrate(started, &claim), resolved("abort")),
			"wait Progressing"},
	})
}

func TestARefusalTellsTheCommandItsOutputAndTheRemedy(t *testing.T) {
	for why, want := range map[string]struct {
		record release.CommandRun
		names  []string
	}{
		"failed": {release.CommandRun{State: "Failed", ExitCode: 3, Output: "no such table"},
			[]string{`"migrate"`, "exit code 3", "no alias moved", "no such table"}},
		"not started": {release.CommandRun{State: "Void"}, []string{`"migrate"`, "no alias moved", "aloft.dev/retry"}},
		"unknown": {release.CommandRun{State: "Unknown"},
			[]string{`"migrate"`, "no alias moved", "aloft.dev/command-resolution=", "/migrate=succeeded", "=abort"}},
	} {
		t.Run(why, func(t *testing.T) {
			s := announcing(t)
			migrate(want.record, &release.CommandEvidence{Claimed: true})(s)
			_, err := s.Next()
			for _, name := range want.names {
				if !strings.Contains(err.Error(), name) {
					t.Errorf("%q is not in %q", name, err)
				}
			}
		})
	}
}

func TestEvidenceBecomesRecord(t *testing.T) {
	at, seen := noon.Add(time.Minute), time.Unix(1, 0) // seen is now, by the operator's own clock
	ended := func(code int32) release.CommandEvidence {
		return release.CommandEvidence{Claimed: true, StartedAt: noon,
			Result: &release.CommandResult{ExitCode: code, Output: []byte("says so\n"), FinishedAt: at}}
	}
	for _, r := range []struct {
		why      string
		state    release.CommandState
		evidence release.CommandEvidence
		want     release.CommandRun
	}{
		{"a claim says that it has started", "Announced", release.CommandEvidence{Claimed: true, StartedAt: noon},
			release.CommandRun{State: "Started", StartedAt: noon, SeenAt: seen}},
		{"a claim without a result in time says nothing", "Started", release.CommandEvidence{Claimed: true, StartedAt: noon},
			release.CommandRun{State: "Unknown"}},
		{"exit code 0 is a success", "Started", ended(0),
			release.CommandRun{State: "Succeeded", StartedAt: noon, FinishedAt: at, Output: "says so"}},
		{"any other is a failure", "Started", ended(2),
			release.CommandRun{State: "Failed", StartedAt: noon, FinishedAt: at, ExitCode: 2, Output: "says so"}},
		{"a result counts although the start was never seen", "Announced", ended(0),
			release.CommandRun{State: "Succeeded", StartedAt: noon, FinishedAt: at, Output: "says so"}},
		{"the operator's own claim says that it never starts", "Announced", release.CommandEvidence{Void: true},
			release.CommandRun{State: "Void"}},
	} {
		t.Run(r.why, func(t *testing.T) {
			s := announcing(t)
			s.Recorded.Run.Commands = []release.CommandRun{{Name: "migrate", State: r.state}}
			s.Observed.Command = &r.evidence
			r.want.Name = "migrate"
			did(s, release.Step{Action: release.ActionRecordCommand, Command: "migrate"})
			if r.want.SeenAt.Equal(seen) {
				r.want.SeenAt = s.Now
			}
			if diff := cmp.Diff(r.want, s.Recorded.Run.Commands[0]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAPersonsWordCountsOnce(t *testing.T) {
	for _, r := range []struct{ word, next string }{
		{"succeeded", "Announce clear"},
		{"abort", "refuse CommandFailed"},
		{"retry", "Begin"}, // the claim of this run stands, so that the command can only start in another one
	} {
		t.Run(r.word, func(t *testing.T) {
			s := announcing(t)
			and(migrate(release.CommandRun{State: "Unknown"}, &release.CommandEvidence{Claimed: true}), resolved(r.word))(s)
			did(s, release.Step{Action: release.ActionRecordCommand, Command: "migrate"})
			if s.Recorded.Handled.CommandResolution != s.Asked.Requests.CommandResolution {
				t.Error("the word is still there for another command")
			}
			if got := decided(s); got != r.next {
				t.Errorf("decided is %q, want %q", got, r.next)
			}
		})
	}
}

func TestWhatIsKnownOfAnEarlierRunsCommandIsForgottenWhenItIsAnnounced(t *testing.T) {
	s := announcing(t)
	s.Observed.Command = &release.CommandEvidence{Name: "migrate", Claimed: true, StartedAt: s.Now}
	did(s, release.Step{Action: release.ActionAnnounce, Command: "migrate"})
	if got := decided(s); got != "Invoke migrate" {
		t.Errorf("decided is %q: the claim was that of another run, and nobody can have one of this", got)
	}
	want := release.CommandRun{Name: "migrate", State: "Announced", AnnouncedAt: s.Now,
		NotAfter: s.Now.Add(10 * time.Minute)}
	if diff := cmp.Diff(want, s.Recorded.Run.Commands[0]); diff != "" {
		t.Error(diff)
	}
}

func TestARunThatIsKnownByItsClaimsStartsNoneOfThemAgain(t *testing.T) {
	o := released(t)
	until(t, o, releaseOf("v2"), release.ActionMove)
	left := o.written.Run.ID
	o.written = release.Recorded{}
	s := until(t, o, releaseOf("v2"), release.ActionUpload)
	if run := s.Recorded.Run; run.ID != left || len(run.Commands) != 2 || !run.Commands[0].Invoked || run.Attempt == 0 {
		t.Fatalf("the run is %+v, and %s left claims", run, left)
	}
	must(t, o.release(releaseOf("v2")))
	for key, times := range o.w.starts {
		if times > 1 {
			t.Errorf("%s started %d times", key, times)
		}
	}
}

func TestAnOutputIsShownWithoutSecrets(t *testing.T) {
	secrets := func(values ...string) release.Config {
		c := release.Config{Secrets: map[string]release.Sensitive{}}
		for _, value := range values {
			c.Secrets[value] = release.Sensitive(value)
		}
		return c
	}
	long := strings.Repeat("x", 2000)
	for _, r := range []struct {
		why, output string
		config      release.Config
		want        string
	}{
		{"no secret is in it", " 3 migrations\n", secrets("hunter2"), "3 migrations"},
		{"a secret is in it twice", "hunter2 and hunter2", secrets("hunter2"), "[redacted] and [redacted]"},
		{"one secret begins with another", "password-of-mine", secrets("pass", "password-of-mine", "password"), "[redacted]"},
		{"a line of a key", "ends with abcdef==", secrets("-----BEGIN-----\nabcdef==\n"), "ends with [redacted]"},
		{"a secret as short as a word's part", "a table", secrets("a"), "a table"},
		{"the secrets are not known, so that nothing can be hidden", "hunter2",
			release.Config{Environment: map[string]string{"A": "b"}}, ""},
		{"both ends are shown", "first " + long + " done", secrets(),
			"first " + long[:791] + "…\n…" + (long + " done")[len(long)+5-800:]},
		{"half a character", "\xffok", secrets(), "?ok"},
	} {
		t.Run(r.why, func(t *testing.T) {
			if got := r.config.Shown([]byte(r.output)); got != r.want {
				t.Errorf("shown is %q, want %q", got, r.want)
			}
		})
	}
}
