package lambda

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func TestAVersionIsPublishedWhenAnUpdateWasCalled(t *testing.T) {
	l := rule(t)
	l.create(l.f, func(in *sdk.CreateFunctionInput) { in.Description = aws.String("one") })
	first := l.publish(l.f)
	if again := l.publish(l.f); again != first {
		t.Errorf("without an update version %s was published after %s", again, first)
	}
	other, err := l.PublishVersion(t.Context(), &sdk.PublishVersionInput{
		FunctionName: &l.f, Description: aws.String("other"),
	})
	if err != nil || *other.Version != first || *other.Description != "one" {
		t.Errorf("another description alone gave version %v (%v)", aws.ToString(other.Version), err)
	}
	l.configure(l.f, "one")
	second := l.publish(l.f)
	if second == first {
		t.Error("an update call that changed nothing did not count")
	}
	if _, err := l.DeleteFunction(t.Context(), &sdk.DeleteFunctionInput{
		FunctionName: &l.f, Qualifier: &second,
	}); err != nil {
		t.Fatal(err)
	}
	l.configure(l.f, "three")
	if third := l.publish(l.f); third != "3" {
		t.Errorf("after version 2 was deleted came version %s, want 3: numbers are never given twice", third)
	}
	list, err := l.ListVersionsByFunction(t.Context(), &sdk.ListVersionsByFunctionInput{FunctionName: &l.f})
	if err != nil {
		t.Fatal(err)
	}
	var numbers []string
	for _, v := range list.Versions {
		numbers = append(numbers, *v.Version)
	}
	if got := strings.Join(numbers, " "); got != "$LATEST 1 3" {
		t.Errorf("the versions are %s", got)
	}
}

func TestPublishingChecksWhatTheCallerKnows(t *testing.T) {
	l := rule(t)
	l.create(l.f, nil)
	_, err := l.PublishVersion(t.Context(), &sdk.PublishVersionInput{FunctionName: &l.f, CodeSha256: aws.String("abc")})
	refused(t, "another code", err, "InvalidParameterValueException",
		"CodeSHA256 (abc) is different from current CodeSHA256 in $LATEST")
	_, err = l.PublishVersion(t.Context(), &sdk.PublishVersionInput{FunctionName: &l.f, RevisionId: aws.String("old")})
	refused(t, "another revision", err, "PreconditionFailedException", "Revision Id")
	latest := l.settled(l.f, "")
	out, err := l.PublishVersion(t.Context(), &sdk.PublishVersionInput{
		FunctionName: &l.f, CodeSha256: latest.CodeSha256, RevisionId: latest.RevisionId,
	})
	if err != nil || *out.Version != "1" || *out.FunctionArn != *latest.FunctionArn+":1" {
		t.Errorf("publishing what is there: %v", err)
	}
}

func TestPublishedVersionsDoNotFollowLatest(t *testing.T) {
	l := rule(t)
	l.create(l.f, func(in *sdk.CreateFunctionInput) {
		in.Environment = &types.Environment{Variables: map[string]string{"MODE": "one"}}
	})
	version := l.publish(l.f)
	_, err := l.UpdateFunctionConfiguration(t.Context(), &sdk.UpdateFunctionConfigurationInput{FunctionName: &l.f,
		Environment: &types.Environment{Variables: map[string]string{"MODE": "two"}}})
	if err != nil {
		t.Fatal(err)
	}
	l.settled(l.f, "")
	for qualifier, want := range map[string]string{version: `"MODE":"one"`, "": `"MODE":"two"`} {
		if got := string(l.invoke(l.f, qualifier, `{"do":"env"}`).Payload); !strings.Contains(got, want) {
			t.Errorf("%q runs without %s", qualifier, want)
		}
	}
}

func TestEnvironmentsEndWithWhatTheyRun(t *testing.T) {
	l := start(t, nil)
	l.create("f", nil)
	version := l.publish("f")
	l.invoke("f", "", `{}`)
	l.invoke("f", version, `{}`)
	latest, published := l.pool("f", ""), l.pool("f", version)
	if latest.Size() != 1 || published.Size() != 1 {
		t.Fatalf("%d and %d environments serve, want one each", latest.Size(), published.Size())
	}
	l.configure("f", "two")
	if latest.Size() != 0 || published.Size() != 1 {
		t.Errorf("after an update of $LATEST %d old and %d published environments are left, want 0 and 1", latest.Size(),
			published.Size())
	}
	if _, err := l.DeleteFunction(t.Context(), &sdk.DeleteFunctionInput{
		FunctionName: aws.String("f"), Qualifier: &version,
	}); err != nil {
		t.Fatal(err)
	}
	if published.Size() != 0 {
		t.Errorf("after its deletion %d environments of the version are left", published.Size())
	}
}

func TestDeletingVersionsAndFunctions(t *testing.T) {
	l := rule(t)
	l.create(l.f, nil)
	version := l.publish(l.f)
	l.alias(l.f, "live", version)
	for _, tc := range []struct{ reason, qualifier, code, message string }{
		{"a version that an alias names", version, "ResourceConflictException", "currently in use by alias(es) [live]"},
		{"$LATEST", "$LATEST", "InvalidParameterValueException", "$LATEST version cannot be deleted"},
		{"an alias", "live", "InvalidParameterValueException", "Deletion of aliases is not currently supported."},
		{"a version that is not there", "7", "ResourceNotFoundException", ":function:" + l.f + ":7"},
	} {
		_, err := l.DeleteFunction(t.Context(), &sdk.DeleteFunctionInput{FunctionName: &l.f, Qualifier: &tc.qualifier})
		refused(t, tc.reason, err, tc.code, tc.message)
	}
	if _, err := l.DeleteFunction(t.Context(), &sdk.DeleteFunctionInput{FunctionName: &l.f}); err != nil {
		t.Fatal(err)
	}
	_, err := l.GetAlias(t.Context(), &sdk.GetAliasInput{FunctionName: &l.f, Name: aws.String("live")})
	refused(t, "the alias of a deleted function", err, "ResourceNotFoundException", "Function not found")
}

