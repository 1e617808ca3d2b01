package stage

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// filled sets every field of a value, so that one that is not converted is missed: whoever adds a field need not think
// of it here.
func filled(value reflect.Value, number *int) {
	*number++
	if value.Type() == reflect.TypeFor[time.Time]() {
		value.Set(reflect.ValueOf(time.Unix(1_800_000_000+int64(*number), 0)))
		return
	}
	if value.Type() == reflect.TypeFor[time.Duration]() {
		value.SetInt(int64(*number) * int64(time.Millisecond))
		return
	}
	switch value.Kind() {
	case reflect.Map:
		key, member := reflect.New(value.Type().Key()).Elem(), reflect.New(value.Type().Elem()).Elem()
		filled(key, number)
		filled(member, number)
		value.Set(reflect.MakeMap(value.Type()))
		value.SetMapIndex(key, member)
	case reflect.Pointer:
		value.Set(reflect.New(value.Type().Elem()))
		filled(value.Elem(), number)
	case reflect.Slice:
		value.Set(reflect.MakeSlice(value.Type(), 2, 2))
		filled(value.Index(0), number)
		filled(value.Index(1), number)
	case reflect.Struct:
		for _, field := range value.Fields() {
			filled(field, number)
		}
	case reflect.String:
		value.SetString("text-" + string(rune('a'+*number%26)))
	case reflect.Bool:
		value.SetBool(true)
	default:
		value.SetInt(int64(*number))
	}
}

// stored is what the API server gives back of a status.
func stored(t *testing.T, status *v1alpha1.StageStatus) *v1alpha1.StageStatus {
	t.Helper()
	text, err := json.Marshal(status)
	if err != nil {
		t.Fatal(err)
	}
	again := &v1alpha1.StageStatus{}
	if err := json.Unmarshal(text, again); err != nil {
		t.Fatal(err)
	}
	return again
}

func TestEverythingThatIsRecordedIsReadAgainAsItWas(t *testing.T) {
	var recorded release.Recorded
	filled(reflect.ValueOf(&recorded).Elem(), new(int))
	for i := range recorded.Run.Commands {
		recorded.Run.Commands[i].State = release.CommandFailed // only one that ended has an exit code
	}
	status := &v1alpha1.StageStatus{}
	writeRecorded(status, &recorded)
	if diff := cmp.Diff(recorded, recordedFrom(stored(t, status)), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

func TestNothingRecordedLeavesNothingInTheStatus(t *testing.T) {
	var recorded release.Recorded
	filled(reflect.ValueOf(&recorded).Elem(), new(int))
	status := &v1alpha1.StageStatus{Phase: "Live"}
	writeRecorded(status, &recorded)
	writeRecorded(status, &release.Recorded{})
	if diff := cmp.Diff(&v1alpha1.StageStatus{Phase: "Live"}, status); diff != "" {
		t.Errorf("what is not of the record must stay, and all else be gone:\n%s", diff)
	}
	if diff := cmp.Diff(release.Recorded{}, recordedFrom(status)); diff != "" {
		t.Error(diff)
	}
}

func TestACommandThatHasNotEndedHasNoExitCode(t *testing.T) {
	for state, want := range map[release.CommandState]bool{
		release.CommandAnnounced: false, release.CommandStarted: false, release.CommandVoid: false,
		release.CommandUnknown:   false,
		release.CommandSucceeded: true, release.CommandFailed: true,
	} {
		if got := commandOf(release.CommandRun{State: state}).ExitCode != nil; got != want {
			t.Errorf("one that is %s has an exit code: %t", state, got)
		}
	}
}

func TestWhatIsRememberedIsComparedWithoutWhatIsOnlyTold(t *testing.T) {
	var recorded release.Recorded
	filled(reflect.ValueOf(&recorded).Elem(), new(int))
	stage := &v1alpha1.Stage{}
	writeRecorded(&stage.Status, &recorded)
	again := func() *session {
		return &session{before: stage, machine: machineOf(recordedFrom(stored(t, &stage.Status)))}
	}
	if again().remembers() {
		t.Error("what was written counts as new")
	}
	rounded := again()
	rounded.machine.Recorded.Run.StartedAt = rounded.machine.Recorded.Run.StartedAt.Add(time.Millisecond)
	rounded.machine.Recorded.Run.Commands[0].SeenAt = rounded.machine.Recorded.Run.Commands[0].SeenAt.Add(time.Millisecond)
	if rounded.remembers() {
		t.Error("what the API server rounds of a time counts as something to remember")
	}
	told := again()
	told.machine.Recorded.Run.Phases[0].Message = "it goes on for 5s"
	if told.remembers() {
		t.Error("a message counts as something to remember")
	}
	for why, change := range map[string]func(*release.Recorded){
		"a command has ended":     func(r *release.Recorded) { r.Run.Commands[0].State = release.CommandSucceeded },
		"a version was published": func(r *release.Recorded) { r.Run.Functions = r.Run.Functions[:1] },
		"an alias has moved":      func(r *release.Recorded) { r.Run.Activation.Moves[0].State = release.MoveDone },
		"a request was handled":   func(r *release.Recorded) { r.Handled.Retry = "again" },
		"an image was resolved":   func(r *release.Recorded) { r.Image.Digest = "sha256:other" },
		"the run was given up":    func(r *release.Recorded) { r.Run = nil },
	} {
		t.Run(why, func(t *testing.T) {
			s := again()
			change(&s.machine.Recorded)
			if !s.remembers() {
				t.Error("it would be lost")
			}
		})
	}
}
