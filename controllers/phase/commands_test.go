package phase_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	contract "github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/api/function/proof"
	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws/wire"
	"github.com/aloft-dev/aloft/test/tenant"
)

var (
	invoke   = release.Step{Action: release.ActionInvoke, Phase: release.PhaseCommands, Command: "migrate"}
	void     = release.Step{Action: release.ActionVoid, Phase: release.PhaseCommands, Command: "migrate"}
	claimKey = release.CommandKey("r2", runID, "migrate") + release.ClaimSuffix
)

// commanding is a stage that has announced its command; Lambda is played by a script, since nothing is to run.
func commanding(t *testing.T, play func(invocation) answered) (*stage, *script) {
	t.Helper()
	s := newStage(t)
	s.Desired.Commands = []release.Command{{Name: "migrate", Argv: []string{"/app", "migrate"}, TimeoutSeconds: 60}}
	s.Recorded.Run.Commands = []release.CommandRun{{
		Name: "migrate", State: release.CommandAnnounced,
		NotAfter: time.Date(2026, 1, 2, 13, 5, 0, 0, time.FixedZone("CET", 3600)),
	}}
	s.Recorded.Run.Functions = []release.FunctionVersion{{Name: "cli", Version: "7"}, {Name: "http", Version: "9"}}
	return s, s.scripted(play)
}

func TestACommandIsStartedByAnEventForTheNewVersion(t *testing.T) {
	s, lambda := commanding(t, func(invocation) answered { return answered{status: http.StatusAccepted} })
	s.done(invoke)
	calls := lambda.calls()
	if len(calls) != 1 {
		t.Fatalf("%d invocations", len(calls))
	}
	got := calls[0]
	if got.function != s.Desired.CLI().FullName || got.version != "7" || got.kind != "Event" {
		t.Errorf("invoked is version %s of %s by %s", got.version, got.function, got.kind)
	}
	var event map[string]any
	s.Must(json.Unmarshal(got.payload, &event))
	want := map[string]any{
		"command": []any{"/app", "migrate"}, "id": "migrate", "run": runID, "notAfter": "2026-01-02T12:05:00Z",
		"claim": "s3://" + s.Names.Bucket + "/" + claimKey, "timeoutSeconds": float64(60),
		"key": release.ProofKey(s.HashKey, "r2", runID, "migrate"),
	}
	for name, value := range want {
		if same(event[name]) != same(value) {
			t.Errorf("%s is %v, want %v", name, event[name], value)
		}
	}
	if len(event) != len(want) {
		t.Errorf("the event is %s", got.payload)
	}
}

func same(value any) string {
	text, _ := json.Marshal(value)
	return string(text)
}

func TestACommandThatLambdaCannotTakeNowWaits(t *testing.T) {
	for _, row := range []struct {
		why    string
		status int
		code   string
	}{
		{"too many invocations", http.StatusTooManyRequests, "TooManyRequestsException"},
		{"the function is being updated", http.StatusConflict, "ResourceConflictException"},
	} {
		t.Run(row.why, func(t *testing.T) {
			s, lambda := commanding(t, func(invocation) answered {
				return answered{status: row.status, code: row.code}
			})
			s.waits(invoke, v1alpha1.ConditionCommandsSucceeded, v1alpha1.ReasonProgressing, `"migrate"`,
				"waits for Lambda")
			if got := len(lambda.calls()); got != 1 {
				t.Errorf("%d invocations", got)
			}
		})
	}
}

func TestACommandIsSentOnceWhateverIsAnswered(t *testing.T) {
	for _, row := range []struct {
		why    string
		answer answered
	}{
		{"nothing at all", answered{lost: true}},
		{"an error of AWS", answered{status: http.StatusInternalServerError, code: "ServiceException"}},
		{"a refusal", answered{status: http.StatusForbidden, code: "AccessDeniedException"}},
		{"there is no such version", answered{status: http.StatusNotFound, code: "ResourceNotFoundException"}},
	} {
		t.Run(row.why, func(t *testing.T) {
			s, lambda := commanding(t, func(invocation) answered { return row.answer })
			contains(t, s.fails(invoke).Error(), `starting deploy command "migrate"`)
			if got := len(lambda.calls()); got != 1 {
				t.Errorf("%d invocations", got)
			}
		})
	}
}

