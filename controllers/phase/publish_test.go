package phase_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

var publish = release.Step{Action: release.ActionPublish, Phase: release.PhasePublish}

// slowly is a Lambda whose clock the test moves, and of which one kind of change takes a minute.
func slowly(kind string) (clock *wire.ManualClock, option func(*localaws.Options)) {
	clock = wire.NewManualClock(time.Now())
	return clock, func(o *localaws.Options) {
		o.Clock = clock
		o.Settings = map[string]string{"lambda." + kind: "1m"}
	}
}

// sorted gives functions by name, since they are published all at once.
func sorted(functions []release.FunctionVersion) []release.FunctionVersion {
	slices.SortFunc(functions, func(a, b release.FunctionVersion) int { return strings.Compare(a.Name, b.Name) })
	return functions
}

func TestEachFunctionGetsAVersionOfTheRelease(t *testing.T) {
	s := withFunctions(t)
	s.released()
	want := []release.FunctionVersion{
		{Name: "cli", Version: "1"}, {Name: "default-queue", Version: "1"}, {Name: "http", Version: "1"},
	}
	if got := sorted(s.Recorded.Run.Functions); !slices.Equal(got, want) {
		t.Errorf("published are %v", got)
	}
	for _, function := range s.Desired.Functions {
		got := s.Settled(function.FullName, "1")
		if got.State != types.StateActive || aws.ToString(got.Description) != s.Desired.Description().String() {
			t.Errorf("version 1 of %s is %s: %s", function.FullName, got.State, aws.ToString(got.Description))
		}
	}
}

func TestWhatIsRecordedIsNotPublishedAgain(t *testing.T) {
	s := withFunctions(t)
	s.released()
	since := s.Local.Calls().End()
	if got := s.done(publish).Functions; len(got) != 0 {
		t.Errorf("published is %v", got)
	}
	if calls := s.Local.Calls().Since(since); len(calls) != 0 {
		t.Errorf("AWS was asked: %v", calls.Names())
	}
	s.Recorded.Run.Functions = s.Recorded.Run.Functions[:2]
	if got := s.done(publish).Functions; len(got) != 1 || got[0].Version != "1" {
		t.Errorf("published is %v", got)
	}
}

func TestOneThatIsPendingDoesNotHoldTheOthersBack(t *testing.T) {
	s := withFunctions(t)
	busy := wire.Errorf(http.StatusConflict, "ResourceConflictException", "an update is in progress")
	repair := s.Fault("lambda:PublishVersion", "-cli/", busy)
	// The others take longer than the one that is refused at once.
	s.Local.Faults().Inject(wire.Fault{
		Call: "lambda:PublishVersion", Kind: wire.FaultDelay, Delay: 10 * time.Millisecond,
	})
	for range 200 { // until the versions of the others are active
		for _, version := range s.waits(publish, v1alpha1.ConditionVersionsPublished, v1alpha1.ReasonProgressing).Functions {
			s.Recorded.Run.Published(version)
		}
		if s.Recorded.Run.Active() == 2 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	want := []release.FunctionVersion{{Name: "default-queue", Version: "1"}, {Name: "http", Version: "1"}}
	if got := sorted(s.Recorded.Run.Functions); !slices.Equal(got, want) {
		t.Fatalf("known are %v", got)
	}
	since := s.Local.Calls().End()
	s.waits(publish, v1alpha1.ConditionVersionsPublished, v1alpha1.ReasonProgressing, "-cli is being updated")
	if asked := s.Local.Calls().Since(since).Operation("lambda:PublishVersion"); len(asked) != 1 {
		t.Errorf("%d functions were published although one was missing", len(asked))
	}
	repair()
	s.released()
	if got := s.versions(s.Desired.CLI().FullName); !slices.Equal(got, []string{"1"}) {
		t.Errorf("the versions of the last one are %v", got)
	}
}

func TestAFunctionThatIsBeingUpdatedIsNotPublishedYet(t *testing.T) {
	clock, option := slowly("update")
	s := withFunctions(t, option)
	s.Desired.Functions = s.Desired.Functions[2:]
	s.configure(s.Desired.HTTP().FullName, s.Desired.Description().String())
	outcome := s.waits(publish, v1alpha1.ConditionVersionsPublished, v1alpha1.ReasonProgressing,
		"-http is being updated")
	if len(outcome.Functions) != 0 || len(s.versions(s.Desired.HTTP().FullName)) != 0 {
		t.Errorf("published is %v", outcome.Functions)
	}
	s.advance(clock, s.Desired.HTTP().FullName, "$LATEST")
	s.released()
}

// advance moves the clock until a version has settled.
func (s *stage) advance(clock *wire.ManualClock, function, version string) {
	s.t.Helper()
	for range 2000 {
		clock.Advance(time.Second)
		got, err := s.Clients.Lambda.GetFunctionConfiguration(s.t.Context(), &lambda.GetFunctionConfigurationInput{
			FunctionName: aws.String(function), Qualifier: aws.String(version),
		})
		s.Must(err)
		if got.State != types.StatePending && got.LastUpdateStatus != types.LastUpdateStatusInProgress {
			return
		}
		time.Sleep(time.Millisecond)
	}
	s.t.Fatalf("version %s of function %s does not settle", version, function)
}

func TestAVersionIsPublishedOnceAndThenOnlyLookedAt(t *testing.T) {
	clock, option := slowly("publish")
	s := withFunctions(t, option)
	s.Desired.Functions = s.Desired.Functions[2:]
	name := s.Desired.HTTP().FullName
	becomes := "version 1 of function " + name + " becomes active"
	for range 2 { // a crash before it was recorded: it is asked for again, which gives the same version
		outcome := s.waits(publish, v1alpha1.ConditionVersionsPublished, v1alpha1.ReasonProgressing, becomes)
		if want := (release.FunctionVersion{Name: "http", Version: "1", Pending: true}); outcome.Functions[0] != want {
			t.Errorf("published is %v", outcome.Functions)
		}
	}
	s.Recorded.Run.Published(release.FunctionVersion{Name: "http", Version: "1", Pending: true})
	since := s.Local.Calls().End()
	for range 3 {
		got := s.waits(publish, v1alpha1.ConditionVersionsPublished, v1alpha1.ReasonProgressing, becomes)
		if len(got.Functions) > 0 {
			t.Errorf("published is %v", got)
		}
	}
	if got := s.Local.Calls().Since(since).Names(); !slices.Equal(got, slices.Repeat([]string{"lambda:GetFunction"}, 3)) {
		t.Errorf("it is waited for by %v", got)
	}
	s.advance(clock, name, "1")
	if got := s.done(publish).Functions; !slices.Equal(got, []release.FunctionVersion{{Name: "http", Version: "1"}}) {
		t.Errorf("published is %v", got)
	}
	if got := s.versions(name); len(got) != 1 {
		t.Errorf("the versions are %v", got)
	}
}
