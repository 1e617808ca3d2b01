package phase_test

import (
	"maps"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws"
)

// withFunctions is a stage whose functions hold build v2, as the stack leaves them before they are published.
func withFunctions(t *testing.T, options ...func(*localaws.Options)) *stage {
	t.Helper()
	s := newStage(t, options...)
	s.deploy(imageOf(t, "amd64", files{"app": "two"}), nil)
	return s
}

// deploy brings an image into functions of the release.
func (s *stage) deploy(built v1.Image, variables map[string]string) {
	s.t.Helper()
	s.Recorded.Run.DeployedDigest = s.Push(built, release.BuildTag("v2"))
	role := s.MakeFunctionRole()
	uri := s.RepositoryURI() + "@" + s.Recorded.Run.DeployedDigest
	for _, function := range s.Desired.Functions {
		own := map[string]string{"ALOFT_ROLE": string(function.Role)}
		maps.Copy(own, variables)
		_, err := s.Clients.Lambda.CreateFunction(s.t.Context(), &lambda.CreateFunctionInput{
			FunctionName: aws.String(function.FullName), PackageType: types.PackageTypeImage, Role: aws.String(role),
			Code:        &types.FunctionCode{ImageUri: aws.String(uri)},
			Description: aws.String(s.Desired.Description().String()),
			Timeout:     aws.Int32(function.TimeoutSeconds), Environment: &types.Environment{Variables: own},
		})
		s.Must(err)
	}
	for _, function := range s.Desired.Functions {
		s.Settled(function.FullName, "$LATEST")
	}
}

// configure changes a function as someone does, by hand or by a stack.
func (s *stage) configure(function, description string) {
	s.t.Helper()
	_, err := s.Clients.Lambda.UpdateFunctionConfiguration(s.t.Context(), &lambda.UpdateFunctionConfigurationInput{
		FunctionName: aws.String(function), Description: aws.String(description),
	})
	s.Must(err)
}

// versions are the numbers of a function's versions, without $LATEST.
func (s *stage) versions(function string) (numbers []string) {
	s.t.Helper()
	answer, err := s.Clients.Lambda.ListVersionsByFunction(s.t.Context(), &lambda.ListVersionsByFunctionInput{
		FunctionName: aws.String(function),
	})
	s.Must(err)
	for i := range answer.Versions {
		if number := aws.ToString(answer.Versions[i].Version); number != "$LATEST" {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

// released publishes all functions and records them, as the operator does when the phase ends.
func (s *stage) released() {
	s.t.Helper()
	for range 2000 {
		outcome, err := s.perform(publish)
		for _, version := range outcome.Functions {
			s.Recorded.Run.Published(version)
		}
		if err == nil {
			return
		}
		if _, waiting := release.AsWaiting(err); !waiting {
			s.t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
	s.t.Fatal("the functions are not published")
}
