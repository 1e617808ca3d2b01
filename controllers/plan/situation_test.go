package plan_test

import (
	"maps"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// released is a Stage whose release v1 is live and cleaned.
func released(t *testing.T) *operator {
	t.Helper()
	o := newOperator(t)
	must(t, o.release(releaseOf("v1")))
	return o
}

// onTheWay takes a Stage whose v1 is live towards a release until the machine names an action, and gives the machine
// then.
func onTheWay(t *testing.T, d *release.Desired, action release.Action) *plan.Machine {
	t.Helper()
	return until(t, released(t), d, action)
}

// firstTime is the same without a live release.
func firstTime(t *testing.T, d *release.Desired, action release.Action) *plan.Machine {
	t.Helper()
	return until(t, newOperator(t), d, action)
}

func until(t *testing.T, o *operator, d *release.Desired, action release.Action) *plan.Machine {
	t.Helper()
	o.want = d
	there := false
	o.crashes = func() bool {
		step, err := o.m.Next()
		there = err == nil && step.Action == action
		return there
	}
	for range maxReconciles {
		err := o.reconcile()
		if there {
			o.crashes = func() bool { return false }
			return copied(o.m)
		}
		if waiting, ok := release.AsWaiting(err); ok {
			o.w.pass(waiting.After)
		} else {
			t.Fatalf("it ended before %s: %v\n%v", action, err, o.trace)
		}
	}
	t.Fatalf("the machine never named %s", action)
	return nil
}

// decided is the decision in one line.
func decided(m *plan.Machine) string { return line(m.Next()) }

func line(step release.Step, err error) string {
	if waiting, ok := release.AsWaiting(err); ok {
		return "wait " + waiting.Reason
	}
	if rejected, ok := release.AsRejected(err); ok {
		return "refuse " + rejected.Reason
	}
	if err != nil {
		return "fail " + err.Error()
	}
	return describe(step)
}

// row is one line of the specification: a sentence, what is changed in a situation, and what is decided then.
type row struct {
	why    string
	change func(*plan.Machine)
	want   string
}

func decide(t *testing.T, base func(*testing.T) *plan.Machine, rows []row) {
	t.Helper()
	from := base(t)
	for _, r := range rows {
		t.Run(r.why, func(t *testing.T) {
			s := copied(from)
			r.change(s)
			if got := decided(s); got != r.want {
				t.Errorf("decided is %q, want %q", got, r.want)
			}
		})
	}
}

// copied is a machine that may be changed without changing the other, and that has performed nothing yet.
func copied(m *plan.Machine) *plan.Machine {
	c := plan.New(cloned(m.Recorded), m.UID, m.Limits)
	c.Now, c.Nonce, c.Asked, c.Desired, c.Observed = m.Now, m.Nonce, m.Asked, m.Desired, m.Observed
	o := &c.Observed
	o.Foundation, o.App = copiedStack(o.Foundation), copiedStack(o.App)
	o.Aliases, o.Leftovers = maps.Clone(o.Aliases), maps.Clone(o.Leftovers)
	return c
}

func copiedStack(s *release.Stack) *release.Stack {
	if s == nil {
		return nil
	}
	c := *s
	c.Outputs, c.Parameters = maps.Clone(s.Outputs), maps.Clone(s.Parameters)
	if s.ChangeSet != nil {
		set := *s.ChangeSet
		c.ChangeSet = &set
	}
	return &c
}

func asItIs(*plan.Machine) {}

func ago(d time.Duration) func(*plan.Machine) {
	return func(s *plan.Machine) { s.Now = s.Now.Add(d) }
}

// did records a step with an outcome of nothing.
func did(m *plan.Machine, step release.Step) { m.Did(step, release.Outcome{}) }

// step is a step of an action.
func step(action release.Action) release.Step { return release.Step{Action: action} }
