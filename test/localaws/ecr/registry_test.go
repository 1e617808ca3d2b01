package ecr

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func (l *local) auth() remote.Option {
	l.t.Helper()
	out, err := l.admin.GetAuthorizationToken(l.t.Context(), &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		l.t.Fatal(err)
	}
	plain, err := base64.StdEncoding.DecodeString(*out.AuthorizationData[0].AuthorizationToken)
	if err != nil {
		l.t.Fatal(err)
	}
	user, password, _ := strings.Cut(string(plain), ":")
	return remote.WithAuth(&authn.Basic{Username: user, Password: password})
}

func (l *local) reference(text string) name.Reference {
	l.t.Helper()
	ref, err := name.ParseReference(l.host+"/"+text, name.Insecure)
	if err != nil {
		l.t.Fatal(err)
	}
	return ref
}

func (l *local) push(text string, img v1.Image) error {
	return remote.Write(l.reference(text), img, l.auth(), remote.WithRetryStatusCodes())
}

// pull reads the whole image.
func (l *local) pull(text string) error {
	pulled, err := remote.Image(l.reference(text), l.auth())
	if err != nil {
		return err
	}
	layers, err := pulled.Layers()
	if err != nil {
		return err
	}
	for _, layer := range layers {
		content, err := layer.Compressed()
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, content); err != nil {
			return err
		}
	}
	return nil
}

