package wire

import (
	"errors"
	"fmt"
	"net/http"
)

// Error is an answer of AWS that is not a success.
type Error struct {
	// Code is what smithy's APIError.ErrorCode returns, as "ResourceNotFoundException".
	Code string
	// Status is the HTTP status; 5xx makes the error the server's fault.
	Status  int
	Message string
	// Fields are further members of the error's structure, as Lambda's "Reason" or S3's "BucketName".
	Fields map[string]string
	// Header is added to the answer.
	Header http.Header
}

// Error is "<code>: <message>".
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// With adds a member of the error's structure.
func (e *Error) With(name, value string) *Error {
	if e.Fields == nil {
		e.Fields = map[string]string{}
	}
	e.Fields[name] = value
	return e
}

// Errorf makes an error with an HTTP status and a code.
func Errorf(status int, code, format string, args ...any) *Error {
	return &Error{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Sender makes the constructor of a 400 error with one code: what Service.Invalid wants.
func Sender(code string) func(message string) *Error {
	return func(message string) *Error {
		return &Error{Status: http.StatusBadRequest, Code: code, Message: message}
	}
}

// Throttled is the throttling error of JSON services.
func Throttled() *Error { return Errorf(http.StatusBadRequest, "ThrottlingException", "Rate exceeded") }

// Denied is the answer to a caller without the right.
func Denied(call *Call, action, resource string) *Error {
	return Errorf(http.StatusForbidden, "AccessDeniedException",
		"User: %s is not authorized to perform: %s on resource: %s", call.Principal.Name(), action, resource)
}

// asError makes any error an answer: what is not AWS's own is an internal failure.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return Errorf(http.StatusInternalServerError, "InternalFailure", "%s", err.Error())
}
