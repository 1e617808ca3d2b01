package removal_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/aloft-dev/aloft/controllers/release"
)

// function makes a function without versions, of an image of someone's own.
func (s *stage) function(short string) {
	s.t.Helper()
	if s.Observed.Foundation.Outputs == nil {
		s.MakeBucket()
		s.MakeRepository(ecrtypes.ImageTagMutabilityMutable)
		s.PushAny("functions")
		s.role = s.MakeFunctionRole()
		s.Observed.Foundation.Outputs = map[string]string{release.OutputBucketName: s.Names.Bucket}
	}
	s.MakeFunction(s.FullName(short), s.role, s.RepositoryURI()+":functions")
}

// publish gives a function a version of each description; the numbers count from 1.
func (s *stage) publish(short string, descriptions ...string) {
	s.t.Helper()
	for _, description := range descriptions {
		_, err := s.Clients.Lambda.UpdateFunctionConfiguration(s.t.Context(), &lambda.UpdateFunctionConfigurationInput{
			FunctionName: aws.String(s.FullName(short)), Description: aws.String(description),
		})
		s.Must(err)
		s.Active(s.FullName(short), "$LATEST")
		s.PublishVersion(s.FullName(short))
	}
}

// of is the description of a version of a release.
func of(id string) string {
	return release.Description{BuildID: "b" + id, ReleaseID: id, Revision: "1"}.String()
}

// versions of a function, $LATEST among them, in one line.
func (s *stage) versions(short string) string {
	s.t.Helper()
	answer, err := s.Clients.Lambda.ListVersionsByFunction(s.t.Context(), &lambda.ListVersionsByFunctionInput{
		FunctionName: aws.String(s.FullName(short)),
	})
	s.Must(err)
	var numbers []string
	for i := range answer.Versions {
		numbers = append(numbers, aws.ToString(answer.Versions[i].Version))
	}
	return strings.Join(numbers, " ")
}

// recorded gives the releases of live and history the versions of their functions: "r2: http/4 cli/2".
func (s *stage) recorded(id string, functions ...string) {
	var versions []release.FunctionVersion
	for _, function := range functions {
		short, number, _ := strings.Cut(function, "/")
		versions = append(versions, release.FunctionVersion{Name: short, Version: number})
	}
	if s.Recorded.Live.ID == id {
		s.Recorded.Live.Functions = versions
	}
	for i := range s.Recorded.History {
		if s.Recorded.History[i].ID == id {
			s.Recorded.History[i].Functions = versions
		}
	}
}

func TestTheVersionsThatStay(t *testing.T) {
	for _, row := range []struct {
		why      string
		versions []string
		given    func(*stage)
		left     string
	}{
		{
			"those of no kept release go", []string{of("r0"), of("r1"), of("r2")},
			func(s *stage) { s.recorded("r1", "http/2"); s.recorded("r2", "http/3") }, "$LATEST 2 3",
		},
		{
			"those that a kept release had before it was released once more go", []string{of("r2"), of("r1"), of("r2")},
			func(s *stage) { s.recorded("r1", "http/2"); s.recorded("r2", "http/3") }, "$LATEST 2 3",
		},
		{
			"all of a kept release stay when it is not recorded which it has",
			[]string{of("r1"), of("r0"), of("r1"), of("r2")},
			func(s *stage) { s.recorded("r2", "http/4") }, "$LATEST 1 3 4",
		},
		{
			"what the alias points at stays, whatever is recorded", []string{of("r0"), of("r9"), of("r2")},
			func(s *stage) {
				s.recorded("r2", "http/3")
				s.Observed.Aliases["http"] = release.Alias{Version: "2"}
			}, "$LATEST 2 3",
		},
		{
			"what has a share of the traffic stays, with all of its release",
			[]string{of("r8"), of("r0"), of("r8"), of("r2")},
			func(s *stage) {
				s.recorded("r2", "http/4")
				s.Observed.Aliases["http"] = release.Alias{Version: "4", Shares: map[string]release.Share{
					"3": {Percent: 10, Description: release.Description{ReleaseID: "r8"}},
				}}
			}, "$LATEST 1 3 4",
		},
		{
			"a share of someone's own version stays as well", []string{"mine", of("r0"), of("r2")},
			func(s *stage) {
				s.recorded("r2", "http/3")
				s.Observed.Aliases["http"] = release.Alias{
					Version: "3", Shares: map[string]release.Share{"1": {Percent: 10}},
				}
			}, "$LATEST 1 3",
		},
		{
			"what someone else has published stays", []string{"mine", "aloft is where we keep it", of("r2")},
			func(s *stage) { s.recorded("r2", "http/3") }, "$LATEST 1 2 3",
		},
		{
			"a record of another function says nothing", []string{of("r0"), of("r2")},
			func(s *stage) { s.recorded("r2", "http/2", "cli/1") }, "$LATEST 2",
		},
		{
			"without a live release, as after a recovery, those of the history stay", []string{of("r0"), of("r1")},
			func(s *stage) {
				s.recorded("r1", "http/2")
				s.Recorded.Live = nil
			}, "$LATEST 2",
		},
	} {
		t.Run(row.why, func(t *testing.T) {
			s := newStage(t)
			s.function("http")
			s.publish("http", row.versions...)
			row.given(s)
			s.removed(sweep)
			if got := s.versions("http"); got != row.left {
				t.Errorf("left are %s, want %s", got, row.left)
			}
			s.removed(sweep) // it may be done again at any time
			if got := s.versions("http"); got != row.left {
				t.Errorf("after the second time left are %s", got)
			}
		})
	}
}
