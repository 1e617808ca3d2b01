package template_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/dop251/goja"
	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
)

// atTheEdge runs the rendered function on a viewer's request for a path and gives the headers that go on.
func atTheEdge(t *testing.T, path string, sent map[string]string) map[string]string {
	t.Helper()
	type header struct {
		Value string `json:"value"`
	}
	headers := map[string]header{"host": {"www.example.com"}}
	for name, value := range sent {
		headers[name] = header{value}
	}
	event, err := json.Marshal(map[string]any{
		"viewer": map[string]any{"ip": "198.51.100.7"}, "request": map[string]any{"uri": path, "headers": headers},
	})
	if err != nil {
		t.Fatal(err)
	}
	code := released(stage("v1")).Template.Resources["EdgeFunction"].Properties["FunctionCode"].(string)
	answer, err := goja.New().RunString(code + "\nJSON.stringify(handler(" + string(event) + "))")
	if err != nil {
		t.Fatal(err)
	}
	var request struct {
		URI     string            `json:"uri"`
		Headers map[string]header `json:"headers"`
	}
	if err := json.Unmarshal([]byte(answer.String()), &request); err != nil || request.URI != path {
		t.Fatalf("%s (%v)", answer, err)
	}
	got := map[string]string{}
	for name, h := range request.Headers {
		got[name] = h.Value
	}
	return got
}

func TestTheEdgeSaysWhoTheViewerIsWhateverTheViewerSays(t *testing.T) {
	forged := map[string]string{
		"x-aloft-host": "evil.example", "x-aloft-address": "127.0.0.1", "x-aloft-path": "/admin", "accept": "*/*",
	}
	want := map[string]string{
		"host": "www.example.com", "x-aloft-host": "www.example.com", "x-aloft-address": "198.51.100.7", "accept": "*/*",
	}
	if diff := cmp.Diff(want, atTheEdge(t, "/", forged)); diff != "" {
		t.Error(diff)
	}
}

func TestTheEdgeTellsThePathWhereTheGatewayWouldLoseIt(t *testing.T) {
	for path, want := range map[string]string{
		"/a%2Fb": "/a%2Fb", "/%25": "/%25", "/plain/[a]": "", "/grün%20": "", "/a b%20": "",
		"/%41" + strings.Repeat("x", 2044): "/%41" + strings.Repeat("x", 2044), "/%41" + strings.Repeat("x", 2045): "",
	} {
		if got := atTheEdge(t, path, nil)["x-aloft-path"]; got != want {
			t.Errorf("%.20s told %.20q, want %.20q", path, got, want)
		}
	}
}

func TestTheFunctionStaysWithinCloudFrontsQuotas(t *testing.T) {
	properties := released(full("v1")).Template.Resources["EdgeFunction"].Properties
	if size := len(properties["FunctionCode"].(string)); size > 10<<10 { // "Quotas on CloudFront Functions"
		t.Errorf("%d bytes", size)
	}
}

func TestTheSecretIsOfTheOriginAndOfNothingElse(t *testing.T) {
	r := released(full("v1"))
	for id, resource := range r.Template.Resources {
		uses := slices.Contains(template.References(resource), release.ParameterOriginSecret)
		if uses != (id == "Distribution") {
			t.Errorf("%s uses the secret: %v", id, uses)
		}
	}
	if !r.Template.Parameters[release.ParameterOriginSecret].NoEcho {
		t.Error("CloudFormation would show the secret")
	}
	if _, given := r.Parameters[release.ParameterOriginSecret]; given {
		t.Error("the rendering holds the secret, and its hash is in an output")
	}
}

func TestADigestIsChosenOnceInAStacksLife(t *testing.T) {
	before := released(stage("v1"))
	a := allLive(app(stage("v2")))
	a.OriginDigest = "of another key"
	for _, r := range []template.Rendering{
		template.Expand(a, before.Template, before.Parameters),
		template.Activate(a, before.Template, before.Parameters),
		template.Settled(a, before.Template, before.Parameters),
	} {
		requireEqual(t, "the digest", strings.Repeat("d", 64), r.Parameters["OriginDigest"])
	}
	requireEqual(t, "the first digest", "of another key", template.Expand(a, nil, nil).Parameters["OriginDigest"])
}

