package lambda

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdkecr "github.com/aws/aws-sdk-go-v2/service/ecr"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	mediatype "github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func (l *local) input(name string) *sdk.CreateFunctionInput {
	return &sdk.CreateFunctionInput{FunctionName: &name, PackageType: types.PackageTypeImage, Role: aws.String(role),
		Code: &types.FunctionCode{ImageUri: &l.uri}}
}

func TestChangesAreAsynchronousAndRefusedMeanwhile(t *testing.T) {
	l := startAt(t, wire.NewManualClock(time.Now()), map[string]string{
		"lambda.create": "1m", "lambda.update": "1m", "lambda.publish": "1m",
	})
	created, err := l.CreateFunction(t.Context(), l.input("f"))
	if err != nil {
		t.Fatal(err)
	}
	if created.State != types.StatePending || created.StateReasonCode != types.StateReasonCodeCreating {
		t.Errorf("a new function is %s (%s), want Pending (Creating)", created.State, created.StateReasonCode)
	}
	_, err = l.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: aws.String("f")})
	refused(t, "invoking a pending function", err, "ResourceConflictException", "state: Pending")
	_, err = l.UpdateFunctionCode(t.Context(), &sdk.UpdateFunctionCodeInput{
		FunctionName: aws.String("f"), ImageUri: &l.uri,
	})
	refused(t, "updating a pending function", err, "ResourceConflictException", "state: Pending")
	if c := l.settled("f", ""); c.State != types.StateActive || c.LastUpdateStatus != types.LastUpdateStatusSuccessful {
		t.Fatalf("the function settled as %s, %s", c.State, c.LastUpdateStatus)
	}

	before := string(l.invoke("f", "", `{"do":"env"}`).Payload)
	updated, err := l.UpdateFunctionConfiguration(t.Context(),
		&sdk.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"),
			Environment: &types.Environment{Variables: map[string]string{"MODE": "new"}}})
	if err != nil || updated.LastUpdateStatus != types.LastUpdateStatusInProgress {
		t.Fatalf("an update answers %v (%v), want InProgress", updated, err)
	}
	if during := string(
		l.invoke("f", "", `{"do":"env"}`).Payload,
	); strings.Contains(during, `"MODE"`) || !strings.Contains(before, "AWS_REGION") {
		t.Error("the new configuration served while its update was in progress")
	}
	_, err = l.PublishVersion(t.Context(), &sdk.PublishVersionInput{FunctionName: aws.String("f")})
	refused(t, "publishing during an update", err, "ResourceConflictException", "An update is in progress for resource")
	l.settled("f", "")
	if after := string(l.invoke("f", "", `{"do":"env"}`).Payload); !strings.Contains(after, `"MODE":"new"`) {
		t.Error("the new configuration does not serve after its update")
	}

	published, err := l.PublishVersion(t.Context(), &sdk.PublishVersionInput{FunctionName: aws.String("f")})
	if err != nil || published.State != types.StatePending {
		t.Fatalf("a new version is %v (%v), want Pending", published, err)
	}
	_, err = l.CreateAlias(t.Context(), &sdk.CreateAliasInput{
		FunctionName: aws.String("f"), Name: aws.String("live"), FunctionVersion: published.Version,
	})
	refused(t, "an alias on a pending version", err, "ResourceConflictException", "state: Pending")
	if c := l.settled("f", "1"); c.State != types.StateActive {
		t.Errorf("the version settled as %s", c.State)
	}
}

