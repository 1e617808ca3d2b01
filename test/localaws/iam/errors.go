package iam

import (
	"net/http"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func noSuchEntity(format string, args ...any) error {
	return wire.Errorf(http.StatusNotFound, "NoSuchEntity", format, args...)
}

func malformed(err error) error {
	return wire.Errorf(http.StatusBadRequest, "MalformedPolicyDocument", "%s", err.Error())
}
