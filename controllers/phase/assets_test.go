package phase_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/tenant"
)

// index is what the marker of a build says.
type index struct {
	Source string            `json:"source"`
	Digest string            `json:"digest"`
	Files  map[string]string `json:"files"`
}

// isAsset says that an object is one of a build's assets or their index.
func isAsset(key string) bool {
	return strings.HasPrefix(key, release.AssetsFolder) || strings.HasPrefix(key, release.MarkersFolder)
}

func (s *stage) index(build string) (i index) {
	s.t.Helper()
	s.Must(json.Unmarshal([]byte(s.get(release.MarkerKey(build))), &i))
	return i
}

func (s *stage) head(key string) *s3.HeadObjectOutput {
	s.t.Helper()
	answer, err := s.Clients.S3.HeadObject(s.t.Context(), &s3.HeadObjectInput{
		Bucket: aws.String(s.Names.Bucket), Key: aws.String(key),
	})
	s.Must(err)
	return answer
}

func TestAssetsAreServedForEverAndByTheirType(t *testing.T) {
	s, _ := sending(t)
	s.done(upload)
	for key, kind := range map[string]string{
		"_aloft/assets/v2/app.js": "text/javascript", "_aloft/assets/v2/css/site.css": "text/css",
	} {
		got := s.head(key)
		if aws.ToString(got.CacheControl) != "public, max-age=31536000, immutable" ||
			!strings.HasPrefix(aws.ToString(got.ContentType), kind) {
			t.Errorf("%s is served as %q, %q", key, aws.ToString(got.ContentType), aws.ToString(got.CacheControl))
		}
	}
	if got := s.get("_aloft/assets/v2/app.js"); got != "run()" {
		t.Errorf("the content is %q", got)
	}
	if got := aws.ToString(s.head(release.MarkerKey("v2")).CacheControl); got != "no-store" {
		t.Errorf("the index is served by %q", got)
	}
}

func TestTheIndexTellsSourceDigestAndFiles(t *testing.T) {
	s, _ := sending(t)
	digest := s.done(upload).Assets.Digest
	got := s.index("v2")
	if got.Source != s.Desired.Image.Digest+" /www" || got.Digest != digest {
		t.Errorf("it is of %q with %q", got.Source, got.Digest)
	}
	sum := sha256.Sum256([]byte("run()"))
	if len(got.Files) != 2 || got.Files["app.js"] != hex.EncodeToString(sum[:]) {
		t.Errorf("the files are %v", got.Files)
	}
}

func TestTheIndexIsWrittenAfterTheLastAsset(t *testing.T) {
	s, _ := sending(t)
	s.done(upload)
	var order []string
	for _, call := range s.Local.Calls().Operation("s3:PutObject") {
		if _, key, _ := strings.Cut(call.Resource, "/"); isAsset(key) {
			order = append(order, key)
		}
	}
	if len(order) != 3 || order[2] != release.MarkerKey("v2") {
		t.Errorf("they were put in the order %v", order)
	}
}

func TestAReleaseWithoutAssetsAsksForNone(t *testing.T) {
	s, _ := sending(t)
	s.imageOnly()
	if got := s.done(upload).Assets; got != nil {
		t.Errorf("the assets are %q", got)
	}
	if got := s.Keys("_aloft/assets/"); len(got) > 0 {
		t.Errorf("there are %v", got)
	}
}

// followed lets build v2 be live and the stage be sending v3, of which app.js is as before.
func followed(t *testing.T) *stage {
	t.Helper()
	s, registry := sending(t)
	s.done(upload)
	s.Recorded.Live = &release.Live{ID: "r2", BuildID: "v2"}
	s.resolved(registry, "v3", imageOf(t, "amd64", files{"app": "three"}, files{
		"www/app.js": "run()", "www/css/site.css": "body{color:red}", "www/new file.txt": "new",
	}))
	return s
}

func TestUnchangedAssetsAreCopiedFromTheLiveBuildAndChangedOnesAreSent(t *testing.T) {
	s := followed(t)
	since := s.Local.Calls().End()
	s.done(upload)
	calls := s.Local.Calls().Since(since)
	if copies := calls.Operation("s3:CopyObject"); len(copies) != 1 ||
		!strings.HasSuffix(copies[0].Resource, "/_aloft/assets/v3/app.js") {
		t.Errorf("copied were %+v", copies)
	}
	for key, want := range map[string]string{
		"_aloft/assets/v3/app.js": "run()", "_aloft/assets/v3/css/site.css": "body{color:red}",
		"_aloft/assets/v3/new file.txt": "new",
		"_aloft/assets/v2/css/site.css": "body{}",
	} {
		if got := s.get(key); got != want {
			t.Errorf("%s is %q", key, got)
		}
	}
	if got := aws.ToString(s.head("_aloft/assets/v3/app.js").CacheControl); !strings.Contains(got, "immutable") {
		t.Errorf("the copy is served by %q", got)
	}
	if got := s.index("v3"); len(got.Files) != 3 {
		t.Errorf("the index has %v", got.Files)
	}
}

