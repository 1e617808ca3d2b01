package phase_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/aloft-dev/aloft/controllers/release"
)

// withFunctions gives the stage a worker and an http function, each with two versions, whose aliases point at the first.
func withFunctions(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	uri, role := s.image(), s.role()
	s.Desired.Functions = nil
	for _, function := range []string{"default-queue", "http"} {
		full := s.Desired.Names.Prefix + "-" + function
		_, err := s.Clients.Lambda.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
			FunctionName: aws.String(full), PackageType: types.PackageTypeImage, Role: aws.String(role), Code: &types.FunctionCode{ImageUri: aws.String(uri)},
		})
		s.must(err)
		s.publish(full)
		_, err = s.Clients.Lambda.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{
			FunctionName: aws.String(full), Description: aws.String("second"),
		})
		s.must(err)
		s.publish(full)
		alias, err := s.Clients.Lambda.CreateAlias(t.Context(), &lambda.CreateAliasInput{
			FunctionName: aws.String(full), Name: aws.String(release.LiveAlias), FunctionVersion: aws.String("1"),
		})
		s.must(err)
		s.Desired.Functions = append(s.Desired.Functions, release.Function{Name: function, FullName: full})
		s.Recorded.Run.Functions = append(s.Recorded.Run.Functions, release.FunctionVersion{Name: function, Version: "2", Previous: "1"})
		s.Observed.Aliases[function] = release.Alias{Version: "1", RevisionID: aws.ToString(alias.RevisionId)}
	}
	return s
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// image pushes an image that nobody starts.
func (s *stage) image() string {
	s.t.Helper()
	made, err := s.Clients.ECR.CreateRepository(s.t.Context(), &ecr.CreateRepositoryInput{RepositoryName: aws.String(s.Desired.Names.Repository)})
	s.must(err)
	_, err = s.Clients.ECR.SetRepositoryPolicy(s.t.Context(), &ecr.SetRepositoryPolicyInput{
		RepositoryName: aws.String(s.Desired.Names.Repository),
		PolicyText: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},
			"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}]}`),
	})
	s.must(err)
	token, err := s.Clients.ECR.GetAuthorizationToken(s.t.Context(), &ecr.GetAuthorizationTokenInput{})
	s.must(err)
	login, err := base64.StdEncoding.DecodeString(aws.ToString(token.AuthorizationData[0].AuthorizationToken))
	s.must(err)
	user, password, _ := strings.Cut(string(login), ":")
	reference, err := name.NewTag(aws.ToString(made.Repository.RepositoryUri)+":v2", name.Insecure)
	s.must(err)
	built, err := random.Image(64, 1)
	s.must(err)
	s.must(remote.Write(reference, built, remote.WithAuth(authn.FromConfig(authn.AuthConfig{Username: user, Password: password}))))
	return reference.String()
}

func (s *stage) role() string {
	s.t.Helper()
	made, err := iam.NewFromConfig(s.local.Config()).CreateRole(s.t.Context(), &iam.CreateRoleInput{
		RoleName:                 aws.String("function"),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`),
	})
	s.must(err)
	return aws.ToString(made.Role.Arn)
}

// publish makes a version as soon as the function's last update has ended, and waits until the version may be named by an alias.
func (s *stage) publish(function string) {
	s.t.Helper()
	s.awaitActive(function, "$LATEST")
	made, err := s.Clients.Lambda.PublishVersion(s.t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String(function)})
	s.must(err)
	s.awaitActive(function, aws.ToString(made.Version))
}

func (s *stage) awaitActive(function, version string) {
	s.t.Helper()
	for range 1000 {
		got, err := s.Clients.Lambda.GetFunctionConfiguration(s.t.Context(), &lambda.GetFunctionConfigurationInput{
			FunctionName: aws.String(function), Qualifier: aws.String(version),
		})
		s.must(err)
		if got.State == types.StateActive && got.LastUpdateStatus != types.LastUpdateStatusInProgress {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	s.t.Fatalf("version %s of function %s does not become active", version, function)
}

// live is the version that the alias of a function points at.
func (s *stage) live(function string) string {
	s.t.Helper()
	got, err := s.Clients.Lambda.GetAlias(s.t.Context(), &lambda.GetAliasInput{
		FunctionName: aws.String(s.Desired.Names.Prefix + "-" + function), Name: aws.String(release.LiveAlias),
	})
	s.must(err)
	return aws.ToString(got.FunctionVersion)
}

func flip(function string) release.Step {
	return release.Step{Action: release.ActionFlip, Phase: release.PhaseActivate, Function: function}
}

func TestAliasesMoveOneByOneAndAreReadBackAfterTheLast(t *testing.T) {
	s := withFunctions(t)
	s.must(s.perform(flip("default-queue")))
	if s.live("default-queue") != "2" || s.live("http") != "1" {
		t.Errorf("live are %s and %s", s.live("default-queue"), s.live("http"))
	}
	if got := s.Observed.Aliases["default-queue"]; got.Version != "2" || got.RevisionID == "" {
		t.Errorf("known of the alias that has moved is %+v", got)
	}
	s.must(s.perform(flip("http")))
	if s.live("http") != "2" {
		t.Errorf("live is %s", s.live("http"))
	}
	if s.Observed.Aliases != nil {
		t.Error("what AWS answered is taken for what is there")
	}
}

func TestAnAliasThatSomeoneElseMovedIsLookedAtAgain(t *testing.T) {
	s := withFunctions(t)
	_, err := s.Clients.Lambda.UpdateAlias(t.Context(), &lambda.UpdateAliasInput{
		FunctionName: aws.String(s.Desired.Names.Prefix + "-http"), Name: aws.String(release.LiveAlias), Description: aws.String("mine"),
	})
	s.must(err)
	s.must(s.perform(flip("http")))
	if s.live("http") != "1" {
		t.Error("it was moved although it is not as it was seen")
	}
	if s.Observed.Aliases != nil {
		t.Error("it is not looked at again")
	}
}

func TestAnAliasMovesBackToTheVersionBefore(t *testing.T) {
	s := withFunctions(t)
	s.must(s.perform(flip("default-queue")))
	s.must(s.perform(release.Step{Action: release.ActionFlipBack, Function: "default-queue"}))
	if s.live("default-queue") != "1" {
		t.Errorf("live is %s", s.live("default-queue"))
	}
}

func TestAnAliasThatIsNotThereIsMade(t *testing.T) {
	s := withFunctions(t)
	_, err := s.Clients.Lambda.DeleteAlias(t.Context(), &lambda.DeleteAliasInput{
		FunctionName: aws.String(s.Desired.Names.Prefix + "-http"), Name: aws.String(release.LiveAlias),
	})
	s.must(err)
	s.Observed.Aliases["http"] = release.Alias{}
	s.must(s.perform(flip("http")))
	s.Observed.Aliases = map[string]release.Alias{"default-queue": s.Observed.Aliases["default-queue"]}
	s.must(s.perform(flip("http"))) // a crash after the call does it again
	if s.live("http") != "2" {
		t.Errorf("live is %s", s.live("http"))
	}
}
