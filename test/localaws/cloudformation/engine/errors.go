package engine

import "fmt"

// Error is a refused request: AWS's error code and message.
type Error struct {
	Code    string
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// The error codes of the CloudFormation API.
const (
	CodeValidation    = "ValidationError"
	CodeExists        = "AlreadyExistsException"
	CodeToken         = "TokenAlreadyExistsException"
	CodeCapabilities  = "InsufficientCapabilitiesException"
	CodeNoChangeSet   = "ChangeSetNotFound"
	CodeChangeSetBusy = "InvalidChangeSetStatus"
)

func invalid(format string, arguments ...any) error {
	return &Error{Code: CodeValidation, Message: fmt.Sprintf(format, arguments...)}
}

func refuse(code, format string, arguments ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, arguments...)}
}
