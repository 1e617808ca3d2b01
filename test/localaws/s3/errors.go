package s3

import (
	"net/http"

	"github.com/aloft-dev/aloft/test/localaws/model"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func notImplemented(what string) *wire.Error {
	return wire.Errorf(http.StatusNotImplemented, "NotImplemented",
		"A header or query you provided implies functionality that is not implemented: %s", what)
}

// violated words what the model refuses as S3 does: a body does not hold to its schema, a header or a parameter is an
// invalid argument.
func violated(found []model.Violation) *wire.Error {
	first := found[0]
	switch {
	case first.In == "":
		return malformedXML()
	case first.Path == "storageClass":
		return wire.Errorf(http.StatusBadRequest, "InvalidStorageClass", "The storage class you specified is not valid")
	case first.Path == "encodingType":
		return invalidArgument("Invalid Encoding Method specified in Request").With("ArgumentName", "encoding-type").
			With("ArgumentValue", first.Value)
	case first.Path == "metadataDirective":
		return invalidArgument("Unknown metadata directive.").With("ArgumentName", "x-amz-metadata-directive").
			With("ArgumentValue", first.Value)
	default:
		return invalidArgument("%s", first.String()).With("ArgumentName", first.Path).With("ArgumentValue", first.Value)
	}
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
