package release

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/aloft-dev/aloft/api/function"
)

// OwnPaths is what the paths begin with that the stage's distribution answers itself; all others are the application's.
const OwnPaths = "_aloft/"

// Folders of the stage's bucket: all keys of objects begin with one of them. The assets' is the only one that the
// distribution reads.
const (
	AssetsFolder    = OwnPaths + "assets/"
	MarkersFolder   = "markers/"
	ConfigFolder    = function.ConfigPrefix
	ReleasesFolder  = "releases/"
	TemplatesFolder = "templates/"
	RunsFolder      = function.RunsPrefix
)

// AssetsPrefix of a build; CloudFront serves it under the same path.
func AssetsPrefix(buildID string) string { return AssetsFolder + buildID + "/" }

// MarkerKey is of the index of a build's assets, which is written after them. It lists all of them, so it lies where
// CloudFront does not serve it.
func MarkerKey(buildID string) string { return MarkersFolder + buildID + ".json" }

// ConfigKey of a bundle of environment and secrets.
func ConfigKey(hash string) string { return ConfigFolder + hash }

// ReleaseKey of a release's declaration, without its secrets: a run finishes by it after the Stage was edited.
func ReleaseKey(id string) string { return ReleasesFolder + id + ".json" }

// TemplateKey of a CloudFormation template.
func TemplateKey(hash string) string { return TemplatesFolder + hash + ".json" }

// RunsPrefix of everything that the runs of a release wrote.
func RunsPrefix(id string) string { return RunsFolder + id + "/" }

// CommandKey is the beginning of a command's objects in a run.
func CommandKey(id, run, command string) string { return RunsPrefix(id) + run + "/" + command }

// ProofKey is what a command of a run is proven with (package proof). It follows from the operator's own secret, so
// that it is the same whenever it is asked for and is stored nowhere.
func ProofKey(secret []byte, id, run, command string) string {
	return derived(secret, "command "+CommandKey(id, run, command))
}

// NamingKey names the bundles of a stage by their content. Each stage has its own, so that nobody learns another's
// secrets by guessing at them in a stage of his own.
func NamingKey(secret []byte, stage StageKey) string {
	return derived(secret, "bundle "+stage.String())
}

// derived is a key for one purpose, in hexadecimal digits, that tells nothing of the secret or of other keys.
func derived(secret []byte, purpose string) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(purpose))
	return hex.EncodeToString(mac.Sum(nil))
}

// Endings of a command's objects.
const (
	ClaimSuffix  = function.ClaimSuffix
	ResultSuffix = function.ResultSuffix
)

// BuildTag is the image tag in the stage's repository.
func BuildTag(buildID string) string { return "b-" + buildID }

// SourceTag is a second tag of the same image that tells which source image it was made from.
func SourceTag(buildID, sourceDigest string) string {
	return BuildTag(buildID) + ".src-" + strings.TrimPrefix(sourceDigest, "sha256:")[:sourceDigits]
}

// sourceDigits of the source digest are more than anybody finds another image for, and leave room in a tag's 128
// characters, of which a build has 100.
const sourceDigits = 20
