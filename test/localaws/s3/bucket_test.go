package s3_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func TestABucketIsMadeOnceAndLeavesEmpty(t *testing.T) {
	cfg := config(t)
	if cfg.Region == "us-east-1" {
		t.Skip("the oldest region answers a bucket that is made twice, or elsewhere, in a way of its own")
	}
	client, bucket := newBucket(t, cfg)
	region := within(cfg.Region)
	_, err := client.CreateBucket(t.Context(), &awss3.CreateBucketInput{
		Bucket: &bucket, CreateBucketConfiguration: region,
	})
	wantCode(t, err, "BucketAlreadyOwnedByYou")
	_, err = client.CreateBucket(t.Context(), &awss3.CreateBucketInput{
		Bucket: aws.String("Not_a_bucket"), CreateBucketConfiguration: region,
	})
	wantCode(t, err, "InvalidBucketName")
	_, err = client.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: aws.String(bucket + "-x")})
	wantCode(t, err, "IllegalLocationConstraintException")
	_, err = client.HeadBucket(t.Context(), &awss3.HeadBucketInput{
		Bucket: &bucket, ExpectedBucketOwner: aws.String("999999999999"),
	})
	wantCode(t, err, "Forbidden")
	put(t, client, bucket, "k", "x")
	_, err = client.DeleteBucket(t.Context(), &awss3.DeleteBucketInput{Bucket: &bucket})
	wantCode(t, err, "BucketNotEmpty")
	_, err = client.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: &bucket, Key: aws.String("k")})
	must(t, err)
	_, err = client.DeleteBucket(t.Context(), &awss3.DeleteBucketInput{Bucket: &bucket})
	must(t, err)
	_, err = client.HeadBucket(t.Context(), &awss3.HeadBucketInput{Bucket: &bucket})
	wantCode(t, err, "NotFound")
	_, err = client.PutObject(t.Context(), &awss3.PutObjectInput{
		Bucket: &bucket, Key: aws.String("k"), Body: strings.NewReader("x"),
	})
	wantCode(t, err, "NoSuchBucket")
}

func TestTheAccountsOwnNamespaceIsForItsNamesAlone(t *testing.T) {
	client := awss3.NewFromConfig(config(t))
	for _, row := range []struct {
		why, bucket, code string
		namespace         types.BucketNamespace
	}{
		{"its name ends in account and region", "own-123456789012-eu-central-1-an", "", types.BucketNamespaceAccountRegional},
		{"a name of another account's namespace", "own-999999999999-eu-central-1-an", "InvalidBucketName",
			types.BucketNamespaceAccountRegional},
		{"a name without the ending", "own-123456789012-eu-central-1", "InvalidBucketName",
			types.BucketNamespaceAccountRegional},
		{"outside of the namespace no name ends so", "other-123456789012-eu-central-1-an", "InvalidBucketName", ""},
	} {
		_, err := client.CreateBucket(t.Context(), &awss3.CreateBucketInput{
			Bucket: &row.bucket, BucketNamespace: row.namespace, CreateBucketConfiguration: within("eu-central-1"),
		})
		if row.code == "" {
			must(t, err)
			_, err = client.DeleteBucket(t.Context(), &awss3.DeleteBucketInput{Bucket: &row.bucket})
			must(t, err)
			continue
		}
		wantCode(t, err, row.code)
	}
}

func TestAListHasPagesAndFolders(t *testing.T) {
	client, bucket := newBucket(t, config(t))
	for _, key := range []string{"a/1", "a/2", "a/b/3", "c", "d/4", "e"} {
		put(t, client, bucket, key, key)
	}
	var got []string
	pages := awss3.NewListObjectsV2Paginator(client, &awss3.ListObjectsV2Input{
		Bucket: &bucket, Delimiter: aws.String("/"), MaxKeys: aws.Int32(2),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		must(t, err)
		var names []string
		for _, p := range page.CommonPrefixes {
			names = append(names, *p.Prefix)
		}
		for _, o := range page.Contents {
			names = append(names, *o.Key)
		}
		got = append(got, strings.Join(names, " "))
	}
	if diff := cmp.Diff([]string{"a/ c", "d/ e"}, got); diff != "" {
		t.Error(diff)
	}
	list, err := client.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{
		Bucket: &bucket, Prefix: aws.String("a/"), StartAfter: aws.String("a/1"),
	})
	must(t, err)
	if len(list.Contents) != 2 || *list.Contents[0].Key != "a/2" || *list.KeyCount != 2 {
		t.Errorf("got %d keys", len(list.Contents))
	}
}

