package cloudfront

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

const certificate = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"

func withAlias(names ...string) func(*types.DistributionConfig) {
	return func(c *types.DistributionConfig) {
		c.Aliases = &types.Aliases{Quantity: aws.Int32(int32(len(names))), Items: names}
		c.ViewerCertificate = &types.ViewerCertificate{
			ACMCertificateArn: aws.String(certificate), SSLSupportMethod: types.SSLSupportMethodSniOnly,
			MinimumProtocolVersion: "TLSv1.2_2021",
		}
	}
}

// exported compares what the API shows.
var exported = cmp.FilterPath(func(p cmp.Path) bool {
	field, ok := p.Last().(cmp.StructField)
	return ok && field.Name() == "noSmithyDocumentSerde"
}, cmp.Ignore())

func TestADistributionIsInProgressUntilItsDelayIsOver(t *testing.T) {
	l := start(t, Options{DeployDelay: 3 * time.Minute})
	d := l.distribute(t, nil)
	if *d.Status != "InProgress" || *d.ARN != "arn:aws:cloudfront::123456789012:distribution/"+*d.Id {
		t.Errorf("created as %s %s", *d.Status, *d.ARN)
	}
	l.clock.Advance(3 * time.Minute)
	out, err := l.GetDistribution(t.Context(), &sdk.GetDistributionInput{Id: d.Id})
	must(t, err)
	if *out.Distribution.Status != "Deployed" {
		t.Errorf("after the delay: %s", *out.Distribution.Status)
	}
}

func TestAConfigurationThatIsReadAndSentBackStaysAsItIs(t *testing.T) {
	l := start(t, Options{})
	d := l.distribute(t, withAlias("app.example.com"))
	before, err := l.GetDistributionConfig(t.Context(), &sdk.GetDistributionConfigInput{Id: d.Id})
	must(t, err)
	updated, err := l.UpdateDistribution(t.Context(), &sdk.UpdateDistributionInput{
		Id: d.Id, IfMatch: before.ETag, DistributionConfig: before.DistributionConfig,
	})
	must(t, err)
	after, err := l.GetDistributionConfig(t.Context(), &sdk.GetDistributionConfigInput{Id: d.Id})
	must(t, err)
	if diff := cmp.Diff(before.DistributionConfig, after.DistributionConfig, exported); diff != "" {
		t.Error(diff)
	}
	if *updated.ETag == *before.ETag {
		t.Error("an update makes a new version")
	}
}

func TestAnUpdateNeedsTheVersionThatWasRead(t *testing.T) {
	l := start(t, Options{})
	d := l.distribute(t, nil)
	read, err := l.GetDistributionConfig(t.Context(), &sdk.GetDistributionConfigInput{Id: d.Id})
	must(t, err)
	update := &sdk.UpdateDistributionInput{Id: d.Id, DistributionConfig: read.DistributionConfig}
	_, err = l.UpdateDistribution(t.Context(), update)
	expectCode(t, err, "InvalidIfMatchVersion")
	update.IfMatch = aws.String("EOTHER")
	_, err = l.UpdateDistribution(t.Context(), update)
	expectCode(t, err, "PreconditionFailed")
	update.IfMatch = read.ETag
	update.DistributionConfig.CallerReference = aws.String("other")
	_, err = l.UpdateDistribution(t.Context(), update)
	expectCode(t, err, "IllegalUpdate")
}

func TestADistributionIsDeletedOnlyWhenItsDisablingIsDeployed(t *testing.T) {
	l := start(t, Options{DeployDelay: time.Minute})
	d := l.distribute(t, nil)
	l.clock.Advance(time.Minute)
	read, err := l.GetDistributionConfig(t.Context(), &sdk.GetDistributionConfigInput{Id: d.Id})
	must(t, err)
	_, err = l.DeleteDistribution(t.Context(), &sdk.DeleteDistributionInput{Id: d.Id, IfMatch: read.ETag})
	expectCode(t, err, "DistributionNotDisabled")
	read.DistributionConfig.Enabled = aws.Bool(false)
	off, err := l.UpdateDistribution(t.Context(), &sdk.UpdateDistributionInput{
		Id: d.Id, IfMatch: read.ETag, DistributionConfig: read.DistributionConfig,
	})
	must(t, err)
	remove := &sdk.DeleteDistributionInput{Id: d.Id, IfMatch: off.ETag}
	_, err = l.DeleteDistribution(t.Context(), remove)
	expectCode(t, err, "DistributionNotDisabled")
	l.clock.Advance(time.Minute)
	_, err = l.DeleteDistribution(t.Context(), remove)
	must(t, err)
	_, err = l.GetDistribution(t.Context(), &sdk.GetDistributionInput{Id: d.Id})
	expectCode(t, err, "NoSuchDistribution")
}