func TestACommandIsNotStartedWithoutAnAnnouncement(t *testing.T) {
	for why, change := range map[string]func(*stage){
		"it is not announced":         func(s *stage) { s.Recorded.Run.Commands = nil },
		"the release has no such one": func(s *stage) { s.Desired.Commands = nil },
	} {
		t.Run(why, func(t *testing.T) {
			s, lambda := commanding(t, func(invocation) answered { return answered{status: http.StatusAccepted} })
			change(s)
			contains(t, s.fails(invoke).Error(), `no announced deploy command "migrate"`)
			if got := len(lambda.calls()); got != 0 {
				t.Errorf("%d invocations", got)
			}
		})
	}
}

func (s *stage) claim() (claim contract.Claim) {
	s.t.Helper()
	s.Must(json.Unmarshal([]byte(s.get(claimKey)), &claim))
	return claim
}

func TestACommandThatNeverStartedIsMadeVoidForGood(t *testing.T) {
	s := newStage(t)
	s.Now = func() time.Time { return time.Date(2026, 1, 2, 13, 0, 0, 5, time.FixedZone("CET", 3600)) }
	s.done(void)
	first := s.claim()
	want := proof.Claim(release.ProofKey(s.HashKey, "r2", runID, "migrate"), contract.Claim{
		State: contract.ClaimVoid, StartedAt: "2026-01-02T12:00:00.000000005Z", Reason: "not started in time",
	})
	if first != want {
		t.Errorf("the claim is %+v", first)
	}
	s.Now = time.Now
	s.done(void) // a crash after the put does it again
	if again := s.claim(); again != first {
		t.Errorf("the claim became %+v", again)
	}
}

func TestTheClaimOfACommandThatStartedStays(t *testing.T) {
	s := newStage(t)
	s.Store(claimKey, `{"state":"started"}`)
	s.done(void)
	if got := s.claim(); got.State != contract.ClaimStarted {
		t.Errorf("the claim was overwritten by %+v", got)
	}
}

func TestALostAnswerOfAVoidIsSettledTheNextTime(t *testing.T) {
	s := newStage(t)
	s.loseAnswer("s3:PutObject")
	contains(t, s.fails(void).Error(), `voiding deploy command "migrate"`)
	s.done(void)
	if got := s.claim(); got.State != contract.ClaimVoid {
		t.Errorf("the claim is %+v", got)
	}
}

func TestACommandCannotBeMadeVoid(t *testing.T) {
	for why, change := range map[string]func(*stage){
		"in a bucket that is gone":       (*stage).deleteBucket,
		"without the right":              func(s *stage) { s.Fault("s3:PutObject", claimKey, tenant.Denied()) },
		"in a bucket of another account": func(s *stage) { s.Clients.Account = "210987654321" },
		"while S3 asks for fewer calls": func(s *stage) {
			s.Fault("s3:PutObject", claimKey, wire.Errorf(503, "SlowDown", "slow down"))
		},
		"while S3 has a fault that may pass": func(s *stage) {
			s.Fault("s3:PutObject", claimKey, wire.Errorf(500, "InternalError", "oops"))
		},
	} {
		t.Run(why, func(t *testing.T) {
			s := newStage(t)
			change(s)
			contains(t, s.fails(void).Error(), `voiding deploy command "migrate"`)
		})
	}
}

func TestAStepThatIsNotOfAWSIsNotPerformed(t *testing.T) {
	s := newStage(t)
	since := s.Local.Calls().End()
	for _, action := range []release.Action{
		release.ActionSeal, release.ActionIntend, release.ActionAnnounce, release.ActionTrim, release.ActionSweep,
		release.ActionLook,
	} {
		contains(t, s.fails(release.Step{Action: action}).Error(), string(action))
	}
	if calls := s.Local.Calls().Since(since); len(calls) > 0 {
		t.Errorf("AWS was asked: %s", strings.Join(slices.Compact(calls.Names()), " "))
	}
}
