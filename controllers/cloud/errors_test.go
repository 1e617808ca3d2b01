package cloud_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/smithy-go"

	"github.com/aloft-dev/aloft/controllers/cloud"
)

// answer is an error as the SDK hands it on.
func answer(code, message string) error {
	return fmt.Errorf("operation error: %w", &smithy.GenericAPIError{Code: code, Message: message})
}

func TestWhatAWSAnswersIsToldApart(t *testing.T) {
	classes := map[string]func(error) bool{
		"not found": cloud.IsNotFound, "precondition": cloud.IsPreconditionFailed, "conflict": cloud.IsConflict,
		"exists":   cloud.IsAlreadyExists,
		"throttle": cloud.IsThrottle, "denied": cloud.IsDenied, "expired": cloud.IsExpired,
	}
	for _, row := range []struct {
		why  string
		err  error
		want string
	}{
		{"Lambda knows no such function", answer("ResourceNotFoundException", ""), "not found"},
		{"S3 answers HEAD without a body", answer("NotFound", ""), "not found"},
		{"CloudFormation has no code of its own for that", answer("ValidationError", "Stack with id x does not exist"),
			"not found"},
		{"a refusal is never taken for absence", answer("AccessDenied", "does not exist for you"), "denied"},
		{"someone else wrote first", answer("PreconditionFailedException", ""), "precondition"},
		{"the claim is there", answer("PreconditionFailed", ""), "precondition"},
		{"another operation runs",
			answer("ValidationError", "Stack:x is in UPDATE_IN_PROGRESS state and can not be updated."), "conflict"},
		{"the function is being updated", answer("ResourceConflictException", ""), "conflict"},
		{"the token was seen before", answer("TokenAlreadyExistsException", ""), "exists"},
		{"too many calls", answer("TooManyRequestsException", ""), "throttle"},
		{"the session is over", answer("ExpiredTokenException", ""), "expired"},
		{"AWS has a fault", answer("InternalFailure", ""), ""},
		{"nothing was answered", errors.New("connection reset"), ""},
		{"nothing is wrong", nil, ""},
	} {
		t.Run(row.why, func(t *testing.T) {
			for class, is := range classes {
				if got := is(row.err); got != (class == row.want) {
					t.Errorf("%s: %t", class, got)
				}
			}
		})
	}
}