func TestACallerReferenceMakesOneDistribution(t *testing.T) {
	l := start(t, Options{})
	d := l.distribute(t, nil)
	_, err := l.CreateDistribution(t.Context(), &sdk.CreateDistributionInput{DistributionConfig: configuration("ref", "")})
	expectCode(t, err, "DistributionAlreadyExists")
	list, err := l.ListDistributions(t.Context(), &sdk.ListDistributionsInput{})
	must(t, err)
	if items := list.DistributionList.Items; len(items) != 1 || *items[0].Id != *d.Id ||
		*items[0].DomainName != *d.DomainName {
		t.Errorf("listed %d distributions", len(items))
	}
}

func TestConfigurationsThatAWSRefusesAreRefused(t *testing.T) {
	l := start(t, Options{})
	for _, row := range []struct {
		change func(*types.DistributionConfig)
		code   string
		why    string
	}{
		{func(c *types.DistributionConfig) { c.DefaultCacheBehavior.TargetOriginId = aws.String("missing") }, "NoSuchOrigin",
			"the target exists"},
		{func(c *types.DistributionConfig) { c.DefaultCacheBehavior.CachePolicyId = aws.String("missing") },
			"NoSuchCachePolicy", "the policy exists"},
		{func(c *types.DistributionConfig) {
			c.DefaultCacheBehavior.OriginRequestPolicyId = aws.String("missing")
		}, "NoSuchOriginRequestPolicy", "the policy exists"},
		{func(c *types.DistributionConfig) { c.Origins.Quantity = aws.Int32(3) }, "InconsistentQuantities",
			"quantities count"},
		{func(c *types.DistributionConfig) { c.Origins.Items[1].Id = aws.String("assets") }, "InvalidArgument",
			"origin ids are unique"},
		{func(c *types.DistributionConfig) { c.Origins.Items[1].DomainName = aws.String("https://example.com") },
			"InvalidArgument", "an origin is a name"},
		{func(c *types.DistributionConfig) { c.Origins.Items[1].CustomOriginConfig = nil }, "InvalidArgument",
			"an origin has one kind"},
		{func(c *types.DistributionConfig) { c.Origins.Items[0].OriginAccessControlId = aws.String("EMISSING") },
			"InvalidOriginAccessControl", "the control exists"},
		{func(c *types.DistributionConfig) {
			c.DefaultCacheBehavior.AllowedMethods = &types.AllowedMethods{Quantity: aws.Int32(1), Items: []types.Method{"POST"}}
		}, "InvalidArgument", "one of three sets of methods"},
		{func(c *types.DistributionConfig) { c.DefaultCacheBehavior.ViewerProtocolPolicy = "http-only" }, "MalformedXML",
			"no such viewer policy"},
		{func(c *types.DistributionConfig) { c.HttpVersion = "BOGUS" }, "MalformedXML", "no such version of HTTP"},
		{func(c *types.DistributionConfig) {
			c.Origins.Items[1].CustomOriginConfig.OriginSslProtocols = &types.OriginSslProtocols{
				Quantity: aws.Int32(1), Items: []types.SslProtocol{"TLSv9"}}
		}, "MalformedXML", "no such protocol of TLS"},
		{func(c *types.DistributionConfig) {
			c.Origins.Items[1].CustomOriginConfig.OriginSslProtocols = &types.OriginSslProtocols{
				Quantity: aws.Int32(2), Items: []types.SslProtocol{"TLSv1.2"}}
		}, "InconsistentQuantities", "every list says how long it is"},
		{func(c *types.DistributionConfig) { c.DefaultRootObject = aws.String("/index.html") }, "InvalidDefaultRootObject",
			"no leading slash"},
		{func(c *types.DistributionConfig) {
			c.Aliases = &types.Aliases{Quantity: aws.Int32(1), Items: []string{"app.example.com"}}
		}, "InvalidViewerCertificate", "an alias needs a certificate"},
		{func(c *types.DistributionConfig) {
			withAlias("app.example.com")(c)
			c.ViewerCertificate.ACMCertificateArn = aws.String("arn:aws:acm:eu-central-1:123456789012:certificate/x")
		}, "InvalidViewerCertificate", "certificates live in us-east-1"},
		{func(c *types.DistributionConfig) { c.WebACLId = aws.String("x"); c.AnycastIpListId = aws.String("x") },
			"InvalidArgument", "what is not here is refused, not ignored"},
	} {
		config := configuration("refused", "")
		row.change(config)
		_, err := l.CreateDistribution(t.Context(), &sdk.CreateDistributionInput{DistributionConfig: config})
		var coded smithy.APIError
		if !errors.As(err, &coded) || coded.ErrorCode() != row.code {
			t.Errorf("%v, want %s: %s", err, row.code, row.why)
		}
	}
}

