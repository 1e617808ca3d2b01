package phase_test

import (
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
	"github.com/aloft-dev/aloft/test/tenant"
)

func TestWhatSomeoneElseChangedIsNotPublished(t *testing.T) {
	for why, change := range map[string]func(*stage, string){
		"its description": func(s *stage, name string) { s.configure(name, "mine") },
		"its release":     func(s *stage, name string) { s.configure(name, "aloft b=v2 r=r9 t=1") },
		"its image": func(s *stage, name string) {
			other := s.Push(imageOf(s.t, "amd64", files{"app": "someone's"}), "mine")
			_, err := s.Clients.Lambda.UpdateFunctionCode(s.t.Context(), &lambda.UpdateFunctionCodeInput{
				FunctionName: aws.String(name),
				ImageUri:     aws.String(s.RepositoryURI() + "@" + other),
			})
			s.Must(err)
		},
	} {
		t.Run(why, func(t *testing.T) {
			s := withFunctions(t)
			s.Desired.Functions = s.Desired.Functions[2:]
			name := s.Desired.HTTP().FullName
			change(s, name)
			s.Settled(name, "$LATEST")
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
	s.Must(err)
	config = config.DeepCopy()
	config.RootFS.DiffIDs[0].Hex = strings.Repeat("0", 64) // Lambda finds out when it unpacks the layer
	broken, err = mutate.ConfigFile(broken, config)
	s.Must(err)
	_, err = s.Clients.Lambda.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{
		FunctionName: aws.String(name),
		ImageUri:     aws.String(s.RepositoryURI() + "@" + s.Push(broken, "broken")),
	})
	s.Must(err)
	reason := aws.ToString(s.Settled(name, "$LATEST").LastUpdateStatusReason)
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
	s.Settled(function, version)
	_, err := s.Clients.ECR.BatchDeleteImage(s.t.Context(), &ecr.BatchDeleteImageInput{
		RepositoryName: aws.String(s.Names.Repository),
		ImageIds:       []ecrtypes.ImageIdentifier{{ImageDigest: aws.String(s.Recorded.Run.DeployedDigest)}},
	})
	s.Must(err)
	for range 2000 {
		clock.Advance(time.Hour)
		if s.Settled(function, version).State == types.StateFailed {
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
	s.Settled(s.Desired.HTTP().FullName, "1")
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
			s.Fault(call, "-http", tenant.Denied())
			contains(t, s.fails(publish).Error(), text+s.Desired.HTTP().FullName)
		})
	}
}

func TestAVersionThatCannotBecomeActiveIsRefused(t *testing.T) {
	clock, option := checking()
	s := withFunctions(t, option)
	s.Desired.Functions = s.Desired.Functions[2:]
	name := s.Desired.HTTP().FullName
	s.Local.Watch(func(call wire.Record) {
		if call.Name() == "lambda:PublishVersion" { // $LATEST was seen well before
			s.Local.Watch(nil)
			s.loseImage(clock, name, "1")
		}
	})
	outcome := s.waits(publish, v1alpha1.ConditionVersionsPublished, v1alpha1.ReasonProgressing, "becomes active")
	s.Recorded.Run.Published(outcome.Functions[0])
	s.refused(publish, v1alpha1.ConditionVersionsPublished, v1alpha1.ReasonVersionFailed,
		"version 1 of function "+name+" cannot become active", "source image")
}

func TestAPendingVersionThatIsDeletedIsRefused(t *testing.T) {
	s := withFunctions(t)
	s.Desired.Functions = s.Desired.Functions[2:]
	s.Recorded.Run.Published(release.FunctionVersion{Name: "http", Version: "7", Pending: true})
	s.refused(publish, v1alpha1.ConditionVersionsPublished, v1alpha1.ReasonVersionFailed, "version 7 of function ",
		"someone deleted it")
}

func TestAWriteBetweenTheLookAndThePublicationIsWaitedOut(t *testing.T) {
	s := withFunctions(t)
	s.Desired.Functions = s.Desired.Functions[2:]
	s.Local.Watch(func(call wire.Record) {
		if call.Name() == "lambda:GetFunction" {
			s.Local.Watch(nil)
			s.configure(s.Desired.HTTP().FullName, "someone's")
			s.Settled(s.Desired.HTTP().FullName, "$LATEST")
		}
	})
	s.waits(publish, v1alpha1.ConditionVersionsPublished, v1alpha1.ReasonProgressing, "is being updated")
	if got := s.versions(s.Desired.HTTP().FullName); len(got) != 0 {
		t.Errorf("the versions are %v", got)
	}
}
