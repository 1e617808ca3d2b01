package s3_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestACopyOntoItselfChangesSomething(t *testing.T) {
	client, bucket := newBucket(t, config(t))
	put(t, client, bucket, "a", "content")
	for why, row := range map[string]struct {
		change func(*awss3.CopyObjectInput)
		code   string
	}{
		"nothing":         {func(*awss3.CopyObjectInput) {}, "InvalidRequest"},
		"another key":     {func(in *awss3.CopyObjectInput) { in.Key = aws.String("b") }, ""},
		"its storage":     {func(in *awss3.CopyObjectInput) { in.StorageClass = types.StorageClassStandardIa }, ""},
		"its description": {func(in *awss3.CopyObjectInput) { in.MetadataDirective = types.MetadataDirectiveReplace }, ""},
		"its encryption":  {func(in *awss3.CopyObjectInput) { in.ServerSideEncryption = types.ServerSideEncryptionAes256 }, ""},
	} {
		in := &awss3.CopyObjectInput{Bucket: &bucket, Key: aws.String("a"), CopySource: aws.String(bucket + "/a")}
		row.change(in)
		out, err := client.CopyObject(t.Context(), in)
		if code(err) != row.code {
			t.Errorf("%s: %v, want %q", why, err, row.code)
		}
		if err == nil && out.CopyObjectResult.ChecksumType == "" {
			t.Errorf("%s: the answer has no checksum: %+v", why, out.CopyObjectResult)
		}
	}
}

func TestRulesOfALifecycleAreChecked(t *testing.T) {
	client, bucket := newBucket(t, config(t))
	everything := &types.LifecycleRuleFilter{Prefix: aws.String("")}
	rule := func(id string) types.LifecycleRule {
		return types.LifecycleRule{ID: &id, Status: "Enabled", Filter: everything,
			Expiration: &types.LifecycleExpiration{Days: aws.Int32(1)}}
	}
	after := func(days int32) types.LifecycleRule {
		return types.LifecycleRule{Status: "Enabled", Filter: everything,
			AbortIncompleteMultipartUpload: &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: &days}}
	}
	for why, row := range map[string]struct {
		rules []types.LifecycleRule
		code  string
	}{
		"two rules":            {[]types.LifecycleRule{rule("one"), rule("two")}, ""},
		"a rule twice":         {[]types.LifecycleRule{rule("one"), rule("one")}, "InvalidArgument"},
		"a long name":          {[]types.LifecycleRule{rule(strings.Repeat("x", 256))}, "InvalidArgument"},
		"an end before a day":  {[]types.LifecycleRule{after(-1)}, "InvalidArgument"},
		"an end after a day":   {[]types.LifecycleRule{after(1)}, ""},
		"nothing that is done": {[]types.LifecycleRule{{Status: "Enabled", Filter: everything}}, "InvalidRequest"},
	} {
		_, err := client.PutBucketLifecycleConfiguration(t.Context(), &awss3.PutBucketLifecycleConfigurationInput{
			Bucket: &bucket, LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: row.rules}})
		if code(err) != row.code {
			t.Errorf("%s: %v, want %q", why, err, row.code)
		}
	}
}

func TestNamesThatABucketMustNotHave(t *testing.T) {
	cfg := config(t)
	client := awss3.NewFromConfig(cfg)
	for _, name := range []string{"192.168.1.1", "xn--bucket", "sthree-bucket", "bucket-s3alias", "bucket--ol-s3",
		"a..b"} {
		_, err := client.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: &name,
			CreateBucketConfiguration: within(cfg.Region)})
		if code(err) != "InvalidBucketName" {
			t.Errorf("%s: %v, want InvalidBucketName", name, err)
		}
	}
}

func TestWhatS3RefusesOfRequests(t *testing.T) {
	client, bucket := newBucket(t, config(t))
	put(t, client, bucket, "a", "content")
	tags := func(keys ...string) error {
		set := []types.Tag{}
		for _, key := range keys {
			set = append(set, types.Tag{Key: &key, Value: aws.String("v")})
		}
		_, err := client.PutBucketTagging(t.Context(), &awss3.PutBucketTaggingInput{Bucket: &bucket,
			Tagging: &types.Tagging{TagSet: set}})
		return err
	}
	_, list := client.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: &bucket,
		ContinuationToken: aws.String("nonsense")})
	_, nameless := client.DeleteObjects(t.Context(), &awss3.DeleteObjectsInput{Bucket: &bucket,
		Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("")}}}})
	_, owner := client.HeadBucket(t.Context(), &awss3.HeadBucketInput{Bucket: &bucket})
	_, stranger := client.GetBucketTagging(t.Context(), &awss3.GetBucketTaggingInput{Bucket: &bucket,
		ExpectedBucketOwner: aws.String("9")})
	_, sum := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: &bucket, Key: aws.String("b"),
		Body: strings.NewReader("content"), ChecksumSHA256: aws.String("short")})
	_, public := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: &bucket, Key: aws.String("b"),
		Body: strings.NewReader("content"), ACL: types.ObjectCannedACLPublicRead})
	_, stale := client.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: &bucket, Key: aws.String("a"),
		IfMatch: aws.String("another")})
	_, absent := client.GetBucketCors(t.Context(), &awss3.GetBucketCorsInput{Bucket: &bucket})
	for why, row := range map[string]struct {
		err  error
		code string
	}{
		"a token that is none":               {list, "InvalidArgument"},
		"a deletion of nothing":              {nameless, "MalformedXML"},
		"an owner who may be anybody":        {owner, ""},
		"an owner that is no account":        {stranger, "InvalidBucketOwnerAWSAccountID"},
		"a checksum that is none":            {sum, "InvalidRequest"},
		"a list where the owner is enforced": {public, "AccessControlListNotSupported"},
		"a deletion of something else":       {stale, "PreconditionFailed"},
		"a tag twice":                        {tags("k", "k"), "InvalidTag"},
		"a tag of AWS":                       {tags("aws:x"), "InvalidTag"},
		"rules that were never put":          {absent, "NoSuchCORSConfiguration"},
	} {
		if code(row.err) != row.code {
			t.Errorf("%s: %v, want %q", why, row.err, row.code)
		}
	}
}

func TestListsOfAccessFollowTheBucket(t *testing.T) {
	client, bucket := newBucket(t, config(t))
	public := func() error {
		_, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: &bucket, Key: aws.String("b"),
			Body: strings.NewReader("content"), ACL: types.ObjectCannedACLPublicRead})
		return err
	}
	wantCode(t, public(), "AccessControlListNotSupported")
	_, err := client.PutBucketOwnershipControls(t.Context(), &awss3.PutBucketOwnershipControlsInput{Bucket: &bucket,
		OwnershipControls: &types.OwnershipControls{Rules: []types.OwnershipControlsRule{
			{ObjectOwnership: types.ObjectOwnershipObjectWriter}}}})
	must(t, err)
	wantCode(t, public(), "AccessDenied")
	_, err = client.DeletePublicAccessBlock(t.Context(), &awss3.DeletePublicAccessBlockInput{Bucket: &bucket})
	must(t, err)
	must(t, public())
}
