package web

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aloft-dev/aloft/cmd/runtime/internal/upstream"
)

// maxAnswer is the most bytes that Lambda takes as an answer (Lambda Developer Guide, gettingstarted-limits: 6 MB).
const maxAnswer = 6 << 20

// maxStatus is the last status of HTTP (RFC 9110, 15).
const maxStatus = 599

var errStatus = errors.New("the application answered with a status that HTTP does not know")

// head is an answer without its body, in the gateway's form or the load balancer's.
type head struct {
	StatusCode        int                 `json:"statusCode"`
	StatusDescription string              `json:"statusDescription,omitempty"`
	Headers           map[string]string   `json:"headers,omitempty"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders,omitempty"`
	Cookies           []string            `json:"cookies,omitempty"`
	IsBase64Encoded   bool                `json:"isBase64Encoded"`
}

// appendAnswer writes the answer for a response behind dst. ErrTooLarge says that Lambda would refuse it, errStatus
// that the gateway would.
func appendAnswer(dst []byte, e *Event, response upstream.Response) ([]byte, error) {
	if response.Status < http.StatusOK || response.Status > maxStatus {
		return nil, fmt.Errorf("%w: %d", errStatus, response.Status)
	}
	text := isText(response)
	h := head{StatusCode: response.Status, IsBase64Encoded: !text && len(response.Body) > 0}
	header := legible(endToEnd(response.Header, e.method()))
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
	for name := range connectionNames(strings.Join(header.Values("Connection"), ",")) {
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

// legible makes text of every value, for an answer is JSON: bytes that are not UTF-8 are ISO-8859-1 (RFC 9110, 5.5).
func legible(header http.Header) http.Header {
	for _, values := range header {
		for i, value := range values {
			if utf8.ValidString(value) {
				continue
			}
			runes := make([]rune, len(value))
			for at := range len(value) {
				runes[at] = rune(value[at])
			}
			values[i] = string(runes)
		}
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
