package plan_test

import (
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// handedOver is a stage of another owner, which is live and whose stacks the platform team gave to this one; of its
// Stage nothing is remembered.
func handedOver(t *testing.T) *operator {
	t.Helper()
	o := released(t)
	o.written, o.trace = release.Recorded{}, nil
	o.w.foundation.stack.Adopted, o.w.app.stack.Adopted = true, true
	return o
}

func TestWhatIsTakenOverGoesOnServingAndRunsNoCommandAgain(t *testing.T) {
	o := handedOver(t)
	must(t, o.release(releaseOf("v1")))
	requireLive(t, o, releaseOf("v1"))
	if o.w.foundation.stack.Adopted || o.w.app.stack.Adopted {
		t.Error("a stack still says that it is another's")
	}
	for _, done := range o.trace {
		if strings.HasPrefix(done, "Invoke") || strings.HasPrefix(done, "Move") || strings.HasPrefix(done, "Publish") {
			t.Errorf("%s was done\n%s", done, strings.Join(o.trace, "\n"))
		}
	}
}

func TestWhatIsTakenOverIsReleasedAsOnesOwn(t *testing.T) {
	o := handedOver(t)
	must(t, o.release(releaseOf("v2")))
	requireLive(t, o, releaseOf("v2"))
	if o.w.foundation.stack.Adopted || o.w.app.stack.Adopted {
		t.Error("a stack still says that it is another's")
	}
}

func TestAStackThatHasAnOwnerCanBeTakenOver(t *testing.T) {
	for why, row := range map[string]struct {
		owner string
		says  []string
	}{
		"one of another cluster": {"old/clouder/production",
			[]string{"it is", "nothing of it was touched", "spec.adopt of the StageProfile", `"old" covers all of its stages`}},
		"one that nobody has marked": {"", []string{"it is", "nothing of it was touched", "rename the Stage"}},
	} {
		t.Run(why, func(t *testing.T) {
			m := beginning(t)
			m.Ask(asked(releaseOf("v2")))
			and(runOf(m.Desired.ID, release.RunRunning), func(m *plan.Machine) {
				m.Observed.Foundation = &release.Stack{Exists: true, Owner: row.owner, Foreign: "it is"}
			})(m)
			m.Recorded.Run.Phases = []release.PhaseRecord{{Phase: release.PhaseResolve, State: release.PhaseSucceeded}}
			_, err := m.Next()
			rejected, ok := release.AsRejected(err)
			if !ok || rejected.Reason != v1alpha1.ReasonNotOwned {
				t.Fatalf("got %v", err)
			}
			for _, text := range row.says {
				if !strings.Contains(rejected.Message, text) {
					t.Errorf("%q does not tell %q", rejected.Message, text)
				}
			}
			if row.owner == "" && strings.Contains(rejected.Message, "adopt") {
				t.Errorf("nothing tells that it was a stage: %q", rejected.Message)
			}
		})
	}
}
