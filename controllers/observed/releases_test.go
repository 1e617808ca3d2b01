package observed_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/tenant"
)

var lookReleases = release.Step{Action: release.ActionLook, Part: release.PartReleases}

// told writes releases as "r1: cli/2 http/3".
func told(releases []release.Live) []string {
	lines := []string{}
	for _, one := range releases {
		var functions []string
		for _, function := range one.Functions {
			functions = append(functions, function.Name+"/"+function.Version)
		}
		lines = append(lines, one.ID+": "+strings.Join(functions, " "))
	}
	return lines
}

func TestReleasesAreReadBackNewestFirstWithTheNewestVersionOfEachFunction(t *testing.T) {
	for _, row := range []struct {
		why  string
		http []string
		cli  []string
		want []string
	}{
		{
			"one after the other", []string{"r0", "r1"}, []string{"r0", "r1"},
			[]string{"r1: cli/2 http/2", "r0: cli/1 http/1"},
		},
		{
			"one that was released once more counts by its newest version",
			[]string{"r0", "r1", "r0"}, []string{"r0", "r1", "r0"}, []string{"r0: cli/3 http/3", "r1: cli/2 http/2"},
		},
		{
			"a function whose version is gone is left out",
			[]string{"r0", "r1"}, []string{"r1"}, []string{"r1: cli/1 http/2", "r0: http/1"},
		},
		{
			"what has no version of the http function was never published as a whole", []string{"r1"},
			[]string{"r0", "r1"}, []string{"r1: cli/2 http/1"},
		},
		{"there are functions without versions", nil, nil, []string{}},
	} {
		t.Run(row.why, func(t *testing.T) {
			v := newView(t)
			v.functions("http", "cli")
			v.publish("http", row.http...)
			v.publish("cli", row.cli...)
			if got := told(v.look(lookReleases).Releases); !slices.Equal(got, row.want) {
				t.Errorf("read are %v, want %v", got, row.want)
			}
		})
	}
}

func TestWithoutFunctionsThereAreNoReleasesWhichIsKnown(t *testing.T) {
	v := newView(t)
	if got := v.look(lookReleases).Releases; got == nil || len(got) != 0 {
		t.Errorf("read are %v", got)
	}
}

func TestAReleaseIsReadBackWithBuildImageAndVariables(t *testing.T) {
	v := newView(t)
	digest := v.functions("http", "cli")
	v.publish("http", "r1")
	v.publish("cli", "r1")
	got := v.look(lookReleases).Releases
	if len(got) != 1 {
		t.Fatalf("read are %v", got)
	}
	one := got[0]
	if one.ID != "r1" || one.BuildID != "br1" || one.Revision != "1" || one.DeployedDigest != digest ||
		one.ConfigHash != "cr1" {
		t.Errorf("read is %+v", one)
	}
	if one.ImageDigest != "" || !one.ActivatedAt.IsZero() {
		t.Errorf("told is what AWS does not know: %+v", one)
	}
}

func TestVersionsOfSomeoneElseAndTheFunctionItselfAreNoReleases(t *testing.T) {
	v := newView(t)
	v.functions("http")
	v.publish("http", "r1")
	v.describe("http", "mine", "x")
	_, err := v.Clients.Lambda.PublishVersion(t.Context(), &lambda.PublishVersionInput{
		FunctionName: aws.String(v.FullName("http")),
	})
	v.Must(err)
	v.describe("http", of("r2").String(), "r2") // is only about to be published
	if got := told(v.look(lookReleases).Releases); !slices.Equal(got, []string{"r1: http/1"}) {
		t.Errorf("read are %v", got)
	}
}

func TestAFunctionThatTheReleaseHasNoMoreIsOfTheOldOnes(t *testing.T) {
	v := newView(t)
	v.functions("http", "old-queue")
	v.publish("http", "r0", "r1")
	v.publish("old-queue", "r0")
	v.seen.App = &release.Stack{
		Template: []byte(`{"Resources":{"Old":{"Type":"AWS::Lambda::Function","Metadata":{"Function":"old-queue"}}}}`),
	}
	want := []string{"r1: http/2", "r0: http/1 old-queue/1"}
	if got := told(v.look(lookReleases).Releases); !slices.Equal(got, want) {
		t.Errorf("read are %v", got)
	}
}

func TestTheNewestReleasesAreReadOfManyPages(t *testing.T) {
	v := newView(t)
	v.functions("http")
	ids := make([]string, 60) // Lambda lists fifty at once, the oldest first
	for i := range ids {
		ids[i] = fmt.Sprintf("r%02d", i)
	}
	v.publish("http", ids...)
	got := v.look(lookReleases).Releases
	if len(got) != 20 || got[0].ID != "r59" || got[0].Functions[0].Version != "60" || got[19].ID != "r40" {
		t.Errorf("read are %v", told(got))
	}
}

func TestThatReleasesCannotBeReadIsAnError(t *testing.T) {
	for _, row := range []struct{ call, function, text string }{
		{"lambda:ListVersionsByFunction", "-http", "listing the versions of "},
		{"lambda:ListVersionsByFunction", "-cli", "listing the versions of "},
		{"lambda:GetFunction", "-http", "reading version 1 of "},
	} {
		t.Run(row.call+" of "+row.function, func(t *testing.T) {
			v := newView(t)
			v.functions("http", "cli")
			v.publish("http", "r1")
			v.Fault(row.call, row.function, tenant.Denied())
			v.blind(lookReleases, row.text)
		})
	}
}