func picture(t *testing.T) v1.Image {
	t.Helper()
	img, err := random.Image(1024, 3)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func digestOf(t *testing.T, img v1.Image) string {
	t.Helper()
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

// code finds the distribution API's error code.
func code(err error) string {
	var failed *transport.Error
	if errors.As(err, &failed) && len(failed.Errors) > 0 {
		return string(failed.Errors[0].Code)
	}
	return ""
}

func TestAnImagePushedIsPulledAndDescribed(t *testing.T) {
	l := start(t)
	l.repository("team/app", nil)
	img := picture(t)
	if err := l.push("team/app:v1", img); err != nil {
		t.Fatal(err)
	}
	if err := l.pull("team/app@" + digestOf(t, img)); err != nil {
		t.Errorf("pulling by digest: %v", err)
	}
	out, err := l.admin.DescribeImages(t.Context(), &ecr.DescribeImagesInput{RepositoryName: ptr("team/app"), ImageIds: []types.ImageIdentifier{{ImageTag: ptr("v1")}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := *out.ImageDetails[0].ImageDigest; got != digestOf(t, img) {
		t.Errorf("v1 is %s, want %s", got, digestOf(t, img))
	}
}

func TestLayersThatAreThereAreNotSentAgain(t *testing.T) {
	l := start(t)
	l.repository("one", nil)
	l.repository("two", nil)
	img := picture(t)
	if err := l.push("one:a", img); err != nil {
		t.Fatal(err)
	}
	before := l.Traffic()
	if before.ReceivedBytes == 0 {
		t.Error("the first push sent no layer bytes")
	}
	if err := l.push("one:b", img); err != nil {
		t.Fatal(err)
	}
	if after := l.Traffic(); after.ReceivedBytes != before.ReceivedBytes {
		t.Errorf("the second push sent %d bytes", after.ReceivedBytes-before.ReceivedBytes)
	}
	source, err := remote.Image(l.reference("one:a"), l.auth())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.push("two:a", source); err != nil {
		t.Fatal(err)
	}
	if after := l.Traffic(); after.Mounted != 4 {
		t.Errorf("%d blobs were mounted, want the three layers and the configuration", after.Mounted)
	}
}

func TestAnImmutableTagIsNeverPushedAgain(t *testing.T) {
	l := start(t)
	l.repository("app", func(in *ecr.CreateRepositoryInput) {
		in.ImageTagMutability = types.ImageTagMutabilityImmutableWithExclusion
		in.ImageTagMutabilityExclusionFilters = []types.ImageTagMutabilityExclusionFilter{{Filter: ptr("dev-*"), FilterType: types.ImageTagMutabilityExclusionFilterTypeWildcard}}
	})
	img, other := picture(t), picture(t)
	if err := l.push("app:b-1", img); err != nil {
		t.Fatal(err)
	}
	// remote.Write looks at the tag first, so the same digest is put directly.
	manifest, err := img.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	if got := l.putManifestStatus("app", "b-1", manifest); got != http.StatusBadRequest {
		t.Errorf("pushing the same digest again: HTTP %d, want 400", got)
	}
	if got := code(l.push("app:b-1", other)); got != "TAG_INVALID" {
		t.Errorf("pushing another image: %q, want TAG_INVALID", got)
	}
	for range 2 {
		if err := l.push("app:dev-1", picture(t)); err != nil {
			t.Errorf("an excluded tag moves: %v", err)
		}
	}
}

func (l *local) putManifestStatus(repo, tag string, manifest []byte) int {
	l.t.Helper()
	out, err := l.admin.GetAuthorizationToken(l.t.Context(), &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		l.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(l.t.Context(), http.MethodPut, "http://"+l.host+"/v2/"+repo+"/manifests/"+tag, strings.NewReader(string(manifest)))
	if err != nil {
		l.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Basic "+*out.AuthorizationData[0].AuthorizationToken)
	request.Header.Set("Content-Type", "application/vnd.docker.distribution.manifest.v2+json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		l.t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

func TestAPushNeedsARepositoryAndAToken(t *testing.T) {
	l := start(t)
	img := picture(t)
	if got := code(l.push("absent:v1", img)); got != "NAME_UNKNOWN" {
		t.Errorf("a repository that nobody made: %q, want NAME_UNKNOWN", got)
	}
	l.repository("app", nil)
	var failed *transport.Error
	if err := remote.Write(l.reference("app:v1"), img); !errors.As(err, &failed) || failed.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: %v, want HTTP 401", err)
	}
	auth := l.auth()
	l.clock.Advance(12*time.Hour + time.Second)
	if err := remote.Write(l.reference("app:v1"), img, auth); !errors.As(err, &failed) || failed.StatusCode != http.StatusForbidden {
		t.Errorf("with a token of yesterday: %v, want HTTP 403", err)
	}
}

func TestAnIndexNeedsItsChildren(t *testing.T) {
	l := start(t)
	l.repository("app", nil)
	index, err := random.Index(512, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := index.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	if got := l.putManifestStatus("app", "multi", raw); got != http.StatusBadRequest {
		t.Errorf("an index before its images: HTTP %d, want 400", got)
	}
	if err := remote.WriteIndex(l.reference("app:multi"), index, l.auth()); err != nil {
		t.Errorf("an index with its images: %v", err)
	}
}

func TestARepositoryWithImagesIsDeletedOnlyByForce(t *testing.T) {
	l := start(t)
	l.repository("app", nil)
	if err := l.push("app:v1", picture(t)); err != nil {
		t.Fatal(err)
	}
	_, err := l.admin.DeleteRepository(t.Context(), &ecr.DeleteRepositoryInput{RepositoryName: ptr("app")})
	var notEmpty *types.RepositoryNotEmptyException
	if !errors.As(err, &notEmpty) {
		t.Errorf("deleting with images: %v, want RepositoryNotEmptyException", err)
	}
	if _, err := l.admin.DeleteRepository(t.Context(), &ecr.DeleteRepositoryInput{RepositoryName: ptr("app"), Force: true}); err != nil {
		t.Errorf("deleting by force: %v", err)
	}
}

func TestDeletingImagesReportsFailuresInAList(t *testing.T) {
	l := start(t)
	l.repository("app", nil)
	img := picture(t)
	for _, tag := range []string{"a", "b"} {
		if err := l.push("app:"+tag, img); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := mutate.Config(img, v1.Config{Labels: map[string]string{"x": "y"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.push("app:kept", kept); err != nil {
		t.Fatal(err)
	}
	absent := "sha256:" + strings.Repeat("0", 64)
	out, err := l.admin.BatchDeleteImage(t.Context(), &ecr.BatchDeleteImageInput{RepositoryName: ptr("app"),
		ImageIds: []types.ImageIdentifier{{ImageDigest: ptr(digestOf(t, img))}, {ImageDigest: ptr(absent)}, {}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.ImageIds) != 2 || len(out.Failures) != 2 || out.Failures[0].FailureCode != types.ImageFailureCodeImageNotFound {
		t.Errorf("deleted %d tags with %d failures, want both tags of the digest and two failures", len(out.ImageIds), len(out.Failures))
	}
	if err := l.pull("app:kept"); err != nil {
		t.Errorf("the image that shares layers: %v", err)
	}
	many := make([]types.ImageIdentifier, 101)
	for i := range many {
		many[i].ImageTag = ptr("t")
	}
	_, err = l.admin.BatchDeleteImage(t.Context(), &ecr.BatchDeleteImageInput{RepositoryName: ptr("app"), ImageIds: many})
	var invalidParameter *types.InvalidParameterException
	if !errors.As(err, &invalidParameter) {
		t.Errorf("101 images at once: %v, want InvalidParameterException", err)
	}
}

func TestAServiceNeedsTheRepositoryPolicy(t *testing.T) {
	l := start(t)
	l.repository("app", nil)
	img := picture(t)
	if err := l.push("app:v1", img); err != nil {
		t.Fatal(err)
	}
	function := "arn:aws:lambda:" + region + ":" + account + ":function:shop-http"
	service := l.client(l.env.ServiceConfig("lambda.amazonaws.com", function))
	get := func() error {
		_, err := service.BatchGetImage(t.Context(), &ecr.BatchGetImageInput{RepositoryName: ptr("app"), ImageIds: []types.ImageIdentifier{{ImageTag: ptr("v1")}}})
		return err
	}
	for _, tc := range []struct {
		reason, policy string
		allowed        bool
	}{
		{"no policy", "", false},
		{"the service is named", `{"Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}]}`, true},
		{"another service is named", `{"Statement":[{"Effect":"Allow","Principal":{"Service":"codebuild.amazonaws.com"},"Action":"ecr:*"}]}`, false},
		{"the source fits", `{"Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"ecr:*","Condition":{"StringLike":{"aws:SourceArn":"arn:aws:lambda:*:*:function:shop-*"}}}]}`, true},
		{"the source is another", `{"Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"ecr:*","Condition":{"StringLike":{"aws:SourceArn":"arn:aws:lambda:*:*:function:blog-*"}}}]}`, false},
		{"a denial wins", `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*"},{"Effect":"Deny","Principal":{"Service":["lambda.amazonaws.com"]},"Action":"ecr:Batch*"}]}`, false},
	} {
		if tc.policy != "" {
			if _, err := l.admin.SetRepositoryPolicy(t.Context(), &ecr.SetRepositoryPolicyInput{RepositoryName: ptr("app"), PolicyText: &tc.policy}); err != nil {
				t.Fatal(err)
			}
		}
		if err := get(); (err == nil) != tc.allowed {
			t.Errorf("%s: %v", tc.reason, err)
		}
	}
}

func TestATokenHasTheRightsOfWhoAskedForIt(t *testing.T) {
	l := start(t)
	l.repository("app", nil)
	var asked []string
	l.env.Gateway.Authorize = func(call *wire.Call, action, resource string) error {
		asked = append(asked, action+" "+resource)
		if action == "ecr:PutImage" {
			return wire.Denied(call, action, resource)
		}
		return nil
	}
	if got := code(l.push("app:v1", picture(t))); got != "DENIED" {
		t.Errorf("pushing without ecr:PutImage: %q, want DENIED", got)
	}
	if want := "ecr:PutImage arn:aws:ecr:" + region + ":" + account + ":repository/app"; !slices.Contains(asked, want) {
		t.Errorf("the policies were asked %v, want %s among it", asked, want)
	}
}

func TestALayerIsDownloadedByItsAddressAlone(t *testing.T) {
	l := start(t)
	l.repository("app", nil)
	img := picture(t)
	if err := l.push("app:v1", img); err != nil {
		t.Fatal(err)
	}
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	digest, err := layers[0].Digest()
	if err != nil {
		t.Fatal(err)
	}
	out, err := l.admin.GetDownloadUrlForLayer(t.Context(), &ecr.GetDownloadUrlForLayerInput{RepositoryName: ptr("app"), LayerDigest: ptr(digest.String())})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get(*out.DownloadUrl)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if got, _, err := v1.SHA256(answer.Body); err != nil || got != digest {
		t.Errorf("downloaded %s (%v), want %s", got, err, digest)
	}
}

func TestPushesStandInTheCallLog(t *testing.T) {
	l := start(t)
	l.repository("app", nil)
	if err := l.push("app:v1", picture(t)); err != nil {
		t.Fatal(err)
	}
	puts := l.env.Gateway.Calls.Snapshot().Operation("ecr:PutImage").Effects()
	if len(puts) != 1 || puts[0].Resource != "app/v1" || puts[0].Principal.ARN == "" {
		t.Errorf("the log of pushed manifests is %+v", puts)
	}
}

func TestUnknownParametersAndRepositoriesAreRefused(t *testing.T) {
	l := start(t)
	_, err := l.admin.DescribeImages(t.Context(), &ecr.DescribeImagesInput{RepositoryName: ptr("absent")})
	var notFound *types.RepositoryNotFoundException
	if !errors.As(err, &notFound) {
		t.Errorf("an absent repository: %v, want RepositoryNotFoundException", err)
	}
	l.repository("app", nil)
	_, err = l.admin.DescribeImages(t.Context(), &ecr.DescribeImagesInput{RepositoryName: ptr("app"), ImageIds: []types.ImageIdentifier{{ImageTag: ptr("absent")}}})
	var noImage *types.ImageNotFoundException
	if !errors.As(err, &noImage) {
		t.Errorf("an absent image: %v, want ImageNotFoundException", err)
	}
	_, err = l.admin.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: ptr("app")})
	var exists *types.RepositoryAlreadyExistsException
	if !errors.As(err, &exists) {
		t.Errorf("a second of the same name: %v, want RepositoryAlreadyExistsException", err)
	}
}

func ptr(s string) *string { return &s }
