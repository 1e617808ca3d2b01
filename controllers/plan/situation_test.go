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

// onTheWay takes a Stage whose v1 is live towards a release until the plan names an action, and gives the situation then.
func onTheWay(t *testing.T, d *release.Desired, action release.Action) plan.Situation {
	t.Helper()
	return until(t, released(t), d, action)
}

// firstTime is the same without a live release.
func firstTime(t *testing.T, d *release.Desired, action release.Action) plan.Situation {
	t.Helper()
	return until(t, newOperator(t), d, action)
}

func until(t *testing.T, o *operator, d *release.Desired, action release.Action) plan.Situation {
	t.Helper()
	o.want = d
	there := false
	o.crashes = func() bool {
		step, err := plan.Next(o.s)
		there = err == nil && step.Action == action
		return there
	}
	for range maxReconciles {
		err := o.reconcile()
		if there {
			o.s.Now = o.w.now
			return o.s
		}
		if waiting, ok := release.AsWaiting(err); ok {
			o.w.pass(waiting.After)
		} else {
			t.Fatalf("it ended before %s: %v", action, err)
		}
	}
	t.Fatalf("the plan never named %s", action)
	return plan.Situation{}
}

// decided is the decision in one line.
func decided(s plan.Situation) string {
	step, err := plan.Next(s)
	return line(step, err)
}

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
	change func(*plan.Situation)
	want   string
}

func decide(t *testing.T, base func(*testing.T) plan.Situation, rows []row) {
	t.Helper()
	from := base(t)
	for _, r := range rows {
		t.Run(r.why, func(t *testing.T) {
			s := copied(from)
			r.change(&s)
			if got := decided(s); got != r.want {
				t.Errorf("decided is %q, want %q", got, r.want)
			}
		})
	}
}

// copied is a situation that may be changed without changing the other.
func copied(s plan.Situation) plan.Situation {
	s.Recorded = cloned(s.Recorded)
	o := &s.Observed
	o.Foundation, o.App = copiedStack(o.Foundation), copiedStack(o.App)
	o.Aliases, o.Leftovers = maps.Clone(o.Aliases), maps.Clone(o.Leftovers)
	return s
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

func asItIs(*plan.Situation) {}

func ago(d time.Duration) func(*plan.Situation) {
	return func(s *plan.Situation) { s.Now = s.Now.Add(d) }
}
