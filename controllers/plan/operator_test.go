package plan_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// operator drives a world by the plan, as the reconciler does: one step after another, each recorded before the next.
type operator struct {
	w    *world
	want *release.Desired
	// written is what the status holds; what is only in s is lost with a crash.
	written release.Recorded
	s       plan.Situation

	suspended  bool
	retry      bool
	resolution string
	// crashes tells whether the process ends here.
	crashes   func() bool
	performed map[string]bool
	runs      int
	// vouched are the commands that a person said have succeeded.
	vouched map[string]bool
	trace   []string
}

// errCrash ends a reconcile without a trace.
var errCrash = errors.New("the process ended")

// maxReconciles is more than any story takes.
const maxReconciles = 2000

func newOperator(t tester) *operator {
	return &operator{w: newWorld(t), vouched: map[string]bool{}, crashes: func() bool { return false }}
}

// release asks for a release and goes on until it is done or refused.
func (o *operator) release(d *release.Desired) error {
	o.want = d
	for range maxReconciles {
		err := o.reconcile()
		waiting, isWaiting := release.AsWaiting(err)
		switch {
		case isWaiting && waiting.Reason == v1alpha1.ReasonSuspended:
			return err
		case isWaiting:
			o.w.pass(waiting.After)
		case errors.Is(err, errCrash):
			o.w.pass(time.Millisecond)
		default:
			return err
		}
	}
	o.w.t.Fatalf("release %s is not done after %d reconciles", d.BuildID, maxReconciles)
	return nil
}

// reconcile begins with what was written and ends with done, a wait or a refusal.
func (o *operator) reconcile() error {
	o.s, o.performed = plan.Situation{}, map[string]bool{}
	o.situate()
	for {
		o.s.Now = o.w.now
		step, err := plan.Next(o.s)
		if err == nil && step.Action == release.ActionDone {
			o.note("Done")
			return nil
		}
		if err == nil {
			err = o.take(step)
		}
		if err = o.refused(err); err != nil {
			return err
		}
	}
}

// situate puts the situation together: the release that is asked for, or the one whose run must be finished first.
func (o *operator) situate() {
	recorded, d := cloned(o.written), o.want
	if run := recorded.Run; run != nil && run.ID != d.ID && run.State == release.RunRunning && run.Committed() {
		d = o.w.bucket[run.ID]
	}
	o.s = plan.Situation{
		Desired: d, Observed: o.s.Observed, Recorded: recorded, UID: "uid", Now: o.w.now, Suspended: o.suspended,
		Retry: o.retry, Resolution: o.resolution, Limits: plan.DefaultLimits(),
	}
}

func (o *operator) take(step release.Step) error {
	if step.Action == release.ActionBegin {
		o.note("Begin " + o.s.Desired.BuildID)
	} else {
		o.note(describe(step))
	}
	if step.Action == release.ActionLook {
		o.w.look(step, &o.s.Observed, o.s.Desired, &o.s.Recorded)
		return nil
	}
	o.guard(step)
	if o.crashes() {
		return errCrash
	}
	o.perform(step)
	if o.crashes() {
		return errCrash
	}
	o.write()
	switch step.Action {
	case release.ActionRecoverLive, release.ActionReturn, release.ActionSeal, release.ActionRecordCommand:
		o.situate()
	}
	return nil
}

// guard sees to it that each step takes effect: none is named twice in a situation that has not changed.
func (o *operator) guard(step release.Step) {
	key := fmt.Sprintf("%+v %+v", step, step.Stack)
	if run := o.s.Recorded.Run; run != nil && run.Command(step.Command) != nil {
		key += string(run.Command(step.Command).State)
	}
	if o.performed[key] {
		o.w.t.Fatalf("the step %s did not take effect\n%s", describe(step), strings.Join(o.trace, "\n"))
	}
	o.performed[key] = true
}

