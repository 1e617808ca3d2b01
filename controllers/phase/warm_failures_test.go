package phase_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// crash is a function that failed, with what its application printed.
func crash(message string) answered {
	payload, _ := json.Marshal(map[string]string{"errorType": "Aloft.ApplicationStart", "errorMessage": message})
	return answered{status: http.StatusOK, functionError: "Unhandled", payload: string(payload)}
}

func TestAVersionThatDoesNotStartSaysWhy(t *testing.T) {
	logs := func(s *stage) string { return "see its log group /aws/lambda/" + s.Desired.HTTP().FullName }
	for _, row := range []struct {
		why    string
		answer answered
		change func(*stage)
		ends   func(*stage) string
	}{
		{
			"what it printed is told", crash("exit status 70: no such cache"), func(*stage) {},
			func(*stage) string { return "Aloft.ApplicationStart: exit status 70: no such cache" },
		},
		{
			"secrets are not", crash("cannot log in with hunter2-token"), func(*stage) {},
			func(*stage) string { return "Aloft.ApplicationStart: cannot log in with [redacted]" },
		},
		{
			"nothing of it where output is to be hidden", crash("exit status 70"),
			func(s *stage) { s.HideOutput = true },
			func(s *stage) string { return "Aloft.ApplicationStart; " + logs(s) },
		},
		{
			"nothing of it where the secrets are not known", crash("exit status 70"),
			func(s *stage) { s.Desired.Config.Secrets = nil },
			func(s *stage) string { return "Aloft.ApplicationStart; " + logs(s) },
		},
		{
			"it printed nothing", crash(""), func(*stage) {},
			func(s *stage) string { return "Aloft.ApplicationStart; " + logs(s) },
		},
		{
			"it failed without a type",
			answered{status: http.StatusOK, functionError: "Unhandled", payload: `{"errorMessage":"oops"}`},
			func(*stage) {}, func(*stage) string { return "does not start: oops" },
		},
		{
			"a type that is none is left out",
			answered{
				status: http.StatusOK, functionError: "Unhandled",
				payload: `{"errorType":"hunter2-token \u001b[31m","errorMessage":"oops"}`,
			},
			func(*stage) {}, func(*stage) string { return "does not start: oops" },
		},
		{
			"both ends of a long output are told", crash("no such gem " + strings.Repeat("x", 3000) + " \x1b[31mexit 1\x1b[0m"),
			func(*stage) {},
			func(*stage) string {
				return ": no such gem " + strings.Repeat("x", 785) + "…\n…" + strings.Repeat("x", 793) + " exit 1"
			},
		},
		{
			"its failure is no JSON",
			answered{status: http.StatusOK, functionError: "Unhandled", payload: "oops hunter2-token"},
			func(*stage) {}, func(s *stage) string { return "does not start: " + logs(s) },
		},
	} {
		t.Run(row.why, func(t *testing.T) {
			s, _ := warming(t, 0, func(in invocation) answered {
				if strings.HasSuffix(in.function, "-http") {
					return row.answer
				}
				return fresh(in)
			})
			row.change(s)
			_, err := s.perform(warm)
			rejected, ok := release.AsRejected(err)
			if !ok || rejected.Condition != v1alpha1.ConditionWarmed || rejected.Reason != v1alpha1.ReasonWarmFailed {
				t.Fatalf("got %v", err)
			}
			contains(t, rejected.Message, "version 7 of function "+s.Desired.HTTP().FullName)
			if !strings.HasSuffix(rejected.Message, row.ends(s)) || strings.Contains(rejected.Message, "hunter2") {
				t.Errorf("the message is %q", rejected.Message)
			}
		})
	}
}

func TestAnotherRuntimesAnswerIsAFailure(t *testing.T) {
	for why, payload := range map[string]string{
		"a page":                         `{"statusCode":200,"body":"It flies."}`,
		"a text":                         `"Hello from Lambda!"`,
		"nothing":                        `null`,
		"no JSON":                        `Hello`,
		"an answer without its own name": `{"output":"Warmed!","environment":""}`,
	} {
		t.Run(why, func(t *testing.T) {
			s, _ := warming(t, 1, func(invocation) answered {
				return answered{status: http.StatusOK, payload: payload}
			})
			s.refused(warm, v1alpha1.ConditionWarmed, v1alpha1.ReasonWarmFailed, "another runtime as its entry point")
		})
	}
}

