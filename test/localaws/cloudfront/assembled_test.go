package cloudfront_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/aloft-dev/aloft/test/localaws"
)

const (
	bucket    = "app-assets-123456789012-eu-central-1"
	optimized = "658327ea-f89d-4fab-a63d-7e88639e58f6"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// distribute makes a distribution in front of the bucket.
func distribute(t *testing.T, server *localaws.Server) *types.Distribution {
	t.Helper()
	client := cloudfront.NewFromConfig(server.Config())
	control, err := client.CreateOriginAccessControl(t.Context(), &cloudfront.CreateOriginAccessControlInput{
		OriginAccessControlConfig: &types.OriginAccessControlConfig{
			Name: aws.String("app"), SigningBehavior: "always", SigningProtocol: "sigv4", OriginAccessControlOriginType: "s3",
		},
	})
	must(t, err)
	out, err := client.CreateDistribution(t.Context(),
		&cloudfront.CreateDistributionInput{DistributionConfig: &types.DistributionConfig{
			CallerReference: aws.String("app"), Comment: aws.String(""), Enabled: aws.Bool(true),
			Origins: &types.Origins{Quantity: aws.Int32(1), Items: []types.Origin{{
				Id: aws.String("assets"), DomainName: aws.String(bucket + ".s3.eu-central-1.amazonaws.com"),
				OriginAccessControlId: control.OriginAccessControl.Id,
				S3OriginConfig:        &types.S3OriginConfig{OriginAccessIdentity: aws.String("")},
			}}},
			DefaultCacheBehavior: &types.DefaultCacheBehavior{
				TargetOriginId: aws.String("assets"), ViewerProtocolPolicy: "redirect-to-https",
				CachePolicyId: aws.String(optimized),
			},
		}})
	must(t, err)
	return out.Distribution
}

func fetch(t *testing.T, server *localaws.Server, url string) (int, string, http.Header) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: server.CA()},
		DisableKeepAlives: true}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	must(t, err)
	out, err := client.Do(r)
	must(t, err)
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	must(t, err)
	return out.StatusCode, string(body), out.Header
}

func TestTheBucketPolicyDecidesWhatADistributionMayRead(t *testing.T) {
	server, err := localaws.New(localaws.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, server.Close()) })
	store := s3.NewFromConfig(server.Config())
	_, err = store.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket:                    aws.String(bucket),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-central-1"},
	})
	must(t, err)
	for _, key := range []string{"assets/1/café app.js", "assets/1/b.js", "config/secret"} {
		_, err = store.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader("let a"), ContentType: aws.String("text/javascript"),
			CacheControl: aws.String("public, max-age=31536000, immutable"),
		})
		must(t, err)
	}
	d := distribute(t, server)
	url := "http://" + *d.DomainName
	if status, _, _ := fetch(t, server, url+"/assets/1/b.js"); status != http.StatusForbidden {
		t.Errorf("without a bucket policy: %d", status)
	}
	_, err = store.PutBucketPolicy(t.Context(),
		&s3.PutBucketPolicyInput{Bucket: aws.String(bucket), Policy: aws.String(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"},"Action":"s3:GetObject",` +
			`"Resource":"arn:aws:s3:::` + bucket + `/assets/*",
		 "Condition":{"StringEquals":{"AWS:SourceArn":"` + *d.ARN + `"}}},
		{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::` + bucket + `","arn:aws:s3:::` + bucket +
			`/*"],
		 "Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`)})
	must(t, err)
	status, body, header := fetch(t, server, url+"/assets/1/caf%C3%A9%20app.js")
	if status != http.StatusOK || body != "let a" || header.Get("Content-Type") != "text/javascript" ||
		header.Get("X-Cache") != "Miss from cloudfront" {
		t.Errorf("%d %q %v", status, body, header)
	}
	if status, _, _ := fetch(t, server, url+"/config/secret"); status != http.StatusForbidden {
		t.Errorf("outside the allowed prefix: %d", status)
	}
	if calls := server.Calls().By("cloudfront.amazonaws.com").Operation("s3:GetObject"); len(calls) != 3 {
		t.Errorf("%d reads of CloudFront are in the call log", len(calls))
	}
}
