package phase_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

var warm = release.Step{Action: release.ActionWarm, Phase: release.PhaseWarm}

// warming is a stage whose versions are published. Lambda is played by a script: how many environments it has is
// Lambda's own choice, which a test cannot make. What a real runtime answers is in warm_real_test.go.
func warming(t *testing.T, wanted int32, play func(invocation) answered) (*stage, *script) {
	t.Helper()
	s := newStage(t)
	s.Desired.WarmEnvironments = wanted
	s.Recorded.Run.Functions = []release.FunctionVersion{
		{Name: "default-queue", Version: "5"}, {Name: "cli", Version: "6"}, {Name: "http", Version: "7"},
	}
	return s, s.scripted(play)
}

// pong is what Aloft's runtime answers.
func pong(environment string) answered {
	return answered{
		status:  http.StatusOK,
		payload: fmt.Sprintf(`{"output":"Warmed!","environment":%q,"coldStart":true}`, environment),
	}
}

// fresh gives each invocation an environment of its own.
func fresh(in invocation) answered { return pong(fmt.Sprintf("%s-%d", in.function, in.nth)) }

// holds are the milliseconds that invocations of a function were asked to rest, sorted.
func (p *script) holds(t *testing.T, function string) (holds []string) {
	t.Helper()
	for _, call := range p.calls() {
		var event struct {
			Ping bool   `json:"warmer_ping"`
			Hold string `json:"hold"`
		}
		if err := json.Unmarshal(call.payload, &event); err != nil || !event.Ping || call.kind != "RequestResponse" {
			t.Errorf("invoked is %+v", call)
		}
		if call.function == function {
			holds = append(holds, event.Hold)
		}
	}
	slices.Sort(holds)
	return holds
}

func TestEachVersionIsInvokedOnceEvenWhenNothingIsToBeWarm(t *testing.T) {
	s, lambda := warming(t, 0, fresh)
	now := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	s.Now = func() time.Time { return now }
	if got := s.done(warm).Warm; got == nil || *got != (release.Warm{Distinct: 0, Wanted: 0, At: now}) {
		t.Errorf("warm are %+v", got)
	}
	versions := map[string]string{}
	for _, call := range lambda.calls() {
		versions[strings.TrimPrefix(call.function, s.Names.Prefix+"-")] += call.version
	}
	if same(versions) != `{"cli":"6","default-queue":"5","http":"7"}` {
		t.Errorf("invoked are %v", versions)
	}
	if holds := lambda.holds(t, s.Desired.HTTP().FullName); !slices.Equal(holds, []string{"0"}) {
		t.Errorf("they rested %v", holds)
	}
}

func TestEnvironmentsAreHeldAtOnceAndCountedOnce(t *testing.T) {
	for _, row := range []struct {
		why      string
		play     func(invocation) answered
		distinct int32
		holds    []string
	}{
		{
			"each invocation has its own: one round is enough, and no more count than are wanted",
			fresh, 3, []string{"0", "100", "100", "100"},
		},
		{
			"Lambda uses the same again: each round rests longer, and fewer are no failure",
			func(in invocation) answered { return pong(in.function) }, 1,
			[]string{"0", "100", "100", "100", "2000", "2000", "2000", "500", "500", "500"},
		},
		{
			"the third one comes in the second round",
			func(in invocation) answered { return pong(fmt.Sprint(in.function, in.nth/3)) }, 3,
			[]string{"0", "100", "100", "100", "500", "500", "500"},
		},
		{
			"the second one comes in the last round",
			func(in invocation) answered { return pong(fmt.Sprint(in.function, in.nth/8)) }, 2,
			[]string{"0", "100", "100", "100", "2000", "2000", "2000", "500", "500", "500"},
		},
	} {
		t.Run(row.why, func(t *testing.T) {
			s, lambda := warming(t, 3, row.play)
			if got := s.done(warm).Warm; got.Distinct != row.distinct || got.Wanted != 3 {
				t.Errorf("%d of %d are warm", got.Distinct, got.Wanted)
			}
			if holds := lambda.holds(t, s.Desired.HTTP().FullName); !slices.Equal(holds, row.holds) {
				t.Errorf("they rested %v", holds)
			}
			if holds := lambda.holds(t, s.Desired.CLI().FullName); !slices.Equal(holds, []string{"0"}) {
				t.Errorf("those of the cli function rested %v", holds)
			}
		})
	}
}

func TestAFunctionThatMayHaveNoEnvironmentIsNotInvoked(t *testing.T) {
	s, lambda := warming(t, 3, fresh)
	s.Desired.Functions[2].ReservedConcurrency = new(int32(0))
	if got := s.done(warm).Warm; got.Distinct != 0 || got.Wanted != 0 {
		t.Errorf("%d of %d are warm", got.Distinct, got.Wanted)
	}
	if holds := lambda.holds(t, s.Desired.HTTP().FullName); len(holds) != 0 {
		t.Errorf("it was invoked %d times", len(holds))
	}
	if got := len(lambda.calls()); got != 2 {
		t.Errorf("%d invocations of the others", got)
	}
}

func TestAFunctionWithAReserveIsInvoked(t *testing.T) {
	s, lambda := warming(t, 1, fresh)
	s.Desired.Functions[0].ReservedConcurrency = new(int32(1))
	s.done(warm)
	if holds := lambda.holds(t, s.Desired.Functions[0].FullName); len(holds) != 1 {
		t.Errorf("it was invoked %d times", len(holds))
	}
}

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