func TestDeletingManyCountsAbsentKeysAsDeleted(t *testing.T) {
	client, bucket := newBucket(t, config(t))
	deleteTwice(t, client, bucket)
}

func TestADeletionOfWhatIsGoneHasNoEffect(t *testing.T) {
	server := start(t)
	client, bucket := newBucket(t, server.Config())
	mark := server.Calls().End()
	deleteTwice(t, client, bucket)
	deletions := server.Calls().Since(mark).Operation("s3:DeleteObjects")
	if len(deletions) != 2 || len(deletions.Effects()) != 1 {
		t.Errorf("of %d calls %d had an effect; want the first alone", len(deletions), len(deletions.Effects()))
	}
}

// deleteTwice puts a key and deletes it twice together with another that never was.
func deleteTwice(t *testing.T, client *awss3.Client, bucket string) {
	t.Helper()
	put(t, client, bucket, "k", "x")
	in := &awss3.DeleteObjectsInput{Bucket: &bucket,
		Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("k")}, {Key: aws.String("absent")}}}}
	for range 2 {
		out, err := client.DeleteObjects(t.Context(), in)
		must(t, err)
		if len(out.Deleted) != 2 || len(out.Errors) != 0 {
			t.Errorf("got %v and %v", out.Deleted, out.Errors)
		}
	}
}

func TestAVersionedBucketKeepsWhatWasDeleted(t *testing.T) {
	client, bucket := newBucket(t, config(t))
	_, err := client.PutBucketVersioning(t.Context(), &awss3.PutBucketVersioningInput{
		Bucket: &bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	must(t, err)
	first := put(t, client, bucket, "k", "one")
	put(t, client, bucket, "k", "two")
	gone, err := client.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: &bucket, Key: aws.String("k")})
	must(t, err)
	if !aws.ToBool(gone.DeleteMarker) {
		t.Error("the delete made no marker")
	}
	_, err = client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: &bucket, Key: aws.String("k")})
	wantCode(t, err, "NoSuchKey")
	if got := get(t, client, &awss3.GetObjectInput{
		Bucket: &bucket, Key: aws.String("k"), VersionId: first.VersionId,
	}); got != "one" {
		t.Errorf("got %q", got)
	}
	list, err := client.ListObjectVersions(t.Context(), &awss3.ListObjectVersionsInput{Bucket: &bucket})
	must(t, err)
	got := fmt.Sprintf("%d versions, %d markers, newest is the marker: %v", len(list.Versions), len(list.DeleteMarkers),
		*list.DeleteMarkers[0].IsLatest)
	if got != "2 versions, 1 markers, newest is the marker: true" {
		t.Error(got)
	}
	_, err = client.DeleteBucket(t.Context(), &awss3.DeleteBucketInput{Bucket: &bucket})
	wantCode(t, err, "BucketNotEmpty")
}

