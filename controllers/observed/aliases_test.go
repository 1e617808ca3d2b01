package observed_test

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/tenant"
)

var lookAliases = release.Step{Action: release.ActionLook, Part: release.PartAliases, Contents: true}

func TestWhatVersionsConsistOfIsReadOnlyWhereItIsNeeded(t *testing.T) {
	v := newView(t)
	v.functions("http", "cli")
	v.publish("http", "r0", "r1")
	v.point("http", "1", map[string]float64{"2": 0.5})
	since := v.Local.Calls().End()
	v.look(release.Step{Action: release.ActionLook, Part: release.PartAliases})
	if got := v.Local.Calls().Since(since).Names(); !slices.Equal(got, []string{"lambda:GetAlias", "lambda:GetAlias"}) {
		t.Errorf("called was %v", got)
	}
	if got := v.seen.Aliases["http"]; v.seen.Contents || got.Version != "1" || got.Shares["2"].Percent != 50 {
		t.Errorf("seen is %+v", got)
	}
	if v.look(lookAliases); !v.seen.Contents {
		t.Error("it is not known that the versions were looked into")
	}
}

func TestAnAliasIsSeenWithTheReleaseOfItsVersion(t *testing.T) {
	v := newView(t)
	before := time.Now().Add(-time.Second)
	digest := v.functions("http", "cli")
	v.publish("http", "r0", "r1")
	v.publish("cli", "r1")
	revision := v.point("http", "2", nil)
	v.point("cli", "1", nil)
	seen := v.look(lookAliases).Aliases
	got := seen["http"]
	if got.Version != "2" || got.RevisionID != revision || got.Description != of("r1") || got.ImageDigest != digest ||
		got.ConfigHash != "cr1" {
		t.Errorf("seen is %+v", got)
	}
	if got.PublishedAt.Before(before) || got.PublishedAt.After(time.Now().Add(time.Second)) || got.Shares != nil {
		t.Errorf("it was published at %s, with the shares %v", got.PublishedAt, got.Shares)
	}
	if got := seen["cli"]; len(seen) != 2 || got.Version != "1" || got.Description != of("r1") {
		t.Errorf("of the other seen is %+v", got)
	}
}

func TestAnAliasThatIsNotThereHasNoVersion(t *testing.T) {
	for why, given := range map[string]func(*view){
		"there are no functions":          func(*view) {},
		"the functions are without alias": func(v *view) { v.functions("http", "cli") },
	} {
		t.Run(why, func(t *testing.T) {
			v := newView(t)
			given(v)
			seen := v.look(lookAliases).Aliases
			if got, known := seen["http"]; len(seen) != 2 || !known || got.Version != "" || got.RevisionID != "" {
				t.Errorf("seen are %+v", seen)
			}
		})
	}
}

func TestTheSharesOfOtherVersionsAreSeenWithTheirReleases(t *testing.T) {
	for _, row := range []struct {
		why     string
		weight  float64
		percent int32
	}{
		{"a tenth", 0.1, 10},
		{"what cannot be written as a binary fraction is rounded", 0.29, 29},
		{"all of it", 1, 100},
		{"next to nothing", 0.004, 0},
	} {
		t.Run(row.why, func(t *testing.T) {
			v := newView(t)
			v.functions("http")
			v.publish("http", "r0", "r1")
			v.point("http", "1", map[string]float64{"2": row.weight})
			got := v.look(lookAliases).Aliases["http"]
			want := release.Share{Percent: row.percent, Description: of("r1")}
			if got.Version != "1" || got.Description != of("r0") || len(got.Shares) != 1 || got.Shares["2"] != want {
				t.Errorf("seen is %+v", got)
			}
		})
	}
}

