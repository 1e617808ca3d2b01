package resource

import (
	"errors"
	"fmt"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// Code is a handler error code of the resource provider contract.
type Code string

// The handler error codes that occur here.
const (
	NotFound        Code = "NotFound"
	AlreadyExists   Code = "AlreadyExists"
	AccessDenied    Code = "AccessDenied"
	InvalidRequest  Code = "InvalidRequest"
	Conflict        Code = "ResourceConflict"
	Throttling      Code = "Throttling"
	LimitExceeded   Code = "ServiceLimitExceeded"
	NotStabilized   Code = "NotStabilized"
	InternalError   Code = "ServiceInternalError"
	GeneralFailure  Code = "GeneralServiceException"
	InvalidIdentity Code = "InvalidCredentials"
)

// Error is a failure that a handler itself finds.
type Error struct {
	Code    Code
	Message string
}

func (e *Error) Error() string { return e.Message }

// Fail makes a handler's own failure.
func Fail(code Code, format string, arguments ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, arguments...)}
}

// Exists is the failure of creating something whose name is taken, as the resource provider framework words it.
func Exists(typeName, identifier string) error {
	return Fail(AlreadyExists, "Resource of type '%s' with identifier '%s' already exists.", typeName, identifier)
}

// CodeOf classifies an error of a handler.
func CodeOf(err error) Code {
	if own, ok := errors.AsType[*Error](err); ok {
		return own.Code
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return GeneralFailure
	}
	if strings.Contains(api.ErrorMessage(), "already exist") {
		// Lambda says ResourceConflictException both for this and for an update in progress.
		return AlreadyExists
	}
	return classify(api.ErrorCode(), status(err))
}

// classified lists what the services' codes mean, by a part of the code; the first match counts.
var classified = []struct {
	part string
	code Code
}{
	{"QueueDeletedRecently", GeneralFailure},
	{"NotEmpty", GeneralFailure},
	{"NotFound", NotFound},
	{"NoSuch", NotFound},
	{"NonExistentQueue", NotFound},
	{"QueueDoesNotExist", NotFound},
	{"AlreadyExists", AlreadyExists},
	{"AlreadyOwnedByYou", AlreadyExists},
	{"EntityAlreadyExists", AlreadyExists},
	{"QueueNameExists", AlreadyExists},
	{"AccessDenied", AccessDenied},
	{"Unauthorized", AccessDenied},
	{"ExpiredToken", InvalidIdentity},
	{"InvalidClientTokenId", InvalidIdentity},
	{"Throttl", Throttling},
	{"TooManyRequests", Throttling},
	{"LimitExceeded", LimitExceeded},
	{"QuotaExceeded", LimitExceeded},
	{"Conflict", Conflict},
	{"InUse", Conflict},
}

func classify(code string, status int) Code {
	for _, c := range classified {
		if strings.Contains(code, c.part) {
			return c.code
		}
	}
	switch {
	case status >= 500:
		return InternalError
	case status == 404:
		return NotFound
	case status == 403:
		return AccessDenied
	}
	return InvalidRequest
}

func status(err error) int {
	if response, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return response.HTTPStatusCode()
	}
	return 0
}

// Reason is the text of a resource's failed event. The token identifies the handler's call.
func Reason(err error, token string) string {
	return fmt.Sprintf("Resource handler returned message: %q (RequestToken: %s, HandlerErrorCode: %s)", message(err),
		token, CodeOf(err))
}

func message(err error) string {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return err.Error()
	}
	service := "unknown"
	if operation, ok := errors.AsType[*smithy.OperationError](err); ok {
		service = operation.ServiceID
	}
	requestID := ""
	if response, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		requestID = response.ServiceRequestID()
	}
	text := api.ErrorMessage()
	if text == "" {
		text = api.ErrorCode()
	}
	return fmt.Sprintf("%s (Service: %s, Status Code: %d, Request ID: %s)", text, service, status(err), requestID)
}

// Invalid is the failure of properties that do not conform to the schema.
func Invalid(logicalID string, problems []string) error {
	return &invalidProperties{logicalID, problems}
}

type invalidProperties struct {
	logicalID string
	problems  []string
}

func (e *invalidProperties) Error() string {
	return fmt.Sprintf("Properties validation failed for resource %s with message:\n%s", e.logicalID,
		strings.Join(e.problems, "\n"))
}

// IsInvalid says whether the error is Invalid's.
func IsInvalid(err error) bool {
	var invalid *invalidProperties
	return errors.As(err, &invalid)
}
