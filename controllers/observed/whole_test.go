package observed_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/tenant"
)

var lookWhole = release.Step{Action: release.ActionLook, Part: release.PartWhole}

// assets of build v1.
var assets = []string{"_aloft/assets/v1/app.js", "_aloft/assets/v1/css/a b.css", "_aloft/assets/v1/index.html"}

// serving is a stage whose release r1 is live and whole.
func serving(t *testing.T) *view {
	t.Helper()
	v := newView(t)
	digest := v.functions("http", "cli")
	v.publish("http", "r1")
	v.publish("cli", "r1")
	v.MakeBucket()
	v.put(release.ConfigKey("c1"), map[string]any{})
	v.put(release.ReleaseKey("r1"), map[string]any{})
	v.put(release.MarkerKey("v1"), release.AssetIndex{
		Source: "sha256:1 /www", Digest: "sha256:2",
		Files: map[string]string{"app.js": "1", "css/a b.css": "2", "index.html": "3"},
	})
	for _, asset := range assets {
		v.put(asset, "content")
	}
	v.recorded.Live = &release.Live{
		ID: "r1", BuildID: "v1", ConfigHash: "c1", DeployedDigest: digest,
		Functions: []release.FunctionVersion{{Name: "cli", Version: "1"}, {Name: "http", Version: "1"}},
	}
	return v
}

func TestWhatIsMissingOfTheLiveRelease(t *testing.T) {
	const (
		index, bundle      = "the index of the assets", "the bundle of variables"
		declaration, image = "the declaration", "the image"
	)
	for _, row := range []struct {
		why      string
		given    func(*view)
		sendable []string
		versions func(*view) []string
	}{
		{"nothing", func(*view) {}, nil, nil},
		{
			"the index of its assets, which is removed before them",
			func(v *view) { v.Discard(release.MarkerKey("v1")) }, []string{index}, nil,
		},
		{
			"an asset that its index names", func(v *view) { v.Discard(assets[1]) }, []string{"1 of 3 assets"}, nil,
		},
		{
			"all assets, behind an index that was written too late",
			func(v *view) {
				for _, asset := range assets {
					v.Discard(asset)
				}
			}, []string{"3 of 3 assets"}, nil,
		},
		{"no index where there are no assets", func(v *view) {
			v.Discard(release.MarkerKey("v1"))
			v.desired.AssetsPath = ""
		}, nil, nil},
		{"its variables", func(v *view) { v.Discard(release.ConfigKey("c1")) }, []string{bundle}, nil},
		{"its declaration", func(v *view) { v.Discard(release.ReleaseKey("r1")) }, []string{declaration}, nil},
		{"an index that somebody wrote who knows no digest", func(v *view) {
			v.put(release.MarkerKey("v1"), release.AssetIndex{Source: "sha256:1 /www"})
		}, []string{index}, nil},
		{"its image", func(v *view) {
			_, err := v.Clients.ECR.BatchDeleteImage(v.t.Context(), &ecr.BatchDeleteImageInput{
				RepositoryName: aws.String(v.Names.Repository),
				ImageIds:       []ecrtypes.ImageIdentifier{{ImageDigest: aws.String(v.recorded.Live.DeployedDigest)}},
			})
			v.Must(err)
		}, []string{image}, nil},
		{"the whole repository", func(v *view) {
			_, err := v.Clients.ECR.DeleteRepository(v.t.Context(), &ecr.DeleteRepositoryInput{
				RepositoryName: aws.String(v.Names.Repository), Force: true,
			})
			v.Must(err)
		}, []string{image}, nil},
		{"the whole bucket", func(v *view) {
			for _, key := range v.Keys("") {
				v.Discard(key)
			}
			_, err := v.Clients.S3.DeleteBucket(v.t.Context(), &s3.DeleteBucketInput{
				Bucket: aws.String(v.Names.Bucket),
			})
			v.Must(err)
		}, []string{bundle, declaration, index}, nil},
		{"a version, which nothing brings back", func(v *view) {
			_, err := v.Clients.Lambda.DeleteFunction(v.t.Context(), &lambda.DeleteFunctionInput{
				FunctionName: aws.String(v.FullName("http")), Qualifier: aws.String("1"),
			})
			v.Must(err)
		}, nil, func(v *view) []string { return []string{"version 1 of function " + v.FullName("http")} }},
		{"a function with all its versions", func(v *view) {
			_, err := v.Clients.Lambda.DeleteFunction(v.t.Context(), &lambda.DeleteFunctionInput{
				FunctionName: aws.String(v.FullName("cli")),
			})
			v.Must(err)
		}, nil, func(v *view) []string { return []string{"version 1 of function " + v.FullName("cli")} }},
		{"things of both kinds", func(v *view) {
			v.Discard(release.ConfigKey("c1"))
			v.recorded.Live.Functions[0].Version = "7"
		}, []string{bundle}, func(v *view) []string { return []string{"version 7 of function " + v.FullName("cli")} }},
	} {
		t.Run(row.why, func(t *testing.T) {
			v := serving(t)
			row.given(v)
			got := v.look(lookWhole).Whole
			if !slices.Equal(got.Sendable, row.sendable) {
				t.Errorf("to be sent again are %v, want %v", got.Sendable, row.sendable)
			}
			var want []string
			if row.versions != nil {
				want = row.versions(v)
			}
			if !slices.Equal(got.Versions, want) {
				t.Errorf("gone are %v, want %v", got.Versions, want)
			}
		})
	}
}

func TestThatItIsNotKnownWhetherTheReleaseIsWholeIsAnError(t *testing.T) {
	for _, row := range []struct{ why, call, path, text string }{
		{"its variables", "s3:HeadObject", release.ConfigKey("c1"), "looking for " + release.ConfigKey("c1")},
		{"its declaration", "s3:HeadObject", release.ReleaseKey("r1"), "looking for " + release.ReleaseKey("r1")},
		{"the index of its assets", "s3:GetObject", release.MarkerKey("v1"), "reading " + release.MarkerKey("v1")},
		{"its assets", "s3:ListObjectsV2", "", "/_aloft/assets/v1/: operation error S3"},
		{"its image", "ecr:DescribeImages", "", "looking for image sha256:"},
		{"a version", "lambda:GetFunctionConfiguration", "-http", "reading version 1 of "},
	} {
		t.Run(row.why, func(t *testing.T) {
			v := serving(t)
			v.Fault(row.call, row.path, tenant.Denied())
			v.blind(lookWhole, row.text)
		})
	}
}

func TestABucketOfAnotherAccountIsNotLookedInto(t *testing.T) {
	v := serving(t)
	v.Clients.Account = "210987654321"
	v.blind(lookWhole, "looking for "+release.ConfigKey("c1"))
	v.blind(release.Step{Part: release.PartDeclaration, Release: "r1"}, "reading "+release.ReleaseKey("r1"))
	v.blind(release.Step{Part: release.PartLeft, Release: "r1"}, "/runs/: operation error S3")
	v.blind(release.Step{Part: release.PartCommand, Command: "migrate"}, "reading ")
}