func TestWhatCloudFormationDoesNotShowIsNoDifference(t *testing.T) {
	before := readBack(t, released(stage("v1")))
	before.Parameters = maps.Clone(before.Parameters)
	before.Parameters[release.ParameterOriginSecret] = "****"
	if !template.Direct(before, released(stage("v2"))) {
		t.Error("an update needs a change set")
	}
}

// former is the stack as templates made it that knew of no function at the edge and served assets from /assets.
func former(t *testing.T) template.Rendering {
	t.Helper()
	d := stage("v1")
	d.Revision = "1"
	r := readBack(t, released(d))
	r.Parameters = maps.Clone(r.Parameters)
	for _, name := range []string{release.ParameterOriginSecret, "OriginDigest"} {
		delete(r.Template.Parameters, name)
		delete(r.Parameters, name)
	}
	delete(r.Template.Resources, "EdgeFunction")
	config := r.Template.Resources["Distribution"].Properties["DistributionConfig"].(map[string]any)
	delete(config["DefaultCacheBehavior"].(map[string]any), "FunctionAssociations")
	delete(config["Origins"].([]any)[1].(map[string]any), "OriginCustomHeaders")
	config["CacheBehaviors"].([]any)[0].(map[string]any)["PathPattern"] = "/assets/*"
	policy := r.Template.Resources["AssetsBucketPolicy"].Properties["PolicyDocument"].(map[string]any)
	policy["Statement"].([]any)[0].(map[string]any)["Sid"] = "DistributionReadsAssets"
	return r
}

// served are the paths of the distribution that are not the application's, and what the bucket's policy says.
func served(r template.Rendering) (paths, statements []string) {
	config := r.Template.Resources["Distribution"].Properties["DistributionConfig"].(map[string]any)
	for _, behavior := range config["CacheBehaviors"].([]any) {
		paths = append(paths, behavior.(map[string]any)["PathPattern"].(string))
	}
	policy := r.Template.Resources["AssetsBucketPolicy"].Properties["PolicyDocument"].(map[string]any)
	for _, statement := range policy["Statement"].([]any) {
		statements = append(statements, statement.(map[string]any)["Sid"].(string))
	}
	return paths, statements
}

func TestTheEdgeServesBothReleasesUntilTheFormerIsDone(t *testing.T) {
	before := former(t)
	a := allLive(app(stage("v2")))
	expanded := template.Expand(a, before.Template, before.Parameters)
	activated := template.Activate(a, expanded.Template, expanded.Parameters)
	settled := template.Settled(a, activated.Template, activated.Parameters)
	both := []string{"/_aloft/assets/*", "/assets/*"}
	own := []string{"DistributionReadsOwnPaths", "DistributionKnowsWhatIsMissing", "OnlyTLS"}
	for name, row := range map[string]struct {
		rendering         template.Rendering
		paths, statements []string
	}{
		"expanded":  {expanded, both, append(slices.Clip(own), "DistributionReadsAssets")},
		"activated": {activated, both, append(slices.Clip(own), "DistributionReadsAssets")},
		"settled":   {settled, []string{"/_aloft/assets/*"}, own},
	} {
		paths, statements := served(row.rendering)
		requireEqual(t, name+" paths", row.paths, paths)
		requireEqual(t, name+" statements", row.statements, statements)
		requireValid(t, row.rendering)
	}
	// New versions turn away who comes without the secret, so it is there before traffic moves.
	requireEqual(t, "the first change of the distribution",
		template.References(settled.Template.Resources["Distribution"]),
		template.References(expanded.Template.Resources["Distribution"]))
	requireEqual(t, "the function at the edge", settled.Template.Resources["EdgeFunction"],
		expanded.Template.Resources["EdgeFunction"])
}

func TestAStackThatGoesBackToAFormerReleaseServesItsPaths(t *testing.T) {
	before := former(t)
	failed := template.Expand(allLive(app(stage("v2"))), before.Template, before.Parameters)
	live := stage("v1")
	live.Revision = "1"
	back := template.Settled(allLive(app(live)), failed.Template, failed.Parameters)
	paths, _ := served(back)
	requireEqual(t, "paths", []string{"/_aloft/assets/*", "/assets/*"}, paths)
}