func TestAPathWithLettersThatNeedEscapingIsCopied(t *testing.T) {
	s, registry := newStage(t), newSource(t)
	s.Desired.AssetsPath = "/www"
	const path = "www/ü & 100%+.txt"
	s.resolved(registry, "v2", imageOf(t, "amd64", files{"app": "two"}, files{path: "same"}))
	s.done(upload)
	s.Recorded.Live = &release.Live{BuildID: "v2"}
	s.resolved(registry, "v3", imageOf(t, "amd64", files{"app": "three"}, files{path: "same"}))
	s.done(upload)
	// S3 reads a plus sign in a URL as a space, so that the file is there by both.
	for _, key := range []string{"_aloft/assets/v3/ü & 100%+.txt", "_aloft/assets/v3/ü & 100% .txt"} {
		if got := s.get(key); got != "same" {
			t.Errorf("%s is %q", key, got)
		}
	}
	if copies := s.Local.Calls().Operation("s3:CopyObject").Effects(); len(copies) != 2 {
		t.Errorf("%d were copied", len(copies))
	}
}

func TestAFileWhoseNameIsThatOfAnotherWithoutItsPlusSignsStays(t *testing.T) {
	s, registry := newStage(t), newSource(t)
	s.Desired.AssetsPath = "/www"
	s.resolved(registry, "v2", imageOf(t, "amd64", files{"app": "two"}, files{"www/a+b": "plus", "www/a b": "space"}))
	s.done(upload)
	s.Recorded.Live = &release.Live{BuildID: "v2"}
	s.resolved(registry, "v3", imageOf(t, "amd64", files{"app": "three"}, files{"www/a+b": "plus", "www/a b": "space"}))
	s.done(upload)
	for _, folder := range []string{"_aloft/assets/v2/", "_aloft/assets/v3/"} {
		if plus, space := s.get(folder+"a+b"), s.get(folder+"a b"); plus != "plus" || space != "space" {
			t.Errorf("in %s they are %q and %q", folder, plus, space)
		}
	}
}

func TestAnAssetThatIsGoneFromTheLiveBuildIsSent(t *testing.T) {
	s := followed(t)
	s.Discard("_aloft/assets/v2/app.js")
	s.done(upload)
	if got := s.get("_aloft/assets/v3/app.js"); got != "run()" {
		t.Errorf("it is %q", got)
	}
}

func TestThatAnAssetCannotBeCopiedKeepsTheIndexAway(t *testing.T) {
	s := followed(t)
	s.Fault("s3:CopyObject", "", tenant.Denied())
	contains(t, s.fails(upload).Error(), "copying asset _aloft/assets/v2/")
	if got := s.Keys(release.MarkerKey("v3")); len(got) > 0 {
		t.Error("the index was written")
	}
}

// An operator that stood still after most of an upload, and went on after a sweep, leaves an index of what is gone.
func TestAnIndexIsNotBelievedWhereItsAssetsAreGone(t *testing.T) {
	s, _ := sending(t)
	first := s.done(upload).Assets.Digest
	s.Discard("_aloft/assets/v2/css/site.css")
	since := s.Local.Calls().End()
	if again := s.done(upload).Assets.Digest; again != first {
		t.Errorf("it is of %s, before it was of %s", again, first)
	}
	var puts []string
	for _, call := range s.Local.Calls().Since(since).Operation("s3:PutObject") {
		if _, key, _ := strings.Cut(call.Resource, "/"); isAsset(key) {
			puts = append(puts, key)
		}
	}
	if want := []string{"_aloft/assets/v2/css/site.css", release.MarkerKey("v2")}; !slices.Equal(puts, want) {
		t.Errorf("sent again was %v", puts)
	}
	if got := s.index("v2").Files; len(got) != 2 {
		t.Errorf("the index has %v", got)
	}
}

func TestTheIndexOfTheLiveBuildMustBeReadable(t *testing.T) {
	s := followed(t)
	s.Fault("s3:GetObject", release.MarkerKey("v2"), tenant.Denied())
	err := s.fails(upload)
	contains(t, err.Error(), "index of the assets of v2")
	if got := release.ConditionOf(err); got != v1alpha1.ConditionAssetsUploaded {
		t.Errorf("it is at %q", got)
	}
}

func TestALiveBuildWithoutAnIndexIsCopiedFromNowhere(t *testing.T) {
	s := followed(t)
	s.Discard(release.MarkerKey("v2"))
	s.done(upload)
	if copies := s.Local.Calls().Operation("s3:CopyObject"); len(copies) > 0 {
		t.Errorf("%d assets were copied", len(copies))
	}
}
