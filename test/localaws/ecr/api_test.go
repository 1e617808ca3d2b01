package ecr

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func TestARepositoryWithImagesIsDeletedOnlyByForce(t *testing.T) {
	l := registry(t)
	l.repository("app", nil)
	if err := l.push("app:v1", picture(t)); err != nil {
		t.Fatal(err)
	}
	_, err := l.admin.DeleteRepository(t.Context(), &ecr.DeleteRepositoryInput{RepositoryName: l.name("app")})
	if _, ok := errors.AsType[*types.RepositoryNotEmptyException](err); !ok {
		t.Errorf("deleting with images: %v, want RepositoryNotEmptyException", err)
	}
	if _, err := l.admin.DeleteRepository(t.Context(), &ecr.DeleteRepositoryInput{
		RepositoryName: l.name("app"), Force: true,
	}); err != nil {
		t.Errorf("deleting by force: %v", err)
	}
}

func TestDeletingImagesReportsFailuresInAList(t *testing.T) {
	l := registry(t)
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
	out, err := l.admin.BatchDeleteImage(t.Context(), &ecr.BatchDeleteImageInput{RepositoryName: l.name("app"),
		ImageIds: []types.ImageIdentifier{{ImageDigest: new(digestOf(t, img))}, {ImageDigest: new(absent)}, {}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.ImageIds) != 2 || len(out.Failures) != 2 ||
		out.Failures[0].FailureCode != types.ImageFailureCodeImageNotFound {
		t.Errorf("deleted %d tags with %d failures, want both tags of the digest and two failures", len(out.ImageIds),
			len(out.Failures))
	}
	if err := l.pull("app:kept"); err != nil {
		t.Errorf("the image that shares layers: %v", err)
	}
	many := make([]types.ImageIdentifier, 101)
	for i := range many {
		many[i].ImageTag = new("t")
	}
	_, err = l.admin.BatchDeleteImage(t.Context(), &ecr.BatchDeleteImageInput{
		RepositoryName: l.name("app"), ImageIds: many,
	})
	if _, ok := errors.AsType[*types.InvalidParameterException](err); !ok {
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
		_, err := service.BatchGetImage(t.Context(), &ecr.BatchGetImageInput{
			RepositoryName: l.name("app"), ImageIds: []types.ImageIdentifier{{ImageTag: new("v1")}},
		})
		return err
	}
	for _, tc := range []struct {
		reason, policy string
		allowed        bool
	}{
		{"no policy", "", false},
		{"the service is named",
			`{"Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":["ecr:BatchGetImage",` +
				`"ecr:GetDownloadUrlForLayer"]}]}`, true},
		{"another service is named",
			`{"Statement":[{"Effect":"Allow","Principal":{"Service":"codebuild.amazonaws.com"},"Action":"ecr:*"}]}`, false},
		{"the source fits",
			`{"Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"ecr:*",` +
				`"Condition":{"StringLike":{"aws:SourceArn":"arn:aws:lambda:*:*:function:shop-*"}}}]}`, true},
		{"the source is another",
			`{"Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"ecr:*",` +
				`"Condition":{"StringLike":{"aws:SourceArn":"arn:aws:lambda:*:*:function:blog-*"}}}]}`, false},
		{"a denial wins",
			`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*"},{"Effect":"Deny",` +
				`"Principal":{"Service":["lambda.amazonaws.com"]},"Action":"ecr:Batch*"}]}`, false},
	} {
		if tc.policy != "" {
			if _, err := l.admin.SetRepositoryPolicy(t.Context(), &ecr.SetRepositoryPolicyInput{
				RepositoryName: l.name("app"), PolicyText: &tc.policy,
			}); err != nil {
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
	var mu sync.Mutex
	l.env.Gateway.Authorize = func(call *wire.Call, action, resource string) error {
		mu.Lock()
		defer mu.Unlock()
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
	l := registry(t)
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
	out, err := l.admin.GetDownloadUrlForLayer(t.Context(), &ecr.GetDownloadUrlForLayerInput{
		RepositoryName: l.name("app"), LayerDigest: new(digest.String()),
	})
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
	l := registry(t)
	_, err := l.admin.DescribeImages(t.Context(), &ecr.DescribeImagesInput{RepositoryName: l.name("absent")})
	if _, ok := errors.AsType[*types.RepositoryNotFoundException](err); !ok {
		t.Errorf("an absent repository: %v, want RepositoryNotFoundException", err)
	}
	l.repository("app", nil)
	_, err = l.admin.DescribeImages(t.Context(), &ecr.DescribeImagesInput{
		RepositoryName: l.name("app"), ImageIds: []types.ImageIdentifier{{ImageTag: new("absent")}},
	})
	if _, ok := errors.AsType[*types.ImageNotFoundException](err); !ok {
		t.Errorf("an absent image: %v, want ImageNotFoundException", err)
	}
	_, err = l.admin.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: l.name("app")})
	if _, ok := errors.AsType[*types.RepositoryAlreadyExistsException](err); !ok {
		t.Errorf("a second of the same name: %v, want RepositoryAlreadyExistsException", err)
	}
}

func TestOnlyTheDistributionAPIIsTheRegistrys(t *testing.T) {
	signature := "AWS4-HMAC-SHA256 Credential=AKIA/20261121/eu-central-1/apigateway/aws4_request, SignedHeaders=host, " +
		"Signature=0"
	for _, tc := range []struct {
		reason, url, authorization string
		claimed                    bool
	}{
		{"the registry by its address", "http://127.0.0.1:4566/v2/app/manifests/v1", "Basic QVdTOng=", true},
		{"the registry by AWS's name", "https://123456789012.dkr.ecr.eu-central-1.amazonaws.com/v2/", "", true},
		{"API Gateway's own operations", "http://127.0.0.1:4566/v2/apis", signature, false},
		{"an application's path behind an API", "http://abc.execute-api.eu-central-1.amazonaws.com/v2/orders", "", false},
		{"another path", "http://127.0.0.1:4566/v1/x", "", false},
	} {
		request := httptest.NewRequest(http.MethodGet, tc.url, nil)
		request.Header.Set("Authorization", tc.authorization)
		if got := forRegistry(request); got != tc.claimed {
			t.Errorf("%s: claimed %v, want %v", tc.reason, got, tc.claimed)
		}
	}
}
