package removal_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/tenant"
)

func TestLATESTStaysEvenWhenItIsOfAReleaseThatGoes(t *testing.T) {
	s := newStage(t)
	s.function("http")
	s.publish("http", of("r2"), of("r0"))
	s.recorded("r2", "http/1")
	s.removed(sweep)
	if got := s.versions("http"); got != "$LATEST 1" { // a deletion without a number would delete the function itself
		t.Errorf("left are %s", got)
	}
}

func TestAFunctionThatTheManifestHasNoMoreIsSweptWhileItStays(t *testing.T) {
	for why, row := range map[string]struct {
		stays bool
		left  string
	}{
		"a kept release uses it": {true, "$LATEST 2"},
		"its stack removes it":   {false, "$LATEST 1 2"},
	} {
		t.Run(why, func(t *testing.T) {
			s := newStage(t)
			s.function("http")
			s.function("old-queue")
			s.publish("old-queue", of("r0"), of("r1"))
			s.recorded("r1", "old-queue/2")
			s.Observed.Leftovers = map[string]bool{"old-queue": row.stays}
			s.removed(sweep)
			if got := s.versions("old-queue"); got != row.left {
				t.Errorf("left are %s, want %s", got, row.left)
			}
		})
	}
}

func TestImagesAndObjectsStayUntilTheVersionsAreGone(t *testing.T) {
	for why, fault := range map[string]func(*stage){
		"a version cannot be deleted":   func(s *stage) { s.Fault("lambda:DeleteFunction", "", tenant.Denied()) },
		"the versions cannot be listed": func(s *stage) { s.Fault("lambda:ListVersionsByFunction", "", tenant.Denied()) },
		"the alias still names the version": func(s *stage) {
			_, err := s.Clients.Lambda.CreateAlias(s.t.Context(), &lambda.CreateAliasInput{
				FunctionName: aws.String(s.FullName("http")), Name: aws.String("mine"), FunctionVersion: aws.String("1"),
			})
			s.Must(err)
		},
	} {
		t.Run(why, func(t *testing.T) {
			s := newStage(t)
			s.function("http")
			s.publish("http", of("r0"), of("r2"))
			s.PushAny(release.BuildTag("v0"))
			s.put("_aloft/assets/v0/app.js")
			s.recorded("r2", "http/2")
			s.later()
			fault(s)
			s.fails(sweep, s.FullName("http"))
			s.Local.Faults().Clear()
			if got := s.versions("http"); got != "$LATEST 1 2" || len(s.digests()) != 2 || len(s.Keys("")) != 1 {
				t.Errorf("left are the versions %s, %d images and %d objects", got, len(s.digests()), len(s.Keys("")))
			}
		})
	}
}

func TestAVersionThatIsGoneMeanwhileIsNoProblem(t *testing.T) {
	s := newStage(t)
	s.function("http")
	s.publish("http", of("r0"), of("r0"), of("r2"))
	s.recorded("r2", "http/3")
	s.beforeTheFirstDeletion(func() {
		_, err := s.Clients.Lambda.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{
			FunctionName: aws.String(s.FullName("http")), Qualifier: aws.String("1"),
		})
		s.Must(err)
	})
	s.removed(sweep)
	if got := s.versions("http"); got != "$LATEST 3" {
		t.Errorf("left are %s", got)
	}
}
