// Package awsapi is the runtime's way to AWS: clients with the function role's own credentials, and errors that say
// what to do about them.
//
// It encodes what Lambda gives a function (AWS Lambda Developer Guide, configuration-envvars): region, credentials and
// possibly another endpoint, all by environment variables. The SDK's configuration loader is left out, for it looks in
// places that a function does not have.
package awsapi

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// dialTimeout is short, so that a function in a VPC without a way to AWS says so instead of waiting its init phase out.
const dialTimeout = 2 * time.Second

// attempts is how often the SDK sends a request; callers that need more persistence loop themselves.
const attempts = 3

// maxBackoff is the longest pause between them; a command's result may have one second left to be stored.
const maxBackoff = 200 * time.Millisecond

// Config is the SDK configuration of the function, from its environment variables.
func Config(getenv func(string) string) aws.Config {
	credentials := aws.Credentials{
		AccessKeyID: getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken: getenv("AWS_SESSION_TOKEN"), Source: "Lambda",
	}
	config := aws.Config{
		Region: getenv("AWS_REGION"),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return credentials, nil
		}),
		HTTPClient: awshttp.NewBuildableClient().
			WithDialerOptions(func(d *net.Dialer) { d.Timeout = dialTimeout }).
			WithTransportOptions(func(t *http.Transport) { t.TLSHandshakeTimeout = dialTimeout }),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts, o.MaxBackoff = attempts, maxBackoff
			})
		},
	}
	if endpoint := getenv("AWS_ENDPOINT_URL"); endpoint != "" {
		config.BaseEndpoint = &endpoint
	}
	return config
}

// S3 returns a client; at an endpoint of its own, buckets are in the path, for no name leads to them.
func S3(config aws.Config) *s3.Client {
	return s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = config.BaseEndpoint != nil })
}

// KMS returns a client.
func KMS(config aws.Config) *kms.Client { return kms.NewFromConfig(config) }

// SQS returns a client.
func SQS(config aws.Config) *sqs.Client { return sqs.NewFromConfig(config) }

// Lambda returns a client that sends each request once: an invocation that is sent again would run again.
func Lambda(config aws.Config) *lambda.Client {
	return lambda.NewFromConfig(config, func(o *lambda.Options) { o.Retryer = aws.NopRetryer{} })
}
