package web

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/aloft-dev/aloft/cmd/runtime/internal/upstream"
)

// maxAnswer is the most bytes that Lambda takes as an answer (Lambda Developer Guide, gettingstarted-limits: 6 MB).
const maxAnswer = 6 << 20

// head is an answer without its body, in the gateway's form or the load balancer's.
type head struct {
	StatusCode        int                 `json:"statusCode"`
	StatusDescription string              `json:"statusDescription,omitempty"`
	Headers           map[string]string   `json:"headers,omitempty"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders,omitempty"`
	Cookies           []string            `json:"cookies,omitempty"`
	IsBase64Encoded   bool                `json:"isBase64Encoded"`
}

// appendAnswer writes the answer for a response behind dst. ErrTooLarge says that Lambda would refuse it.
func appendAnswer(dst []byte, e *Event, response upstream.Response) ([]byte, error) {
	text := isText(response)
	h := head{StatusCode: response.Status, IsBase64Encoded: !text && len(response.Body) > 0}
	header := endToEnd(response.Header, e.method())
	switch {
	case !e.balanced():
		h.Cookies = header["Set-Cookie"]
		delete(header, "Set-Cookie")
		h.Headers = joined(header)
	case e.multiValued():
		h.StatusDescription, h.MultiValueHeaders = description(response.Status), header
	default:
		h.StatusDescription, h.Headers = description(response.Status), last(header)
	}
	encoded, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	dst = append(dst, encoded[:len(encoded)-1]...)
	dst = append(dst, `,"body":"`...)
	if h.IsBase64Encoded {
		dst = base64.StdEncoding.AppendEncode(dst, response.Body)
	} else {
		dst = appendEscaped(dst, response.Body)
	}
	dst = append(dst, `"}`...)
	if len(dst) > maxAnswer {
		return nil, upstream.ErrTooLarge
	}
	return dst, nil
}

// endToEnd are the headers that concern the client. The gateway computes the length itself, but for a HEAD
// request only the application knows it.
func endToEnd(header http.Header, method string) http.Header {
	for name := range connectionNames(header.Get("Connection")) {
		header.Del(name)
	}
	for _, name := range []string{
		"Connection", "Proxy-Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	} {
		delete(header, name)
	}
	if method != http.MethodHead {
		delete(header, "Content-Length")
	}
	return header
}

// joined folds repeated headers into one line (RFC 9110, 5.3): payload format 2.0 knows one value per name.
func joined(header http.Header) map[string]string {
	folded := make(map[string]string, len(header))
	for name, values := range header {
		folded[name] = strings.Join(values, ", ")
	}
	return folded
}

func last(header http.Header) map[string]string {
	flat := make(map[string]string, len(header))
	for name, values := range header {
		flat[name] = values[len(values)-1]
	}
	return flat
}

func description(status int) string {
	return strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
}
