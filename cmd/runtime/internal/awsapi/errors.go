package awsapi

import (
	"context"
	"errors"
	"net"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Code is the error code that AWS answered with, or "" when there was no answer.
func Code(err error) string {
	if answered, ok := errors.AsType[smithy.APIError](err); ok {
		return answered.ErrorCode()
	}
	return ""
}

// Status is the HTTP status that AWS answered with, or 0.
func Status(err error) int {
	if answered, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return answered.HTTPStatusCode()
	}
	return 0
}

// Unreachable says that no answer came: no route, no name, no connection, or none in time.
func Unreachable(err error) bool {
	if Code(err) != "" || Status(err) != 0 {
		return false
	}
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded)
}

// Remedy is what to do about a function that cannot reach AWS.
const Remedy = "a function in a VPC reaches AWS only through its subnets: give them a gateway endpoint for S3 and an " +
	"interface endpoint for KMS (VPC endpoints com.amazonaws.<region>.s3 and com.amazonaws.<region>.kms), or a NAT " +
	"gateway, and let the security group send to port 443"
