package wire

import (
	"net/http"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/model"
)

// Call is one request on its way through a service.
type Call struct {
	Principal Principal
	Service   string
	Operation string
	RequestID string
	AccountID string
	Region    string
	// Time is when it arrived, on the local AWS's clock.
	Time time.Time
	// HTTP is the request itself; for anything but raw operations its body has been read.
	HTTP *http.Request
	// Body is the request's body, except for operations that stream it.
	Body []byte
	// Path holds the values of the route's {names}.
	Path map[string]string
	// Keys are condition keys of the service's own that policies of the caller's see too.
	Keys map[string][]string

	resource  string
	noEffect  bool
	bytes     int64
	authorize func(call *Call, action, resource string) error
}

// input is the call as the service's model looks at it; body is nil where it is not looked at.
func (c *Call) input(body map[string]any, text bool) model.Input {
	return model.Input{Body: body, Text: text, Path: c.Path, Query: c.HTTP.URL.Query(), Header: c.HTTP.Header}
}

// On names the resource that the call is about, for the call log.
func (c *Call) On(resource string) { c.resource = resource }

// NoEffect says that a mutating operation found everything as asked and changed nothing.
func (c *Call) NoEffect() { c.noEffect = true }

// Sent counts the bytes of content that the call brought, as the size of a put object.
func (c *Call) Sent(bytes int64) { c.bytes += bytes }

// Authorize asks the identity policies, when they are enforced, whether the caller may do a further action, as
// iam:PassRole. The operation's own action is asked before the handler.
func (c *Call) Authorize(action, resource string) error {
	if c.authorize == nil {
		return nil
	}
	return c.authorize(c, action, resource)
}
