package phase_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

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
		got := s.settled(function.FullName, "1")
		if got.State != types.StateActive || aws.ToString(got.Description) != s.Desired.Description().String() {
			t.Errorf("version 1 of %s is %s: %s", function.FullName, got.State, aws.ToString(got.Description))
		}
	}
}

func TestWhatIsRecordedIsNotPublishedAgain(t *testing.T) {
	s := withFunctions(t)
	s.released()
	since := s.local.Calls().End()
	if got := s.done(publish).Functions; len(got) != 0 {
		t.Errorf("published is %v", got)
	}
	if calls := s.local.Calls().Since(since); len(calls) != 0 {
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
	repair := s.fault("lambda:PublishVersion", "-cli/", busy)
	// The others take longer than the one that is refused at once.
	s.local.Faults().Inject(wire.Fault{
		Call: "lambda:PublishVersion", Kind: wire.FaultDelay, Delay: 10 * time.Millisecond,
	})
	var known []release.FunctionVersion
	for range 200 { // until the versions of the others are active
		known = s.waits(publish, v1alpha1.ConditionVersionsPublished, v1alpha1.ReasonProgressing).Functions
		if len(known) == 2 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	want := []release.FunctionVersion{{Name: "default-queue", Version: "1"}, {Name: "http", Version: "1"}}
	if got := sorted(known); !slices.Equal(got, want) {
		t.Fatalf("known are %v", got)
	}
	s.Recorded.Run.Functions = known
	since := s.local.Calls().End()
	s.waits(publish, v1alpha1.ConditionVersionsPublished, v1alpha1.ReasonProgressing, "-cli is being updated")
	if asked := s.local.Calls().Since(since).Operation("lambda:PublishVersion"); len(asked) != 1 {
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
		s.must(err)
		if got.State != types.StatePending && got.LastUpdateStatus != types.LastUpdateStatusInProgress {
			return
		}
		time.Sleep(time.Millisecond)
	}
	s.t.Fatalf("version %s of function %s does not settle", version, function)
}

func TestAVersionIsRecordedWhenItIsActiveAndNotBefore(t *testing.T) {
	clock, option := slowly("publish")
	s := withFunctions(t, option)
	s.Desired.Functions = s.Desired.Functions[2:]
	name := s.Desired.HTTP().FullName
	for range 3 { // it is waited for by asking again, which gives the same version
		outcome := s.waits(publish, v1alpha1.ConditionVersionsPublished, v1alpha1.ReasonProgressing,
			"version 1 of function "+name+" becomes active")
		if len(outcome.Functions) != 0 {
			t.Errorf("it is told before it is active: %v", outcome.Functions)
		}
	}
	s.advance(clock, name, "1")
	if got := s.done(publish).Functions; !slices.Equal(got, []release.FunctionVersion{{Name: "http", Version: "1"}}) {
		t.Errorf("published is %v", got)
	}
	if got := s.versions(name); len(got) != 1 {
		t.Errorf("the versions are %v", got)
	}
}

func TestWhatSomeoneElseChangedIsNotPublished(t *testing.T) {
	for why, change := range map[string]func(*stage, string){
		"its description": func(s *stage, name string) { s.configure(name, "mine") },
		"its release":     func(s *stage, name string) { s.configure(name, "aloft b=v2 r=r9 t=1") },
		"its image": func(s *stage, name string) {
			other := s.pushed(imageOf(s.t, "amd64", files{"app": "someone's"}), "mine")
			_, err := s.Clients.Lambda.UpdateFunctionCode(s.t.Context(), &lambda.UpdateFunctionCodeInput{
				FunctionName: aws.String(name),
				ImageUri:     aws.String(s.repositoryURI() + "@" + other),
			})
			s.must(err)
		},
	} {
		t.Run(why, func(t *testing.T) {
			s := withFunctions(t)
			s.Desired.Functions = s.Desired.Functions[2:]
			name := s.Desired.HTTP().FullName
			change(s, name)
			s.settled(name, "$LATEST")
			s.refused(publish, v1alpha1.ConditionVersionsPublished, v1alpha1.ReasonVersionFailed,
				name+" was changed by someone else", v1alpha1.AnnotationRetry)
			if got := s.versions(name); len(got) != 0 {
				t.Errorf("the versions are %v", got)
			}
		})
	}
}

func TestAFunctionWhoseUpdateFailedCannotBePublished(t *testing.T) {
	s := withFunctions(t)
	s.Desired.Functions = s.Desired.Functions[2:]
	name := s.Desired.HTTP().FullName
	broken := imageOf(t, "amd64", files{"app": "broken"})
	config, err := broken.ConfigFile()
	s.must(err)
	config = config.DeepCopy()
	config.RootFS.DiffIDs[0].Hex = strings.Repeat("0", 64) // Lambda finds out when it unpacks the layer
	broken, err = mutate.ConfigFile(broken, config)
	s.must(err)
	_, err = s.Clients.Lambda.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{
		FunctionName: aws.String(name),
		ImageUri:     aws.String(s.repositoryURI() + "@" + s.pushed(broken, "broken")),
	})
	s.must(err)
	reason := aws.ToString(s.settled(name, "$LATEST").LastUpdateStatusReason)
	if reason == "" {
		t.Fatal("the update did not fail")
	}
	s.refused(publish, v1alpha1.ConditionVersionsPublished, v1alpha1.ReasonVersionFailed, name+" cannot be published",
		reason)
}

// checking is a Lambda that looks every hour, by a clock that the test moves, whether its images are still there.
func checking() (clock *wire.ManualClock, option func(*localaws.Options)) {
	clock = wire.NewManualClock(time.Now())
	return clock, func(o *localaws.Options) {
		o.Clock, o.Settings = clock, map[string]string{"lambda.check-images": "1h"}
	}
}

// loseImage deletes the release's image and waits until a version has failed by it.
func (s *stage) loseImage(clock *wire.ManualClock, function, version string) {
	s.t.Helper()
	s.settled(function, version)
	_, err := s.Clients.ECR.BatchDeleteImage(s.t.Context(), &ecr.BatchDeleteImageInput{
		RepositoryName: aws.String(s.Names.Repository),
		ImageIds:       []ecrtypes.ImageIdentifier{{ImageDigest: aws.String(s.Recorded.Run.DeployedDigest)}},
	})
	s.must(err)
	for range 2000 {
		clock.Advance(time.Hour)
		if s.settled(function, version).State == types.StateFailed {
			return
		}
		time.Sleep(time.Millisecond)
	}
	s.t.Fatalf("version %s of function %s does not fail", version, function)
}

func TestAFunctionWhoseImageIsGoneCannotBePublished(t *testing.T) {
	clock, option := checking()
	s := withFunctions(t, option)
	s.Desired.Functions = s.Desired.Functions[2:]
	s.loseImage(clock, s.Desired.HTTP().FullName, "$LATEST")
	s.refused(publish, v1alpha1.ConditionVersionsPublished, v1alpha1.ReasonVersionFailed,
		s.Desired.HTTP().FullName+" cannot be published", "source image")
}

func TestALostAnswerGivesTheSameVersionTheNextTime(t *testing.T) {
	s := withFunctions(t)
	s.Desired.Functions = s.Desired.Functions[2:]
	s.loseAnswer("lambda:PublishVersion")
	contains(t, s.fails(publish).Error(), "publishing function "+s.Desired.HTTP().FullName)
	s.settled(s.Desired.HTTP().FullName, "1")
	if got := s.done(publish).Functions; !slices.Equal(got, []release.FunctionVersion{{Name: "http", Version: "1"}}) {
		t.Errorf("published is %v", got)
	}
	if got := s.versions(s.Desired.HTTP().FullName); len(got) != 1 {
		t.Errorf("the versions are %v", got)
	}
}

func TestThatAFunctionCannotBeReadOrPublishedMayPass(t *testing.T) {
	for call, text := range map[string]string{
		"lambda:GetFunction": "reading function ", "lambda:PublishVersion": "publishing function ",
	} {
		t.Run(call, func(t *testing.T) {
			s := withFunctions(t)
			s.Desired.Functions = s.Desired.Functions[2:]
			s.fault(call, "-http", denied())
			contains(t, s.fails(publish).Error(), text+s.Desired.HTTP().FullName)
		})
	}
}

func TestAVersionThatCannotBecomeActiveIsRefused(t *testing.T) {
	clock, option := checking()
	s := withFunctions(t, option)
	s.Desired.Functions = s.Desired.Functions[2:]
	name := s.Desired.HTTP().FullName
	s.local.Watch(func(call wire.Record) {
		if call.Name() == "lambda:PublishVersion" { // $LATEST was seen well before
			s.local.Watch(nil)
			s.loseImage(clock, name, "1")
		}
	})
	s.refused(publish, v1alpha1.ConditionVersionsPublished, v1alpha1.ReasonVersionFailed,
		"version 1 of function "+name+" cannot become active", "source image")
}

func TestAWriteBetweenTheLookAndThePublicationIsWaitedOut(t *testing.T) {
	s := withFunctions(t)
	s.Desired.Functions = s.Desired.Functions[2:]
	s.local.Watch(func(call wire.Record) {
		if call.Name() == "lambda:GetFunction" {
			s.local.Watch(nil)
			s.configure(s.Desired.HTTP().FullName, "someone's")
			s.settled(s.Desired.HTTP().FullName, "$LATEST")
		}
	})
	s.waits(publish, v1alpha1.ConditionVersionsPublished, v1alpha1.ReasonProgressing, "is being updated")
	if got := s.versions(s.Desired.HTTP().FullName); len(got) != 0 {
		t.Errorf("the versions are %v", got)
	}
}
