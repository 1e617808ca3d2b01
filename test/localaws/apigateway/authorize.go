package apigateway

import (
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// action is API Gateway's own kind of IAM action: the HTTP method. AWS: "Actions, resources, and condition keys for
// Amazon API Gateway Management V2".
func action(call *wire.Call) string { return "apigateway:" + call.HTTP.Method }

// resource is arn:aws:apigateway:<region>::<path without the version>.
func (g *Gateway) resource(call *wire.Call, _ any) string {
	return "arn:aws:apigateway:" + g.env.Region + "::" + strings.TrimPrefix(call.HTTP.URL.Path, "/v2")
}