func TestCreateFunctionHoldsLambdasRules(t *testing.T) {
	l := start(t, nil)
	l.create("taken", nil)
	index, err := random.Index(64, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	ref, auth := l.reference("app", "multi")
	if err := remote.WriteIndex(ref, index, auth); err != nil {
		t.Fatal(err)
	}
	registry := account + ".dkr.ecr." + region + ".amazonaws.com/"
	image := func(uri string) func(*sdk.CreateFunctionInput) {
		return func(in *sdk.CreateFunctionInput) { in.Code.ImageUri = &uri }
	}
	variables := func(v map[string]string) func(*sdk.CreateFunctionInput) {
		return func(in *sdk.CreateFunctionInput) { in.Environment = &types.Environment{Variables: v} }
	}
	for _, tc := range []struct {
		reason        string
		change        func(*sdk.CreateFunctionInput)
		code, message string
	}{
		{"a name in use", func(in *sdk.CreateFunctionInput) { in.FunctionName = aws.String("taken") },
			"ResourceConflictException", "Function already exist: taken"},
		{"a name too long", func(in *sdk.CreateFunctionInput) { in.FunctionName = aws.String(strings.Repeat("x", 65)) },
			"ValidationException", "functionName"},
		{"a zip function", func(in *sdk.CreateFunctionInput) { in.PackageType = types.PackageTypeZip },
			"InvalidParameterValueException", "container images only"},
		{"a handler for an image", func(in *sdk.CreateFunctionInput) { in.Handler = aws.String("main") },
			"InvalidParameterValueException", "Please don't provide Handler"},
		{"an absent tag", image(registry + "app:absent"), "InvalidParameterValueException",
			"does not exist. Provide a valid source image."},
		{"an absent repository", image(registry + "absent:v1"), "InvalidParameterValueException",
			"does not exist. Provide a valid source image."},
		{"tag and digest", image(registry + "app:v1@sha256:" + strings.Repeat("0", 64)), "InvalidParameterValueException",
			"is not valid. Provide a valid source image."},
		{"another registry", image("ghcr.io/acme/app:v1"), "InvalidParameterValueException",
			"is not valid. Provide a valid source image."},
		{"an index", image(registry + "app:multi"), "InvalidParameterValueException",
			"The image manifest, config or layer media type for the source image " + registry + "app:multi is not supported."},
		{"an absent role",
			func(in *sdk.CreateFunctionInput) {
				in.Role = aws.String("arn:aws:iam::" + account + ":role/absent")
			}, "InvalidParameterValueException", "cannot be assumed by Lambda"},
		{"a role for someone else",
			func(in *sdk.CreateFunctionInput) {
				in.Role = aws.String("arn:aws:iam::" + account + ":role/other")
			}, "InvalidParameterValueException", "cannot be assumed by Lambda"},
		{"a reserved variable", variables(map[string]string{
			"AWS_REGION": "x",
		}), "InvalidParameterValueException", "Reserved keys used in this request: AWS_REGION"},
		{"a variable's name", variables(map[string]string{"A-B": "x"}), "ValidationException", "Map keys must satisfy"},
		{"4 KB of variables", variables(map[string]string{
			"A1": strings.Repeat("x", 4096),
		}), "InvalidParameterValueException", "exceeded the 4KB limit"},
		{"too little memory", func(in *sdk.CreateFunctionInput) { in.MemorySize = aws.Int32(64) }, "ValidationException",
			"greater than or equal to 128"},
		{"too long a timeout", func(in *sdk.CreateFunctionInput) { in.Timeout = aws.Int32(901) }, "ValidationException",
			"less than or equal to 900"},
	} {
		in := l.input("f")
		tc.change(in)
		_, err := l.CreateFunction(t.Context(), in)
		refused(t, tc.reason, err, tc.code, tc.message)
	}
}

func TestCodeIsResolvedToADigestAtEachUpdate(t *testing.T) {
	l := start(t, nil)
	l.create("f", nil)
	get := func() *sdk.GetFunctionOutput {
		out, err := l.GetFunction(t.Context(), &sdk.GetFunctionInput{FunctionName: aws.String("f")})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	first := get()
	digest := aws.ToString(first.Configuration.CodeSha256)
	if want := account + ".dkr.ecr." + region + ".amazonaws.com/app@sha256:" + digest; *first.Code.ResolvedImageUri !=
		want || *first.Code.ImageUri != l.uri || len(digest) != 64 {
		t.Errorf("the code is %s, resolved %s, want %s", *first.Code.ImageUri, *first.Code.ResolvedImageUri, want)
	}
	l.push("app", "v1", bootstrapImage(t, func(c *v1.Config) { c.Env = []string{"GENERATION=2"} }))
	if get().Configuration.CodeSha256 == nil || *get().Configuration.CodeSha256 != digest {
		t.Error("a moved tag reached the function without an update")
	}
	if _, err := l.UpdateFunctionCode(t.Context(), &sdk.UpdateFunctionCodeInput{
		FunctionName: aws.String("f"), ImageUri: &l.uri,
	}); err != nil {
		t.Fatal(err)
	}
	l.settled("f", "")
	if *get().Configuration.CodeSha256 == digest {
		t.Error("the update did not resolve the tag again")
	}
	if env := string(l.invoke("f", "", `{"do":"env"}`).Payload); !strings.Contains(env, `"GENERATION":"2"`) {
		t.Error("the new image does not serve after its update")
	}
}

func TestAnUpdateWithABadLayerFailsAndTheOldCodeServes(t *testing.T) {
	l := start(t, nil)
	l.create("f", nil)
	image, err := mutate.AppendLayers(empty.Image, static.NewLayer([]byte("not gzip"), mediatype.DockerLayer))
	if err != nil {
		t.Fatal(err)
	}
	bad := l.push("app", "bad", image)
	if _, err := l.UpdateFunctionCode(t.Context(), &sdk.UpdateFunctionCodeInput{
		FunctionName: aws.String("f"), ImageUri: &bad,
	}); err != nil {
		t.Fatal(err)
	}
	c := l.settled("f", "")
	if c.LastUpdateStatus != types.LastUpdateStatusFailed ||
		c.LastUpdateStatusReasonCode != types.LastUpdateStatusReasonCodeInvalidImage ||
		!strings.Contains(aws.ToString(c.LastUpdateStatusReason), "UnsupportedImageLayerDetected") {
		t.Errorf("the update settled as %s (%s): %s", c.LastUpdateStatus, c.LastUpdateStatusReasonCode,
			aws.ToString(c.LastUpdateStatusReason))
	}
	if out := l.invoke("f", "", `{}`); out.FunctionError != nil {
		t.Errorf("the old code does not serve: %s", out.Payload)
	}
	in := l.input("g")
	in.Code.ImageUri = &bad
	if _, err := l.CreateFunction(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if c := l.settled("g", ""); c.State != types.StateFailed || c.StateReasonCode != types.StateReasonCodeInvalidImage {
		t.Errorf("the function settled as %s (%s), want Failed (InvalidImage)", c.State, c.StateReasonCode)
	}
}

func TestAVersionWhoseImageIsDeletedFails(t *testing.T) {
	l := start(t, map[string]string{"lambda.check-images": "10ms"})
	l.create("f", nil)
	version := l.publish("f")
	_, err := l.ecr.DeleteRepository(t.Context(), &sdkecr.DeleteRepositoryInput{
		RepositoryName: aws.String("app"), Force: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	for {
		out, err := l.GetFunction(t.Context(), &sdk.GetFunctionInput{FunctionName: aws.String("f"), Qualifier: &version})
		if err != nil {
			t.Fatal(err)
		}
		if out.Configuration.State == types.StateFailed {
			if out.Configuration.StateReasonCode != types.StateReasonCodeImageDeleted {
				t.Errorf("the version failed for %s, want ImageDeleted", out.Configuration.StateReasonCode)
			}
			break
		}
	}
	_, err = l.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: aws.String("f"), Qualifier: &version})
	refused(t, "invoking a version without its image", err, "ResourceConflictException", "state: Failed")
	_, err = l.CreateAlias(t.Context(), &sdk.CreateAliasInput{
		FunctionName: aws.String("f"), Name: aws.String("live"), FunctionVersion: &version,
	})
	refused(t, "an alias on a failed version", err, "ResourceConflictException", "state: Failed")
}