func TestAVersionThatIsGoneIsAFailure(t *testing.T) {
	s, _ := warming(t, 1, func(in invocation) answered {
		if in.version == "6" {
			return answered{status: http.StatusNotFound, code: "ResourceNotFoundException"}
		}
		return fresh(in)
	})
	s.refused(warm, v1alpha1.ConditionWarmed, v1alpha1.ReasonWarmFailed,
		"version 6 of function "+s.Desired.CLI().FullName+" is gone")
}

// during answers the start by an environment and everything that is held at once by something else.
func during(held answered) func(invocation) answered {
	return func(in invocation) answered {
		if in.nth > 1 {
			return held
		}
		return fresh(in)
	}
}

func TestWhatIsWarmIsEnoughWhenLambdaHasNoMoreToGive(t *testing.T) {
	throttled := answered{status: http.StatusTooManyRequests, code: "TooManyRequestsException"}
	s, _ := warming(t, 3, during(throttled))
	if got := s.done(warm).Warm; got.Distinct != 1 || got.Wanted != 3 {
		t.Errorf("%d of %d are warm", got.Distinct, got.Wanted)
	}
}

func TestAnImageIsNotProvenByAThrottle(t *testing.T) {
	s, _ := warming(t, 3, func(invocation) answered {
		return answered{status: http.StatusTooManyRequests, code: "TooManyRequestsException"}
	})
	contains(t, s.fails(warm).Error(), "warming version")
}

func TestErrorsThatSayNothingOfTheImageMayPass(t *testing.T) {
	for why, answer := range map[string]answered{
		"the connection is lost": {lost: true},
		"Lambda has a fault":     {status: http.StatusInternalServerError, code: "ServiceException"},
		"a right is missing":     {status: http.StatusForbidden, code: "AccessDeniedException"},
	} {
		t.Run(why, func(t *testing.T) {
			s, _ := warming(t, 2, func(invocation) answered { return answer })
			contains(t, s.fails(warm).Error(), "warming version")
			s, _ = warming(t, 2, during(answer))
			contains(t, s.fails(warm).Error(), "warming version 7 of function "+s.Desired.HTTP().FullName)
		})
	}
}

func TestWhatWasProvenBeforeIsOnlyWarmedAgain(t *testing.T) {
	for _, row := range []struct {
		why      string
		play     func(invocation) answered
		distinct int32
	}{
		{"nothing answers", func(invocation) answered { return answered{lost: true} }, 0},
		{"only the start answers", during(answered{lost: true}), 1},
		{"Lambda has no more to give", func(invocation) answered {
			return answered{status: http.StatusTooManyRequests, code: "TooManyRequestsException"}
		}, 0},
	} {
		t.Run(row.why, func(t *testing.T) {
			s, _ := warming(t, 2, row.play)
			s.Desired.Functions = s.Desired.Functions[2:]
			s.Recorded.Run.Warm = &release.Warm{Distinct: 2, Wanted: 2}
			if got := s.done(warm).Warm; got.Distinct != row.distinct || got.Wanted != 2 {
				t.Errorf("%d of %d are warm", got.Distinct, got.Wanted)
			}
		})
	}
}

func TestACrashIsAFailureHoweverOftenTheImageWasProven(t *testing.T) {
	s, _ := warming(t, 2, func(invocation) answered { return crash("exit status 70") })
	s.Recorded.Run.Warm = &release.Warm{Distinct: 2, Wanted: 2}
	s.refused(warm, v1alpha1.ConditionWarmed, v1alpha1.ReasonWarmFailed, "exit status 70")
}

func TestACrashWhileEnvironmentsAreHeldIsAFailure(t *testing.T) {
	s, _ := warming(t, 2, during(crash("out of memory")))
	s.refused(warm, v1alpha1.ConditionWarmed, v1alpha1.ReasonWarmFailed, "out of memory")
}
