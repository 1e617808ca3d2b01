package lambda

import (
	"net/http"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func user(status int, code, message string) *wire.Error {
	return (&wire.Error{Status: status, Code: code, Message: message}).With("Type", "User")
}

func invalidValue(message string) *wire.Error {
	return user(http.StatusBadRequest, "InvalidParameterValueException", message)
}

// malformed is what the API's front end refuses before Lambda sees it.
func malformed(message string) *wire.Error {
	return &wire.Error{Status: http.StatusBadRequest, Code: "ValidationException", Message: message}
}

func conflict(message string) *wire.Error {
	return user(http.StatusConflict, "ResourceConflictException", message)
}

func missing(message string) *wire.Error {
	return user(http.StatusNotFound, "ResourceNotFoundException", message)
}

func noFunction(arn string) *wire.Error { return missing("Function not found: " + arn) }

func stale() *wire.Error {
	return user(http.StatusPreconditionFailed, "PreconditionFailedException",
		"The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve "+
			"the latest Revision Id")
}

// throttled carries the reason that tells the account's limit from the function's (Lambda API
// reference, TooManyRequestsException).
func throttled(reason string) *wire.Error {
	e := user(http.StatusTooManyRequests, "TooManyRequestsException", "Rate Exceeded.").With("Reason", reason)
	e.Header = http.Header{"Retry-After": {"1"}}
	return e
}
