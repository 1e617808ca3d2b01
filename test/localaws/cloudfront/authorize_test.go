package cloudfront

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func TestPoliciesAreAskedAboutTheResourceOfThePath(t *testing.T) {
	l := start(t, Options{})
	var asked []string
	l.env.Gateway.Authorize = func(_ *wire.Call, action, resource string) error {
		asked = append(asked, action+" "+resource)
		return nil
	}
	out, err := l.CreateDistributionWithTags(t.Context(),
		&sdk.CreateDistributionWithTagsInput{DistributionConfigWithTags: &types.DistributionConfigWithTags{
			DistributionConfig: configuration("x", ""), Tags: &types.Tags{},
		}})
	must(t, err)
	d := out.Distribution
	_, _ = l.GetDistributionConfig(t.Context(), &sdk.GetDistributionConfigInput{Id: d.Id})
	_, _ = l.ListTagsForResource(t.Context(), &sdk.ListTagsForResourceInput{Resource: d.ARN})
	_, _ = l.GetOriginAccessControl(t.Context(), &sdk.GetOriginAccessControlInput{Id: aws.String("EX")})
	const arn = "arn:aws:cloudfront::123456789012:"
	want := []string{
		"cloudfront:CreateDistribution " + arn + "distribution/*", "cloudfront:TagResource " + arn + "distribution/*",
		"cloudfront:GetDistributionConfig " + *d.ARN, "cloudfront:ListTagsForResource " + *d.ARN,
		"cloudfront:GetOriginAccessControl " + arn + "origin-access-control/EX",
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
}