func TestSettingsOfABucketComeBackAndTheirAbsenceHasACode(t *testing.T) {
	client, bucket := newBucket(t, config(t))
	_, err := client.GetBucketTagging(t.Context(), &awss3.GetBucketTaggingInput{Bucket: &bucket})
	wantCode(t, err, "NoSuchTagSet")
	_, err = client.GetBucketPolicy(t.Context(), &awss3.GetBucketPolicyInput{Bucket: &bucket})
	wantCode(t, err, "NoSuchBucketPolicy")
	_, err = client.GetBucketLifecycleConfiguration(t.Context(), &awss3.GetBucketLifecycleConfigurationInput{
		Bucket: &bucket,
	})
	wantCode(t, err, "NoSuchLifecycleConfiguration")

	_, err = client.PutBucketTagging(t.Context(), &awss3.PutBucketTaggingInput{
		Bucket:  &bucket,
		Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("aloft.dev/owner"), Value: aws.String("c/n/s")}}},
	})
	must(t, err)
	tags, err := client.GetBucketTagging(t.Context(), &awss3.GetBucketTaggingInput{Bucket: &bucket})
	must(t, err)
	if *tags.TagSet[0].Value != "c/n/s" {
		t.Errorf("got %v", tags.TagSet)
	}
	_, err = client.PutBucketLifecycleConfiguration(t.Context(),
		&awss3.PutBucketLifecycleConfigurationInput{Bucket: &bucket,
			LifecycleConfiguration: &types.BucketLifecycleConfiguration{
				Rules: []types.LifecycleRule{{
					ID: aws.String("abort"), Status: types.ExpirationStatusEnabled,
					Filter:                         &types.LifecycleRuleFilter{Prefix: aws.String("")},
					AbortIncompleteMultipartUpload: &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(7)},
				}},
			}})
	must(t, err)
	rules, err := client.GetBucketLifecycleConfiguration(t.Context(), &awss3.GetBucketLifecycleConfigurationInput{
		Bucket: &bucket,
	})
	must(t, err)
	if *rules.Rules[0].AbortIncompleteMultipartUpload.DaysAfterInitiation != 7 {
		t.Errorf("got %v", rules.Rules)
	}
	encryption, err := client.GetBucketEncryption(t.Context(), &awss3.GetBucketEncryptionInput{Bucket: &bucket})
	must(t, err)
	if encryption.ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm !=
		types.ServerSideEncryptionAes256 {
		t.Error("a new bucket is not encrypted")
	}
	block, err := client.GetPublicAccessBlock(t.Context(), &awss3.GetPublicAccessBlockInput{Bucket: &bucket})
	must(t, err)
	if !*block.PublicAccessBlockConfiguration.BlockPublicPolicy {
		t.Error("a new bucket does not block public policies")
	}
	where, err := client.GetBucketLocation(t.Context(), &awss3.GetBucketLocationInput{Bucket: &bucket})
	must(t, err)
	if string(where.LocationConstraint) != client.Options().Region {
		t.Errorf("got %q", where.LocationConstraint)
	}
}

func TestABucketPolicyLetsAServiceInForOneSource(t *testing.T) {
	server := start(t)
	client, bucket := newBucket(t, server.Config())
	put(t, client, bucket, "assets/a.css", "css")
	distribution := "arn:aws:cloudfront::123456789012:distribution/E1"
	policy := `{"Version":"2012-10-17","Statement":{"Effect":"Allow",` +
		`"Principal":{"Service":"cloudfront.amazonaws.com"},"Action":"s3:GetObject",
		"Resource":"arn:aws:s3:::` + bucket + `/assets/*","Condition":{"StringEquals":{"AWS:SourceArn":"` + distribution +
		`"}}}}`
	_, err := client.PutBucketPolicy(t.Context(), &awss3.PutBucketPolicyInput{Bucket: &bucket, Policy: &policy})
	must(t, err)
	public := strings.ReplaceAll(`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",`+
		`"Resource":"arn:aws:s3:::B/*"}]}`, "B", bucket)
	_, err = client.PutBucketPolicy(t.Context(), &awss3.PutBucketPolicyInput{Bucket: &bucket, Policy: &public})
	wantCode(t, err, "AccessDenied")
	for _, row := range []struct{ source, key, want, why string }{
		{distribution, "assets/a.css", "", "the policy allows it"},
		{distribution, "assets/absent", "AccessDenied", "without s3:ListBucket a missing key is not told"},
		{distribution, "config/secret", "AccessDenied", "the policy names assets alone"},
		{distribution + "2", "assets/a.css", "AccessDenied", "another distribution"},
	} {
		cfg := server.ConfigFor(server.Identities().Issue(wire.Principal{AccountID: "123456789012",
			Service: "cloudfront.amazonaws.com", SourceARN: row.source}, 0))
		_, err := awss3.NewFromConfig(cfg).GetObject(t.Context(), &awss3.GetObjectInput{Bucket: &bucket, Key: &row.key})
		if code(err) != row.want {
			t.Errorf("%s: got %v, want %q", row.why, err, row.want)
		}
	}
}