func TestAliasesHoldLambdasRules(t *testing.T) {
	l := rule(t)
	l.create(l.f, nil)
	first := l.publish(l.f)
	l.configure(l.f, "two")
	second := l.publish(l.f)
	if _, err := l.UpdateFunctionConfiguration(t.Context(), &sdk.UpdateFunctionConfigurationInput{
		FunctionName: &l.f, Role: aws.String(l.role + "-2"),
	}); err != nil {
		t.Fatal(err)
	}
	l.settled(l.f, "")
	third := l.publish(l.f)
	revision := l.alias(l.f, "live", first)
	update := func(change func(*sdk.UpdateAliasInput)) (*sdk.UpdateAliasOutput, error) {
		in := &sdk.UpdateAliasInput{FunctionName: &l.f, Name: aws.String("live")}
		change(in)
		return l.UpdateAlias(t.Context(), in)
	}
	weights := func(w map[string]float64) *types.AliasRoutingConfiguration {
		return &types.AliasRoutingConfiguration{AdditionalVersionWeights: w}
	}
	for _, tc := range []struct {
		reason        string
		change        func(*sdk.UpdateAliasInput)
		code, message string
	}{
		{"an old revision", func(in *sdk.UpdateAliasInput) { in.RevisionId = aws.String("old") },
			"PreconditionFailedException", "Revision Id"},
		{"an absent version", func(in *sdk.UpdateAliasInput) { in.FunctionVersion = aws.String("9") },
			"ResourceNotFoundException", l.f + ":9"},
		{"weights beside $LATEST", func(in *sdk.UpdateAliasInput) {
			in.FunctionVersion, in.RoutingConfig = aws.String("$LATEST"), weights(map[string]float64{second: 0.5})
		}, "InvalidParameterValueException", "$LATEST is not supported"},
		{"a weight for $LATEST", func(in *sdk.UpdateAliasInput) {
			in.RoutingConfig = weights(map[string]float64{
				"$LATEST": 0.5,
			})
		}, "ValidationException", "Map keys must satisfy constraint"},
		{"a weight beyond one", func(in *sdk.UpdateAliasInput) {
			in.RoutingConfig = weights(map[string]float64{
				second: 1.5,
			})
		}, "ValidationException", "Member must have value less than or equal to 1"},
		{"two additional versions", func(in *sdk.UpdateAliasInput) {
			in.RoutingConfig = weights(map[string]float64{second: 0.1, third: 0.1})
		}, "InvalidParameterValueException", "cannot be greater than 1"},
		{"versions of different roles", func(in *sdk.UpdateAliasInput) {
			in.RoutingConfig = weights(map[string]float64{
				third: 0.1,
			})
		}, "InvalidParameterValueException", "same execution role"},
	} {
		_, err := update(tc.change)
		refused(t, tc.reason, err, tc.code, tc.message)
	}
	out, err := update(func(in *sdk.UpdateAliasInput) {
		in.RevisionId, in.RoutingConfig = &revision, weights(map[string]float64{second: 1})
	})
	if err != nil || *out.RevisionId == revision || out.RoutingConfig.AdditionalVersionWeights[second] != 1 {
		t.Fatalf("setting a weight: %v", err)
	}
	if got := *l.invoke(l.f, "live", `{}`).ExecutedVersion; got != second {
		t.Errorf("with all weight on version %s version %s answered", second, got)
	}
	_, err = l.DeleteFunction(t.Context(), &sdk.DeleteFunctionInput{FunctionName: &l.f, Qualifier: &second})
	refused(t, "deleting a version that a weight names", err, "ResourceConflictException", "live")
	if out, err = update(func(in *sdk.UpdateAliasInput) {
		in.Description = aws.String("kept")
	}); err != nil || out.RoutingConfig == nil {
		t.Errorf("an update without a routing cleared the weights: %v", err)
	}
	if out, err = update(func(in *sdk.UpdateAliasInput) {
		in.RoutingConfig = weights(map[string]float64{})
	}); err != nil || out.RoutingConfig != nil {
		t.Errorf("an empty routing kept the weights: %v", err)
	}
	_, err = l.GetAlias(t.Context(), &sdk.GetAliasInput{FunctionName: &l.f, Name: aws.String("absent")})
	refused(t, "an absent alias", err, "ResourceNotFoundException", "Cannot find alias arn: ")
	_, err = l.CreateAlias(t.Context(), &sdk.CreateAliasInput{
		FunctionName: &l.f, Name: aws.String("live"), FunctionVersion: &first,
	})
	refused(t, "an alias twice", err, "ResourceConflictException", "Alias already exists")
	for range 2 {
		if _, err := l.DeleteAlias(t.Context(), &sdk.DeleteAliasInput{
			FunctionName: &l.f, Name: aws.String("live"),
		}); err != nil {
			t.Errorf("deleting an alias, and again: %v", err)
		}
	}
}
