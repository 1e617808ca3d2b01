package phase_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

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