func TestAVersionOfSomeoneElseIsOfNoRelease(t *testing.T) {
	v := newView(t)
	v.functions("http")
	v.describe("http", "mine", "x")
	_, err := v.Clients.Lambda.PublishVersion(t.Context(), &lambda.PublishVersionInput{
		FunctionName: aws.String(v.FullName("http")),
	})
	v.Must(err)
	v.Active(v.FullName("http"), "1")
	v.publish("http", "r1")
	v.point("http", "1", map[string]float64{"2": 0.5})
	got := v.look(lookAliases).Aliases["http"]
	if got.Version != "1" || got.Description != (release.Description{}) || got.Shares["2"].Description != of("r1") {
		t.Errorf("seen is %+v", got)
	}
}

// named gives the names of the functions whose aliases were looked at, sorted.
func (v *view) named() []string {
	v.t.Helper()
	var names []string
	for name := range v.look(lookAliases).Aliases {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func TestAliasesAreLookedAtOfAllFunctionsThatThereMayBe(t *testing.T) {
	const deployed = `{"Resources":{"Old":{"Type":"AWS::Lambda::Function","Metadata":{"Function":"old-queue"}},
		"Queue":{"Type":"AWS::SQS::Queue","Metadata":{"Function":"other-queue"}},
		"Web":{"Type":"AWS::Lambda::Function","Metadata":{"Function":"http"}}}}`
	for _, row := range []struct {
		why   string
		given func(*view)
		want  []string
	}{
		{"those of the release", func(*view) {}, []string{"cli", "http"}},
		{"those that the run moves, though the release is another one by now", func(v *view) {
			v.recorded.Run.Activation = &release.Activation{Moves: []release.Move{{Name: "http"}, {Name: "mail-queue"}}}
		}, []string{"cli", "http", "mail-queue"}},
		{
			"those of the deployed template",
			func(v *view) { v.seen.App = &release.Stack{Template: []byte(deployed)} },
			[]string{"cli", "http", "old-queue"},
		},
		{"without a release those of the template alone", func(v *view) {
			v.desired, v.seen.App = nil, &release.Stack{Template: []byte(deployed)}
		}, []string{"http", "old-queue"}},
		{
			"without a template those of the release", func(v *view) { v.seen.App = &release.Stack{} },
			[]string{"cli", "http"},
		},
		{"without a run as well", func(v *view) { v.recorded.Run = nil }, []string{"cli", "http"}},
	} {
		t.Run(row.why, func(t *testing.T) {
			v := newView(t)
			row.given(v)
			if got := v.named(); !slices.Equal(got, row.want) {
				t.Errorf("looked at are %v, want %v", got, row.want)
			}
		})
	}
}

func TestATemplateThatCannotBeReadIsAnErrorForAllThatNeedsIt(t *testing.T) {
	for _, part := range []release.Part{release.PartAliases, release.PartReleases, release.PartLeftovers} {
		v := newView(t)
		v.seen.App = &release.Stack{Template: []byte("AWSTemplateFormatVersion: 2010-09-09")}
		v.blind(release.Step{Part: part}, "reading the deployed template")
	}
}

func TestAliasesThatCannotBeReadAreAnError(t *testing.T) {
	for _, row := range []struct {
		why   string
		fault func(*view)
		text  string
	}{
		{"the alias", func(v *view) { v.Fault("lambda:GetAlias", "-http", tenant.Denied()) }, "reading the alias of "},
		{"its version", func(v *view) { v.Fault("lambda:GetFunction", "-http", tenant.Denied()) }, "reading version "},
	} {
		t.Run(row.why, func(t *testing.T) {
			v := newView(t)
			v.functions("http", "cli")
			v.publish("http", "r0", "r1")
			v.point("http", "1", map[string]float64{"2": 0.5})
			row.fault(v)
			v.blind(lookAliases, row.text, v.FullName("http"))
		})
	}
}

func TestAFaultInLookingAtOneAliasIsAnErrorLikeAnyOther(t *testing.T) {
	v := newView(t)
	v.functions("http")
	v.Observer.Clients.Lambda = nil
	v.blind(lookAliases, "a fault of the operator ended it: ", "nil pointer")
}
