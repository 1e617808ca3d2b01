package s3

import (
	"net/http"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func notImplemented(what string) *wire.Error {
	return wire.Errorf(http.StatusNotImplemented, "NotImplemented",
		"A header or query you provided implies functionality that is not implemented: %s", what)
}

func noSuchBucket(name string) *wire.Error {
	return wire.Errorf(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist").With("BucketName", name)
}

func noSuchKey(key string) *wire.Error {
	return wire.Errorf(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.").With("Key", key)
}

func accessDenied() *wire.Error {
	return wire.Errorf(http.StatusForbidden, "AccessDenied", "Access Denied")
}

func preconditionFailed(condition string) *wire.Error {
	return wire.Errorf(http.StatusPreconditionFailed, "PreconditionFailed",
		"At least one of the pre-conditions you specified did not hold").With("Condition", condition)
}

func malformedXML() *wire.Error {
	return wire.Errorf(http.StatusBadRequest, "MalformedXML",
		"The XML you provided was not well-formed or did not validate against our published schema")
}

func invalidArgument(format string, args ...any) *wire.Error {
	return wire.Errorf(http.StatusBadRequest, "InvalidArgument", format, args...)
}

func missingConfiguration(code, message string) *wire.Error {
	return wire.Errorf(http.StatusNotFound, code, "%s", message)
}
