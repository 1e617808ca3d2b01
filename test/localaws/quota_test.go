package localaws_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func TestACallBeyondAQuotaIsAnsweredAsItsServiceDoes(t *testing.T) {
	for service, row := range map[string]struct {
		call   func(context.Context, aws.Config) error
		code   string
		status int
	}{
		"kms": {func(ctx context.Context, cfg aws.Config) error {
			_, err := kms.NewFromConfig(cfg).ListAliases(ctx, &kms.ListAliasesInput{})
			return err
		}, "ThrottlingException", http.StatusBadRequest},
		"lambda": {func(ctx context.Context, cfg aws.Config) error {
			_, err := lambda.NewFromConfig(cfg).GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("f")})
			return err
		}, "TooManyRequestsException", http.StatusTooManyRequests},
		"cloudformation": {func(ctx context.Context, cfg aws.Config) error {
			_, err := cloudformation.NewFromConfig(cfg).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{})
			return err
		}, "Throttling", http.StatusBadRequest},
		"cloudfront": {func(ctx context.Context, cfg aws.Config) error {
			_, err := cloudfront.NewFromConfig(cfg).GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: aws.String("E1")})
			return err
		}, "Throttling", http.StatusBadRequest},
		"s3": {func(ctx context.Context, cfg aws.Config) error {
			_, err := s3.NewFromConfig(cfg).ListBuckets(ctx, &s3.ListBucketsInput{})
			return err
		}, "SlowDown", http.StatusServiceUnavailable},
	} {
		t.Run(service, func(t *testing.T) {
			server := start(t, localaws.Options{})
			server.Quotas().Set(wire.Quota{Covers: func(call *wire.Call) bool { return call.Service == service }})
			err := row.call(t.Context(), once(server.Config()))
			answered, _ := errors.AsType[smithy.APIError](err)
			response, _ := errors.AsType[*awshttp.ResponseError](err)
			if answered == nil || response == nil || answered.ErrorCode() != row.code ||
				response.HTTPStatusCode() != row.status {
				t.Errorf("got %v", err)
			}
			if calls := server.Calls(); calls[len(calls)-1].Code != row.code || calls[len(calls)-1].Effect {
				t.Errorf("logged as %+v", calls[len(calls)-1])
			}
			server.Quotas().Set()
			err = row.call(t.Context(), once(server.Config()))
			if answered, _ := errors.AsType[smithy.APIError](err); answered != nil && answered.ErrorCode() == row.code {
				t.Errorf("without quotas it is throttled: %v", err)
			}
		})
	}
}

func TestAFamilyOfCallsSharesABucketThatFillsWithTime(t *testing.T) {
	clock := wire.NewManualClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	server := start(t, localaws.Options{Clock: clock})
	server.Quotas().Set(wire.LambdaQuotas(2, nil)...)
	client := lambda.NewFromConfig(once(server.Config()))
	reads := func() error {
		_, err := client.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("f")})
		return err
	}
	works := func() error {
		_, err := client.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("f")})
		return err
	}
	lists := func() error {
		_, err := client.ListVersionsByFunction(t.Context(),
			&lambda.ListVersionsByFunctionInput{FunctionName: aws.String("f")})
		return err
	}
	for i, row := range []struct {
		call      func() error
		after     time.Duration
		throttled bool
	}{
		{works, 0, false}, {lists, 0, false}, {works, 0, true}, {reads, 0, false},
		{lists, 400 * time.Millisecond, true}, {lists, 100 * time.Millisecond, false}, {works, 0, true},
	} {
		clock.Advance(row.after)
		answered, _ := errors.AsType[smithy.APIError](row.call())
		if got := answered.ErrorCode() == "TooManyRequestsException"; got != row.throttled {
			t.Errorf("call %d is throttled: %t (%v)", i, got, answered)
		}
	}
}

func TestCallsThatDoNotCountAreNotThrottled(t *testing.T) {
	server := start(t, localaws.Options{})
	server.Quotas().Set(wire.LambdaQuotas(1, func(call *wire.Call) bool { return call.Principal.Root })...)
	client := lambda.NewFromConfig(once(server.Config()))
	for range 5 {
		_, err := client.ListFunctions(t.Context(), &lambda.ListFunctionsInput{})
		if answered, _ := errors.AsType[smithy.APIError](err); answered != nil &&
			answered.ErrorCode() == "TooManyRequestsException" {
			t.Fatal(err)
		}
	}
}
