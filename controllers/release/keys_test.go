package release_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/controllers/release"
)

// The longest that the API allows.
var (
	longestTag     = strings.Repeat("t", 100)
	longestCommand = strings.Repeat("c", 40)
	sourceDigest   = "sha256:0123456789abcdef" + strings.Repeat("0", 48)
)

func TestTagsStayWithinWhatARegistryTakes(t *testing.T) {
	tag := regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`) // the OCI distribution specification's form of a tag
	for why, got := range map[string]string{
		"the image of a build with the longest tag":     release.BuildTag(longestTag),
		"the source of a build with the longest tag":    release.SourceTag(longestTag, sourceDigest),
		"the source of a build with the shortest tag":   release.SourceTag("1", sourceDigest),
		"a build id that begins with what a tag cannot": release.BuildTag("_1"),
	} {
		t.Run(why, func(t *testing.T) {
			if !tag.MatchString(got) {
				t.Errorf("%q (%d characters) is no tag", got, len(got))
			}
		})
	}
}

func TestASourceTagTellsBuildAndSourceApart(t *testing.T) {
	other := strings.Replace(sourceDigest, "0123", "3210", 1)
	if release.SourceTag("v1", sourceDigest) == release.SourceTag("v1", other) {
		t.Error("two sources of one build have the same tag")
	}
	if got, want := release.SourceTag("v1", sourceDigest), "b-v1.src-0123456789abcdef0000"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestKeysStayWithinWhatS3Takes(t *testing.T) {
	const longest = 1024 // bytes of a key (S3 user guide, "Naming Amazon S3 objects")
	run := "20060102t150405-abcd"
	id := strings.Repeat("f", 20)
	for _, key := range []string{
		release.MarkerKey(longestTag), release.ConfigKey(strings.Repeat("f", 32)), release.ReleaseKey(id),
		release.TemplateKey(strings.Repeat("f", 64)), release.CommandKey(id, run, longestCommand) + release.ResultSuffix,
	} {
		if len(key) > longest || strings.HasPrefix(key, "/") {
			t.Errorf("%q is no key", key)
		}
	}
}

func TestKeysAreBelowThePrefixesThatThePoliciesGrant(t *testing.T) {
	for key, prefix := range map[string]string{
		release.AssetsPrefix("v1"):                                   "_aloft/assets/v1/",
		release.MarkerKey("v1"):                                      "markers/v1",
		release.ConfigKey("abc"):                                     "config/",
		release.ReleaseKey("0123"):                                   "releases/",
		release.TemplateKey("abc"):                                   "templates/",
		release.CommandKey("0123", "r1", "migrate") + ".claim":       "runs/0123/r1/migrate",
		release.CommandKey("0123", "r1", "migrate") + ".result.json": release.RunsPrefix("0123"),
	} {
		if !strings.HasPrefix(key, prefix) {
			t.Errorf("%s is not below %s", key, prefix)
		}
	}
}

func TestTheIndexOfAssetsIsNotAmongWhatIsServed(t *testing.T) {
	if strings.HasPrefix(release.MarkerKey("v1"), release.AssetsFolder) {
		t.Error("everybody could read which files a build has")
	}
}

func TestOneBuildsAssetsAreNotBelowAnothers(t *testing.T) {
	if strings.HasPrefix(release.AssetsPrefix("v1.1"), release.AssetsPrefix("v1")) {
		t.Error("removing the assets of v1 would remove those of v1.1")
	}
}

func TestTheProofKeyOfACommandIsItsOwn(t *testing.T) {
	secret := []byte("secret")
	own := release.ProofKey(secret, "0123", "r1", "migrate")
	if own != release.ProofKey(secret, "0123", "r1", "migrate") || len(own) != 64 {
		t.Errorf("the key is %q", own)
	}
	for why, other := range map[string]string{
		"another release": release.ProofKey(secret, "0124", "r1", "migrate"),
		"another run":     release.ProofKey(secret, "0123", "r2", "migrate"),
		"another command": release.ProofKey(secret, "0123", "r1", "seed"),
		"another secret":  release.ProofKey([]byte("guess"), "0123", "r1", "migrate"),
	} {
		if other == own {
			t.Errorf("%s has the same key", why)
		}
	}
}
