package lambda

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

var (
	namePattern    = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,64}$`)
	versionPattern = regexp.MustCompile(`^[0-9]+$`)
)

const latestVersion = "$LATEST"

// reference is a function as a caller names it: a name, a partial or a full ARN, each with or without a qualifier.
type reference struct{ name, qualifier string }

// refer parses the name and joins the qualifier that was given apart from it.
func (l *Lambda) refer(call *wire.Call, text, qualifier string) (reference, error) {
	parts, err := l.local(call, text)
	if err != nil {
		return reference{}, err
	}
	if len(parts) > 2 || !namePattern.MatchString(parts[0]) {
		return reference{}, badName(text)
	}
	ref := reference{name: parts[0], qualifier: qualifier}
	if len(parts) == 2 {
		if qualifier != "" && qualifier != parts[1] {
			return reference{}, invalidValue(
				"The derived qualifier from the function name does not match the specified qualifier.",
			)
		}
		ref.qualifier = parts[1]
	}
	call.On(ref.String())
	return ref, nil
}

// local is the name and, if there is one, the qualifier of a function of this account and region.
func (l *Lambda) local(call *wire.Call, text string) ([]string, error) {
	parts := strings.Split(text, ":")
	if len(parts) >= 3 && parts[1] == "function" {
		return parts[2:], nil
	}
	if parts[0] != "arn" {
		return parts, nil
	}
	if len(parts) < 7 || parts[2] != "lambda" || parts[5] != "function" {
		return nil, badName(text)
	}
	if parts[3] != l.env.Region || parts[4] != l.env.AccountID {
		return nil, wire.Denied(call, "lambda:"+call.Operation, text)
	}
	return parts[6:], nil
}

func badName(text string) error {
	return malformed("1 validation error detected: Value '" + text +
		"' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern")
}

// String is the name with its qualifier.
func (r reference) String() string {
	if r.qualifier == "" {
		return r.name
	}
	return r.name + ":" + r.qualifier
}

func (l *Lambda) arn(name string) string {
	return "arn:aws:lambda:" + l.env.Region + ":" + l.env.AccountID + ":function:" + name
}

// find looks a function up; callers hold the lock.
func (l *Lambda) find(ref reference) (*function, error) {
	f := l.functions[ref.name]
	if f == nil {
		return nil, noFunction(l.arn(ref.String()))
	}
	return f, nil
}

// unqualified refuses a qualifier where the whole function is meant.
func unqualified(ref reference) error {
	if ref.qualifier != "" && ref.qualifier != latestVersion {
		return &wire.Error{Status: http.StatusBadRequest, Code: "InvalidParameterValueException",
			Message: "This operation does not permit updating or reading a specific version: only $LATEST is supported."}
	}
	return nil
}