func (o *operator) perform(step release.Step) {
	run := o.s.Recorded.Run
	switch step.Action {
	case release.ActionBegin:
		o.s.Recorded.Run = o.begun()
		o.retry, o.s.Retry = false, false
	case release.ActionStack:
		o.w.operate(step.Stack)
		o.s.Observed.Forget(step.Stack.Part)
	case release.ActionUpload:
		o.w.bucket[o.s.Desired.ID] = o.s.Desired
		run.DeployedDigest, run.AssetsDigest = deployedDigest(run.BuildID), "assets"
	case release.ActionPublish:
		for _, f := range o.s.Desired.Functions {
			run.Functions = append(run.Functions, release.FunctionVersion{Name: f.Name, Version: o.w.publish(o.s.Desired, f.Name)})
		}
	case release.ActionWarm:
		run.Warm = &release.Warm{Distinct: 1, Wanted: 1, At: o.w.now}
	case release.ActionInvoke:
		o.w.invoke(run, step.Command)
		run.Command(step.Command).Invoked = true
		o.s.Observed.Forget(release.PartCommand)
	case release.ActionVoid:
		o.w.void(run, step.Command)
		o.s.Observed.Forget(release.PartCommand)
	case release.ActionFlip:
		o.requireProven(step.Function)
		o.w.point(step.Function, run.Function(step.Function).Version, o.s.Observed.Aliases[step.Function])
		o.s.Observed.Forget(release.PartAliases)
	case release.ActionFlipBack:
		o.w.point(step.Function, run.Function(step.Function).Previous, o.s.Observed.Aliases[step.Function])
		o.s.Observed.Forget(release.PartAliases)
	case release.ActionSweep:
		o.s.Recorded.Live.Cleaned = true
	default:
		if o.resolution == "succeeded" {
			o.vouched[step.Command] = true
		}
		plan.Record(step, &o.s)
		o.resolution = o.s.Resolution
		if step.Action == release.ActionResume {
			o.retry = false
		}
	}
}

// begun is the record of a new run, or of one whose claims are all that is left of it.
func (o *operator) begun() *release.Run {
	d, r := o.s.Desired, o.s.Recorded
	if run, claimed := o.w.latestRun(d.ID); run != "" && r.Run == nil && r.Live == nil {
		return plan.Continue(d, o.w.now, run, claimed, o.s.Limits)
	}
	o.runs++
	return plan.Begin(d, o.w.now, strconv.Itoa(o.runs))
}

// requireProven holds against the world what must be so before an alias moves.
func (o *operator) requireProven(function string) {
	run, d := o.s.Recorded.Run, o.s.Desired
	if run == nil || run.ID != d.ID || run.Warm == nil || run.Function(function) == nil {
		o.w.t.Fatalf("the alias of %s moves before versions are published and warm", function)
	}
	for _, command := range d.Commands {
		claim := o.w.claims[release.CommandKey(run.ID, run.Run, command.Name)]
		if claim == nil || claim.void || claim.result == nil && !o.vouched[command.Name] || claim.result != nil && claim.result.ExitCode != 0 {
			o.w.t.Fatalf("the alias of %s moves before %s succeeded\n%s", function, command.Name, strings.Join(o.trace, "\n"))
		}
	}
}

// refused decides what a refusal means for the run, as the reconciler does: it fails, or first its aliases are moved back.
func (o *operator) refused(err error) error {
	if waiting, ok := release.AsWaiting(err); ok {
		o.note("wait: " + waiting.Condition + " " + waiting.Reason)
		return err
	}
	rejected, ok := release.AsRejected(err)
	if !ok {
		return err
	}
	run := o.s.Recorded.Run
	running := run != nil && run.State == release.RunRunning && run.ID == o.s.Desired.ID
	switch {
	case !running, rejected.Reason == v1alpha1.ReasonCommandOutcomeUnknown:
	case !run.FlipIntendedAt.IsZero() && run.Failure == nil:
		reason := v1alpha1.ReasonEntryFailed
		for _, f := range run.Functions {
			if f.Previous != "" {
				reason = v1alpha1.ReasonRolledBack
			}
		}
		o.note("give up: " + rejected.Reason)
		run.Failure = release.Reject(v1alpha1.ConditionActivated, reason, "%s", rejected.Message)
		o.s.Observed.Forget(release.PartAliases)
		return nil
	default:
		run.State, run.Failure = release.RunFailed, rejected
	}
	o.note("refused: " + rejected.Reason)
	o.write()
	return err
}

func (o *operator) write() { o.written = cloned(o.s.Recorded) }

// note keeps the trace; waiting for the same thing again, after nothing but looks, is noted once.
func (o *operator) note(line string) {
	if strings.HasPrefix(line, "wait: ") {
		last := len(o.trace) - 1
		for last >= 0 && strings.HasPrefix(o.trace[last], "Look ") {
			last--
		}
		if last >= 0 && o.trace[last] == line {
			o.trace = o.trace[:last+1]
			return
		}
	}
	o.trace = append(o.trace, line)
}

// cloned is what a status gives back of what was written into it.
func cloned(r release.Recorded) release.Recorded {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	var c release.Recorded
	if err := json.Unmarshal(text, &c); err != nil {
		panic(err)
	}
	return c
}

// describe gives one line for a step.
func describe(s release.Step) string {
	line := string(s.Action)
	if s.Stack != nil {
		line += " " + string(s.Stack.Part) + " " + string(s.Stack.Operation)
	}
	for _, detail := range []string{s.Function, s.Command} {
		if detail != "" {
			line += " " + detail
		}
	}
	if s.Action == release.ActionLook && s.Command == "" {
		line += " " + string(s.Part)
	}
	if s.ChangeSet != "" {
		line += " with change set"
	}
	return line
}
