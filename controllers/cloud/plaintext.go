package cloud

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// PlainText says why nothing may be sent to an endpoint: by http the answers of STS, which are credentials, could be
// read on the way, and what is signed with them. Only what stays on the machine needs no https. Nil where it may.
func PlainText(endpoint *url.URL) error {
	if endpoint.Scheme == "https" || onThisMachine(endpoint.Hostname()) {
		return nil
	}
	return fmt.Errorf("the AWS endpoint %s://%s would get credentials in plain text: use https, or an endpoint on "+
		"loopback", endpoint.Scheme, endpoint.Host)
}

func onThisMachine(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// encrypted looks at the endpoint right before a request is sent: flags, environment and configuration files can each
// name one, for each service.
func encrypted(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("AloftEncrypted", onlyEncrypted), middleware.After)
}

func onlyEncrypted(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	middleware.DeserializeOutput, middleware.Metadata, error,
) {
	if request, ok := in.Request.(*smithyhttp.Request); ok {
		if err := PlainText(request.URL); err != nil {
			return middleware.DeserializeOutput{}, middleware.Metadata{}, err
		}
	}
	return next.HandleDeserialize(ctx, in)
}
