package cloud

import (
	"errors"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
)

// Code gives AWS's error code; empty for an error that AWS did not answer.
func Code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// Message gives AWS's error message, or the error's own text.
func Message(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorMessage()
	}
	return err.Error()
}

func is(err error, codes ...string) bool { return slices.Contains(codes, Code(err)) }

// IsNotFound says that what was asked for does not exist. CloudFormation has no code of its own for that: it answers a
// ValidationError that says "does not exist". A refusal is never taken for absence.
func IsNotFound(err error) bool {
	if is(err, "ResourceNotFoundException", "ChangeSetNotFound", "ChangeSetNotFoundException", "ImageNotFoundException",
		"RepositoryNotFoundException", "NotFound", "NoSuchKey", "NoSuchBucket", "NotFoundException",
		"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "NoSuchTagSet") {
		return true
	}
	return Code(err) == "ValidationError" && strings.Contains(Message(err), "does not exist")
}

// IsPreconditionFailed says that a condition of the request did not hold: an object exists, or
// someone else wrote first.
func IsPreconditionFailed(err error) bool {
	return is(err, "PreconditionFailed", "PreconditionFailedException", "ConditionalRequestConflict")
}

// IsConflict says that another operation is under way and the call may be made again later.
func IsConflict(err error) bool {
	if is(err, "ResourceConflictException", "ResourceInUseException", "OperationAborted", "OperationInProgressException") {
		return true
	}
	return Code(err) == "ValidationError" && strings.Contains(Message(err), "_IN_PROGRESS")
}

// IsAlreadyExists says that what was to be made is there.
func IsAlreadyExists(err error) bool {
	return is(err, "AlreadyExistsException", "ResourceAlreadyExistsException", "TokenAlreadyExistsException")
}

// IsThrottle says that AWS asks for fewer calls.
func IsThrottle(err error) bool {
	return is(err, "Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown",
		"RequestThrottled")
}

// IsDenied says that the credentials are not allowed to do this.
func IsDenied(err error) bool {
	return is(err, "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "KMSAccessDeniedException",
		"AuthorizationError")
}

// IsExpired says that the credentials are no longer valid.
func IsExpired(err error) bool {
	return is(err, "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException")
}

// IsInvalid says that AWS refuses the request for what it says: another try would be refused as well.
func IsInvalid(err error) bool {
	return is(err, "ValidationError", "ValidationException", "InvalidParameterValueException", "InvalidParameterException",
		"InvalidRequestContentException", "InsufficientCapabilitiesException", "InvalidParameterValue",
		"LimitExceededException", "ServiceQuotaExceededException", "CodeStorageExceededException")
}
