package ecr

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

func TestAnImagePushedIsPulledAndDescribed(t *testing.T) {
	l := registry(t)
	l.repository("team/app", nil)
	img := picture(t)
	if err := l.push("team/app:v1", img); err != nil {
		t.Fatal(err)
	}
	if err := l.pull("team/app@" + digestOf(t, img)); err != nil {
		t.Errorf("pulling by digest: %v", err)
	}
	out, err := l.admin.DescribeImages(t.Context(), &ecr.DescribeImagesInput{
		RepositoryName: l.name("team/app"), ImageIds: []types.ImageIdentifier{{ImageTag: new("v1")}},
	})
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
	l := registry(t)
	l.repository("app", func(in *ecr.CreateRepositoryInput) {
		in.ImageTagMutability = types.ImageTagMutabilityImmutableWithExclusion
		in.ImageTagMutabilityExclusionFilters = []types.ImageTagMutabilityExclusionFilter{{Filter: new("dev-*"),
			FilterType: types.ImageTagMutabilityExclusionFilterTypeWildcard}}
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
	token := l.token()
	url := *token.ProxyEndpoint + "/v2/" + *l.name(repo) + "/manifests/" + tag
	request, err := http.NewRequestWithContext(l.t.Context(), http.MethodPut, url, strings.NewReader(string(manifest)))
	if err != nil {
		l.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Basic "+*token.AuthorizationToken)
	request.Header.Set("Content-Type", "application/vnd.docker.distribution.manifest.v2+json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		l.t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

func TestAPushNeedsARepositoryAndAToken(t *testing.T) {
	l := registry(t)
	img := picture(t)
	if got := code(l.push("absent:v1", img)); got != "NAME_UNKNOWN" {
		t.Errorf("a repository that nobody made: %q, want NAME_UNKNOWN", got)
	}
	l.repository("app", nil)
	var failed *transport.Error
	if err := remote.Write(l.reference("app:v1"), img); !errors.As(err, &failed) ||
		failed.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: %v, want HTTP 401", err)
	}
}

func TestATokenOfYesterdayIsRefused(t *testing.T) {
	l := start(t)
	l.repository("app", nil)
	img := picture(t)
	auth := l.auth()
	l.clock.Advance(12*time.Hour + time.Second)
	var failed *transport.Error
	if err := remote.Write(l.reference("app:v1"), img, auth); !errors.As(err, &failed) ||
		failed.StatusCode != http.StatusForbidden {
		t.Errorf("with a token of yesterday: %v, want HTTP 403", err)
	}
}

func TestAnIndexNeedsItsChildren(t *testing.T) {
	l := registry(t)
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

// What sweeps rely on: an image is as old as the first push of its manifest, however often and under
// whatever tag it is pushed again.
func TestAnImageIsAsOldAsTheFirstPushOfItsManifest(t *testing.T) {
	l := registry(t)
	l.repository("app", nil)
	img := picture(t)
	pushedAt := func(tag string) time.Time {
		if err := l.push("app:"+tag, img); err != nil {
			t.Fatal(err)
		}
		out, err := l.admin.DescribeImages(t.Context(), &ecr.DescribeImagesInput{
			RepositoryName: l.name("app"), ImageIds: []types.ImageIdentifier{{ImageTag: &tag}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return *out.ImageDetails[0].ImagePushedAt
	}
	first := pushedAt("a")
	l.pass(2 * time.Second)
	for _, tag := range []string{"b", "a"} {
		if again := pushedAt(tag); !again.Equal(first) {
			t.Errorf("pushed at %s and again as %s, it is of %s", first, tag, again)
		}
	}
	_, err := l.admin.BatchDeleteImage(t.Context(), &ecr.BatchDeleteImageInput{
		RepositoryName: l.name("app"), ImageIds: []types.ImageIdentifier{{ImageDigest: new(digestOf(t, img))}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if anew := pushedAt("a"); !anew.After(first) {
		t.Errorf("deleted and pushed again, it is still of %s", anew)
	}
}
