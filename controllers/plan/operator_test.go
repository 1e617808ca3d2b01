package plan_test

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// operator drives a world by the machine, as the reconciler does: it looks, performs and writes, and decides nothing.
type operator struct {
	w    *world
	want *release.Desired
	// written is what the status holds; what only the machine knows is lost with a crash.
	written release.Recorded
	m       *plan.Machine

	suspended bool
	// requests are a person's annotations.
	requests plan.Requests
	// revision of the operator's templates.
	revision   string
	unprepared error
	// withdrawn is why a release that must end may not go on.
	withdrawn error
	// barred is why nothing may be done at all.
	barred  error
	removal *plan.Removal
	// crashes tells whether the process ends here.
	crashes func() bool
	// lasts tells how long a step takes that goes on beside the reconciles; nothing where it is done at once.
	lasts func() time.Duration
	// beside is what goes on beside the reconciles, or has ended and was not recorded yet.
	beside *job
	// fails gives the error of a step on AWS.
	fails func(release.Step) error
	runs  int
	// vouched are the commands that a person said have succeeded.
	vouched map[string]bool
	removed []release.Action
	notes   []plan.Note
	trace   []string
}

// errCrash ends a reconcile without a trace.
var errCrash = errors.New("the process ended")

// maxReconciles is more than any story takes.
const maxReconciles = 2000

func newOperator(t tester) *operator {
	return &operator{
		w: newWorld(t), vouched: map[string]bool{}, revision: "1", crashes: func() bool { return false },
		fails: func(release.Step) error { return nil }, lasts: func() time.Duration { return 0 },
	}
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
	o.w.t.Fatalf("release %s is not done after %d reconciles\n%s", d.BuildID, maxReconciles, strings.Join(o.trace, "\n"))
	return nil
}

// reconcile begins with what was written and ends with done, a wait or a refusal.
func (o *operator) reconcile() error {
	o.m = plan.New(cloned(o.written), "uid", plan.DefaultLimits())
	o.m.Now = o.w.now
	o.m.Ask(asked(o.want, func(a *plan.Asked) {
		a.Suspended, a.Requests, a.Revision = o.suspended, o.requests, o.revision
		a.Unprepared, a.Removal = o.unprepared, o.removal
		if o.barred != nil {
			a.Barred, a.Unprepared = true, o.barred
		}
		if o.withdrawn != nil {
			a.Declared = func(*release.Desired, string) (*release.Desired, error) { return nil, o.withdrawn }
		}
	}))
	if o.beside != nil {
		o.m.Observed.Beside = o.beside.key
	}
	err := o.steps()
	if errors.Is(err, errCrash) {
		o.beside = nil // it ends with the process
		return err
	}
	o.m.Ended(err)
	o.write()
	return err
}

// asked is what a Stage asks for that asks for a release.
func asked(d *release.Desired, edits ...func(*plan.Asked)) plan.Asked {
	a := plan.Asked{
		Release: func(_, revision string) *release.Desired {
			if revision == d.Revision {
				return d
			}
			other := *d
			other.ID, other.Revision = d.ID+"-"+revision, revision
			return &other
		},
		Declared: func(stored *release.Desired, id string) (*release.Desired, error) {
			if stored.ID != id {
				return nil, nil
			}
			return stored, nil
		},
		Image:    release.Image{Repository: d.Image.Repository, Tag: d.Image.Tag, Architecture: d.Image.Architecture},
		Revision: "1", OriginDigest: "digest", Generation: 1,
	}
	for _, edit := range edits {
		edit(&a)
	}
	if a.Unprepared != nil {
		a.Release = nil
	}
	return a
}

func (o *operator) steps() error {
	for {
		o.m.Now, o.m.Nonce = o.w.now, strconv.Itoa(o.runs)
		step, err := o.m.Next()
		if err == nil {
			o.note(describe(step))
		}
		if err == nil && (step.Action == release.ActionDone || step.Action == release.ActionLetGo) {
			return nil
		}
		if err == nil {
			err = o.take(step)
		}
		if errors.Is(err, errCrash) {
			return err
		}
		if err != nil {
			o.noteFailure(err)
			err = o.m.Failed(step, release.Outcome{}, err)
		}
		if err != nil {
			return err
		}
	}
}

func (o *operator) take(step release.Step) error {
	if step.Action == release.ActionLook {
		o.w.look(step, &o.m.Observed, o.m.Desired, &o.m.Recorded)
		return nil
	}
	o.m.Doing(step)
	if plan.ActOf(step).Write != plan.Unwritten {
		o.write()
	}
	if o.crashes() {
		return errCrash
	}
	if err := o.fails(step); err != nil {
		return err
	}
	outcome, err := o.act(step)
	if err != nil {
		return err
	}
	if o.crashes() {
		return errCrash
	}
	o.m.Did(step, outcome)
	if step.Action == release.ActionBegin {
		o.runs++
		o.trace[len(o.trace)-1] += " " + o.m.Recorded.Run.BuildID
	}
	return nil
}

