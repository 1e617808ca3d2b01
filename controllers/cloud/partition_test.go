package cloud_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/aloft-dev/aloft/controllers/cloud"
)

// The SDK knows the partitions: what it says of S3's address ends in the same way.
func TestAddressesEndAsTheSDKHasThem(t *testing.T) {
	for _, region := range []string{
		"eu-central-1", "us-gov-west-1", "cn-north-1", "cn-northwest-1", "eusc-de-east-1", "us-iso-east-1", "us-isob-east-1",
		"us-isof-south-1", "eu-isoe-west-1",
	} {
		endpoint, err := s3.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), s3.EndpointParameters{
			Bucket: aws.String("bucket"), Region: &region, UseFIPS: aws.Bool(false), UseDualStack: aws.Bool(false),
			ForcePathStyle: aws.Bool(false), Accelerate: aws.Bool(false), UseGlobalEndpoint: aws.Bool(false),
			DisableMultiRegionAccessPoints: aws.Bool(false), UseArnRegion: aws.Bool(false),
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := "bucket.s3." + region + "." + cloud.URLSuffix(region); endpoint.URI.Host != want {
			t.Errorf("in %s the SDK goes to %s, not to %s", region, endpoint.URI.Host, want)
		}
	}
}
