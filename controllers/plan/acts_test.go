package plan_test

import (
	"testing"
	"time"

	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

func TestWhatEndsSomethingIsMoreUrgent(t *testing.T) {
	releasing := plan.New(release.Recorded{Run: &release.Run{State: release.RunRunning}}, "uid", plan.DefaultLimits())
	moving := plan.New(release.Recorded{Run: &release.Run{State: release.RunRunning, Activation: &release.Activation{}}},
		"uid", plan.DefaultLimits())
	live := plan.New(release.Recorded{Live: &release.Live{}}, "uid", plan.DefaultLimits())
	looks := release.ActionLook
	for _, row := range []struct {
		what    string
		machine *plan.Machine
		step    release.Step
		want    plan.Urgency
	}{
		{"a move", releasing, release.Step{Action: release.ActionMove, Phase: release.PhaseActivate}, plan.Moves},
		{"work", releasing, release.Step{Action: release.ActionPublish, Phase: release.PhasePublish}, plan.Works},
		{"a look", releasing, release.Step{Action: looks, Part: release.PartApp}, plan.Looks},
		{"a look of a phase", releasing, release.Step{Action: looks, Phase: release.PhaseStack}, plan.Looks},
		{"a look while aliases move", moving, release.Step{Action: looks, Part: release.PartAliases}, plan.Moves},
		{"a look of the switch", moving, release.Step{Action: looks, Phase: release.PhaseActivate}, plan.Moves},
		{"a look of the clean-up", live, release.Step{Action: looks, Phase: release.PhaseClean}, plan.Later},
		{"a sweep", live, release.Step{Action: release.ActionSweep, Phase: release.PhaseClean}, plan.Later},
		{"a step of a deletion", releasing, release.Step{Action: release.ActionStack}, plan.Later},
	} {
		if got := row.machine.Urgency(row.step); got != row.want {
			t.Errorf("%s is made with urgency %d, want %d", row.what, got, row.want)
		}
	}
}

func TestOnceAliasesHaveMovedAStackOperationNeedsNoTurn(t *testing.T) {
	for _, phase := range rows(release.ActionStack) {
		turn := plan.ActOf(release.Step{Action: release.ActionStack, Phase: phase}).Turn
		if turn != (phase != release.PhaseActivate) {
			t.Errorf("that a stack is operated on in phase %q needs a turn: %t", phase, turn)
		}
	}
}

func TestOnlyWhatIsPartOfWhatComesNextOutlastsAStop(t *testing.T) {
	asks := func(d *release.Desired, edits ...func(*plan.Asked)) *plan.Machine {
		m := plan.New(release.Recorded{Live: &release.Live{ID: d.ID}}, "uid", plan.DefaultLimits())
		m.Desired = d
		m.Asked = asked(d, edits...)
		return m
	}
	removed := func(a *plan.Asked) { a.Removal = &plan.Removal{} }
	for _, row := range []struct {
		what     string
		begun    *plan.Machine
		action   release.Action
		now      *plan.Machine
		outlasts bool
	}{
		{"a sweep of what is live", asks(releaseOf("v1")), release.ActionSweep, asks(releaseOf("v1")), true},
		{"a repair of what is live", asks(releaseOf("v1")), release.ActionRepair, asks(releaseOf("v1")), true},
		{"an upload", asks(releaseOf("v1")), release.ActionUpload, asks(releaseOf("v1")), false},
		{"a sweep of another release", asks(releaseOf("v1")), release.ActionSweep, asks(releaseOf("v2")), false},
		{"a repair when the Stage is deleted", asks(releaseOf("v1")), release.ActionRepair,
			asks(releaseOf("v1"), removed), false},
		{"a removal", asks(releaseOf("v1"), removed), release.ActionRemoveApp, asks(releaseOf("v1"), removed), true},
	} {
		work := row.begun.Work(release.Step{Action: row.action})
		if got := row.now.Outlasts(work); got != row.outlasts {
			t.Errorf("%s (%s) goes on: %t", row.what, work, got)
		}
	}
	unknown := asks(releaseOf("v1"))
	work := unknown.Work(release.Step{Action: release.ActionSweep})
	unknown.Desired = nil
	if unknown.Outlasts(work) {
		t.Error("a sweep goes on for a release that is not known")
	}
}

func TestWorkIsOtherWorkWhenItsContentIs(t *testing.T) {
	m := plan.New(release.Recorded{Run: &release.Run{ID: "r1"}}, "uid", plan.DefaultLimits())
	m.Desired, m.Asked = releaseOf("v1"), asked(releaseOf("v1"))
	warm, resolve := release.Step{Action: release.ActionWarm}, release.Step{Action: release.ActionResolve}
	for what, row := range map[string]struct {
		step release.Step
		edit func()
	}{
		"of another run":             {warm, func() { m.Recorded.Run.ID = "r2" }},
		"of what was warm once":      {warm, func() { m.Recorded.Run.Warm = &release.Warm{At: time.Unix(1, 0)} }},
		"of another release":         {warm, func() { m.Desired = releaseOf("v2") }},
		"of another image":           {resolve, func() { m.Asked.Image.Tag = "v2" }},
		"of an image that is pinned": {resolve, func() { m.Asked.Image.Digest = "sha256:1" }},
		"asked for by a person":      {resolve, func() { m.Asked.Requests.RequestedAt = "now" }},
	} {
		before := m.Work(row.step)
		if row.edit(); m.Work(row.step) == before {
			t.Errorf("work %s is not told apart: %s", what, before)
		}
	}
}

func TestAnUploadIsOneWorkOfTwoPhases(t *testing.T) {
	m := plan.New(release.Recorded{Run: &release.Run{ID: "r1"}}, "uid", plan.DefaultLimits())
	m.Desired, m.Asked = releaseOf("v1"), asked(releaseOf("v1"))
	work := func(action release.Action) string { return m.Work(release.Step{Action: action}) }
	if work(release.ActionUpload) != work(release.ActionAssets) {
		t.Error("the assets would be sent once more")
	}
	if work(release.ActionUpload) == work(release.ActionRepair) {
		t.Error("a repair is taken for the upload")
	}
}

func TestWorkMayTakeTimeByItsSize(t *testing.T) {
	d := releaseOf("v1")
	d.Functions = d.Functions[:1]
	d.Functions[0].TimeoutSeconds = 60
	upload := release.Step{Action: release.ActionUpload, Phase: release.PhaseUpload}
	for _, row := range []struct {
		what         string
		step         release.Step
		bytes, files int64
		want         time.Duration
	}{
		{"an image is looked up", release.Step{Action: release.ActionResolve, Phase: release.PhaseResolve}, 0, 0,
			time.Minute},
		{"a small image is copied", upload, 0, 0, 10 * time.Minute},
		{"a large image is copied", upload, 10 << 30, 0, 10*time.Minute + 20480*time.Second},
		{"many files are sent", upload, 0, 100_000, 10*time.Minute + 2000*time.Second},
		{"a function with a minute of time is warmed", release.Step{Action: release.ActionWarm, Phase: release.PhaseWarm},
			0, 0, 8 * time.Minute},
		{"a stage is removed", release.Step{Action: release.ActionRemoveApp}, 0, 0, 30 * time.Minute},
	} {
		if got := plan.Within(row.step, d, row.bytes, row.files); got != row.want {
			t.Errorf("%s within %s, want %s", row.what, got, row.want)
		}
	}
}
