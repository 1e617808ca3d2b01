package stage

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
)

// deniedPoll is when something that AWS refused is tried again: a new policy takes a while to be known everywhere.
const deniedPoll = time.Minute

// shown is an error with a text that may be shown.
type shown struct {
	text string
	err  error
}

func (s *shown) Error() string { return s.text }

// Unwrap gives the error itself.
func (s *shown) Unwrap() error { return s.err }

// readable gives an error as it may be shown, and turns AWS's refusal of the credentials into a wait: a person has to
// act, and AWS takes a while to know of it.
func readable(err error) error {
	_, isRejected := release.AsRejected(err)
	_, isWaiting := release.AsWaiting(err)
	after, _ := cloud.AsBusy(err)
	switch {
	case err == nil, isRejected, isWaiting:
		return err
	case after > 0:
		return release.Wait(release.ConditionOf(err), v1alpha1.ReasonProgressingWithRetry, after,
			"AWS has no room for it now: %s", textOf(err))
	case cloud.IsDenied(err):
		return release.Wait(release.ConditionOf(err), v1alpha1.ReasonAccessDenied, deniedPoll, "AWS refuses: %s", textOf(err))
	default:
		return &shown{textOf(err), err}
	}
}

// localPort is the operator's own end of a connection in a network error.
var localPort = regexp.MustCompile(`\S+:\d+->`)

// textOf is an error's text without what differs from try to try, such as request ids and local ports: each would make
// another status.
func textOf(err error) string {
	if rejected, ok := release.AsRejected(err); ok {
		return rejected.Message
	}
	if waiting, ok := release.AsWaiting(err); ok {
		return waiting.Message
	}
	if err == nil {
		return ""
	}
	text := err.Error()
	if code := cloud.Code(err); code != "" {
		before, _, _ := strings.Cut(text, ": operation error")
		if !strings.HasSuffix(before, cloud.Message(err)) {
			text = fmt.Sprintf("%s: %s: %s", before, code, cloud.Message(err))
		}
	}
	return release.Bounded(localPort.ReplaceAllString(text, ""), maxMessage/2)
}