func TestAnAliasBelongsToOneDistribution(t *testing.T) {
	l := start(t, Options{})
	l.distribute(t, withAlias("app.example.com"))
	second := configuration("second", "")
	withAlias("other.example.com", "app.example.com")(second)
	_, err := l.CreateDistribution(t.Context(), &sdk.CreateDistributionInput{DistributionConfig: second})
	expectCode(t, err, "CNAMEAlreadyExists")
}

func TestAnOriginAccessControlIsNamedOnceAndKeptWhileInUse(t *testing.T) {
	l := start(t, Options{})
	d := l.distribute(t, nil)
	id := d.DistributionConfig.Origins.Items[0].OriginAccessControlId
	_, err := l.CreateOriginAccessControl(t.Context(), &sdk.CreateOriginAccessControlInput{
		OriginAccessControlConfig: controlConfig("oac"),
	})
	expectCode(t, err, "OriginAccessControlAlreadyExists")
	got, err := l.GetOriginAccessControl(t.Context(), &sdk.GetOriginAccessControlInput{Id: id})
	must(t, err)
	_, err = l.DeleteOriginAccessControl(t.Context(), &sdk.DeleteOriginAccessControlInput{Id: id, IfMatch: got.ETag})
	expectCode(t, err, "OriginAccessControlInUse")

	free := aws.String(l.control(t, "free"))
	read, err := l.GetOriginAccessControlConfig(t.Context(), &sdk.GetOriginAccessControlConfigInput{Id: free})
	must(t, err)
	read.OriginAccessControlConfig.Description = aws.String("changed")
	changed, err := l.UpdateOriginAccessControl(t.Context(), &sdk.UpdateOriginAccessControlInput{
		Id: free, IfMatch: read.ETag, OriginAccessControlConfig: read.OriginAccessControlConfig,
	})
	must(t, err)
	_, err = l.DeleteOriginAccessControl(t.Context(), &sdk.DeleteOriginAccessControlInput{Id: free, IfMatch: read.ETag})
	expectCode(t, err, "PreconditionFailed")
	list, err := l.ListOriginAccessControls(t.Context(), &sdk.ListOriginAccessControlsInput{})
	must(t, err)
	if *list.OriginAccessControlList.Quantity != 2 {
		t.Errorf("listed %d", *list.OriginAccessControlList.Quantity)
	}
	_, err = l.DeleteOriginAccessControl(t.Context(), &sdk.DeleteOriginAccessControlInput{Id: free, IfMatch: changed.ETag})
	must(t, err)
	_, err = l.GetOriginAccessControl(t.Context(), &sdk.GetOriginAccessControlInput{Id: free})
	expectCode(t, err, "NoSuchOriginAccessControl")
}

func TestTagsComeWithTheDistributionAndLater(t *testing.T) {
	l := start(t, Options{})
	out, err := l.CreateDistributionWithTags(t.Context(),
		&sdk.CreateDistributionWithTagsInput{DistributionConfigWithTags: &types.DistributionConfigWithTags{
			DistributionConfig: configuration("tagged", ""),
			Tags:               &types.Tags{Items: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}},
		}})
	must(t, err)
	_, err = l.TagResource(t.Context(), &sdk.TagResourceInput{Resource: out.Distribution.ARN, Tags: &types.Tags{
		Items: []types.Tag{{Key: aws.String("b"), Value: aws.String("2")}},
	}})
	must(t, err)
	_, err = l.UntagResource(t.Context(), &sdk.UntagResourceInput{
		Resource: out.Distribution.ARN, TagKeys: &types.TagKeys{Items: []string{"a"}},
	})
	must(t, err)
	tags, err := l.ListTagsForResource(t.Context(), &sdk.ListTagsForResourceInput{Resource: out.Distribution.ARN})
	must(t, err)
	if items := tags.Tags.Items; len(items) != 1 || *items[0].Key != "b" || *items[0].Value != "2" {
		t.Errorf("tags %v", items)
	}
	_, err = l.ListTagsForResource(t.Context(), &sdk.ListTagsForResourceInput{
		Resource: aws.String("arn:aws:cloudfront::123456789012:distribution/EMISSING"),
	})
	expectCode(t, err, "NoSuchResource")
}

func TestDelaysComeFromTheSettings(t *testing.T) {
	env := start(t, Options{}).env
	for _, row := range []struct {
		settings map[string]string
		taken    bool
		why      string
	}{
		{map[string]string{"cloudfront.deploy": "3m", "lambda.idle": "1m"}, true, "others' settings do not matter"},
		{map[string]string{"cloudfront.deploy": "long"}, false, "a delay is a duration"},
		{map[string]string{"cloudfront.delay": "3m"}, false, "a setting that does not exist is a mistake"},
	} {
		env.Settings = row.settings
		if _, err := New(env); (err == nil) != row.taken {
			t.Errorf("%v: %v, %s", row.settings, err, row.why)
		}
	}
}
