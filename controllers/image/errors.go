package image

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// The kinds of failure that a caller tells apart with errors.Is. An error of none of these kinds is transient: trying
// again later may succeed.
var (
	// ErrNotFound: the registry has no such image, so far. The build may still be on its way.
	ErrNotFound = errors.New("image not found")
	// ErrUnauthorized: the registry refuses the credentials, or the lack of them.
	ErrUnauthorized = errors.New("registry access refused")
	// ErrUnsupported: the image, or what names it, cannot be used; the message says what to change.
	ErrUnsupported = errors.New("image not supported")
	// ErrAddressDenied: the registry, or where it redirects to, lies where the operator must not connect.
	ErrAddressDenied = errors.New("registry address denied")
	// ErrSource: the source of what was to be pushed failed, and not the target. Such an error may be of another kind too.
	ErrSource = errors.New("source failed")
	// ErrTagMoved: the target's tag already names another digest.
	ErrTagMoved = errors.New("tag names another image")
	// ErrAssets: the files below the assets path cannot be published; the message names the file.
	ErrAssets = errors.New("assets not usable")
	// ErrLimit: a bound on sizes or counts was passed. Such an error is of kind ErrAssets or ErrUnsupported too.
	ErrLimit = errors.New("limit passed")
	// ErrQuota: of the limits, the number of files or their bytes, which callers set.
	ErrQuota = errors.New("quota passed")
	// ErrBusy: the operator has no room for what is to be read now, and will have it later.
	ErrBusy = errors.New("no room now")
)

// maxMessageBytes bounds what a registry's or an image's own words may add to a message.
const maxMessageBytes = 300

// failure is an error of one or several kinds with a message for the user.
type failure struct {
	kinds   []error
	message string
}

func (f *failure) Error() string   { return f.message }
func (f *failure) Unwrap() []error { return f.kinds }

func refuse(kind error, format string, values ...any) error {
	return &failure{kinds: []error{kind}, message: fmt.Sprintf(format, values...)}
}

func overLimit(kind error, format string, values ...any) error {
	return &failure{kinds: []error{kind, ErrLimit}, message: fmt.Sprintf(format, values...)}
}

// Terminal reports that only the user can help: the same image will fail again. ErrNotFound and ErrUnauthorized are not
// terminal, for the registry may come to hold the image or to accept the credentials with no change of ours.
func Terminal(err error) bool {
	for _, kind := range []error{ErrUnsupported, ErrAddressDenied, ErrTagMoved, ErrAssets} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// classify gives an error from a registry one of the kinds, or none, and a message that begins with
// doing and is bounded.
func classify(err error, doing string) error {
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*failure](err); ok {
		return &failure{kinds: known.kinds, message: doing + ": " + known.message}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	kinds := registryKinds(err)
	if errors.Is(err, ErrSource) {
		kinds = append(kinds, ErrSource)
	}
	return &failure{kinds: kinds, message: doing + ": " + bounded(err.Error())}
}

func registryKinds(err error) []error {
	var answer *transport.Error
	if !errors.As(err, &answer) {
		return nil
	}
	switch answer.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return []error{ErrUnauthorized}
	case http.StatusNotFound:
		if saysUnknown(answer) {
			return []error{ErrNotFound}
		}
	}
	return nil
}

// saysUnknown tells a registry that lacks the image from a web server that is no registry: both answer 404.
func saysUnknown(answer *transport.Error) bool {
	for _, diagnostic := range answer.Errors {
		switch diagnostic.Code {
		case transport.ManifestUnknownErrorCode, transport.NameUnknownErrorCode, "NOT_FOUND":
			return true
		}
	}
	return false
}

// bounded makes a foreign text fit for a status message: no control characters, no more than maxMessageBytes.
func bounded(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	if len(text) <= maxMessageBytes {
		return text
	}
	return strings.ToValidUTF8(text[:maxMessageBytes], "") + "..."
}