// perform does in the world what a step does on AWS.
func (o *operator) perform(step release.Step, run *release.Run, d *release.Desired) release.Outcome {
	switch step.Action {
	case release.ActionResolve:
		i := o.m.Asked.Image
		return release.Outcome{Image: &release.ResolvedImage{
			Repository: i.Repository, Tag: i.Tag, Architecture: i.Architecture, Digest: o.want.Image.Digest,
		}}
	case release.ActionStack:
		o.w.operate(step.Stack)
	case release.ActionUpload:
		o.w.bucket[d.ID] = d
		return release.Outcome{Uploaded: &release.Uploaded{
			DeployedDigest: deployedDigest(run.BuildID), ConfigHash: d.ConfigHash,
		}}
	case release.ActionAssets:
		return release.Outcome{Assets: &release.Assets{Digest: "assets"}}
	case release.ActionPublish:
		outcome := release.Outcome{}
		for _, f := range d.Functions {
			outcome.Functions = append(outcome.Functions, release.FunctionVersion{Name: f.Name, Version: o.w.publish(d, f.Name)})
		}
		return outcome
	case release.ActionWarm:
		return release.Outcome{Warm: &release.Warm{Distinct: 1, Wanted: 1, At: o.w.now}}
	case release.ActionInvoke:
		o.w.invoke(run, step.Command)
	case release.ActionVoid:
		o.w.void(run, step.Command)
	case release.ActionMove:
		o.requireProven(step.Move.Name)
		return o.w.point(step.Move.Name, step.Move.After, o.m.Observed.Aliases[step.Move.Name])
	case release.ActionRevert:
		o.w.point(step.Move.Name, step.Move.Before, o.m.Observed.Aliases[step.Move.Name])
	case release.ActionRecordCommand:
		if strings.HasSuffix(o.requests.CommandResolution, "/"+step.Command+"=succeeded") {
			o.vouched[step.Command] = true
		}
	case release.ActionRepair:
		o.w.whole = release.Whole{}
	case release.ActionRemoveApp, release.ActionRemoveFoundation:
		o.removed = append(o.removed, step.Action)
	}
	return release.Outcome{}
}

// requireProven holds against the world what must be so before an alias moves.
func (o *operator) requireProven(function string) {
	run, d := o.written.Run, o.m.Desired
	if run == nil || run.ReleaseID != d.ID || run.DeployedDigest != deployedDigest(d.BuildID) || run.AssetsDigest == "" ||
		run.Warm == nil || run.Function(function) == "" || run.Activation == nil {
		o.w.t.Fatalf("the alias of %s moves before versions are published and warm, and that is written", function)
	}
	for _, command := range d.Commands {
		claim := o.w.claims[release.CommandKey(run.ReleaseID, run.ID, command.Name)]
		switch {
		case claim == nil, claim.void, claim.result == nil && !o.vouched[command.Name]:
		case claim.result == nil || claim.result.ExitCode == 0:
			continue
		}
		o.w.t.Fatalf("the alias of %s moves before %s succeeded\n%s", function, command.Name, strings.Join(o.trace, "\n"))
	}
}

func (o *operator) noteFailure(err error) {
	if waiting, ok := release.AsWaiting(err); ok {
		o.note("wait: " + waiting.Condition + " " + waiting.Reason)
	} else if rejected, ok := release.AsRejected(err); ok {
		o.note("refused: " + rejected.Reason)
	}
}

func (o *operator) write() {
	o.written = cloned(o.m.Recorded)
	if o.beside != nil && o.beside.told {
		o.beside = nil
	}
	o.notes, o.m.Notes = append(o.notes, o.m.Notes...), nil
}

// note keeps the trace; waiting for the same thing again, after nothing but looks, is noted once.
func (o *operator) note(line string) {
	if strings.HasPrefix(line, "wait: ") {
		last := len(o.trace) - 1
		for last >= 0 && (strings.HasPrefix(o.trace[last], "Look ") || o.trace[last] == "Stop") {
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
	if s.Move != nil {
		line += " " + s.Move.Name
	}
	if s.Command != "" {
		line += " " + s.Command
	}
	if s.Action == release.ActionPass {
		line += " " + string(s.Phase)
	}
	if s.Action == release.ActionLook && s.Command == "" {
		line += " " + string(s.Part)
	}
	switch {
	case s.ChangeSet != "":
		line += " with change set"
	case s.Template:
		line += " with template"
	}
	return line
}
