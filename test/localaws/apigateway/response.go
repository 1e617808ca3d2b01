package apigateway

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// errMalformed says that a function's result cannot be turned into an HTTP response; the client
// sees 500 {"message":"Internal Server Error"} and nothing of the result.
var errMalformed = errors.New("the function's result is no response")

// answer is the HTTP response that a function's result stands for.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// result is the response format of payload 2.0. Fields that it does not name (multiValueHeaders of
// format 1.0 among them) are ignored, as HTTP APIs do.
type result struct {
	StatusCode      json.RawMessage            `json:"statusCode"`
	Headers         map[string]json.RawMessage `json:"headers"`
	Body            json.RawMessage            `json:"body"`
	Cookies         []string                   `json:"cookies"`
	IsBase64Encoded bool                       `json:"isBase64Encoded"`
}

// newAnswer converts what a function returned.
//
// AWS: valid JSON without a statusCode is inferred to be the body of a 200 with content type
// application/json, a JSON string standing for its text. With a statusCode the fields are taken as
// they are, and a missing content type becomes text/plain.
func newAnswer(payload []byte) (answer, error) {
	payload = bytes.TrimSpace(payload)
	if !json.Valid(payload) {
		return answer{}, fmt.Errorf("reading the payload: %w", errMalformed)
	}
	var r result
	if err := json.Unmarshal(payload, &r); err != nil {
		if namesStatus(payload) {
			return answer{}, fmt.Errorf("reading the fields: %w", errMalformed)
		}
		return inferred(payload), nil
	}
	if len(r.StatusCode) == 0 {
		return inferred(payload), nil
	}
	return r.explicit()
}

// namesStatus tells a response with a field of a wrong type from a plain value.
func namesStatus(payload []byte) bool {
	var fields map[string]json.RawMessage
	return json.Unmarshal(payload, &fields) == nil && len(fields["statusCode"]) > 0
}

func inferred(payload []byte) answer {
	body := payload
	var text string
	if json.Unmarshal(payload, &text) == nil && payload[0] == '"' {
		body = []byte(text)
	}
	return answer{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json"}}, body: body}
}

func (r result) explicit() (answer, error) {
	status, err := statusCode(r.StatusCode)
	if err != nil {
		return answer{}, err
	}
	header, err := r.header()
	if err != nil {
		return answer{}, err
	}
	body, err := r.bytes()
	if err != nil {
		return answer{}, err
	}
	return answer{status: status, header: header, body: body}, nil
}

// statusCode accepts a number or a string of digits between 100 and 599.
func statusCode(raw json.RawMessage) (int, error) {
	code, err := strconv.Atoi(strings.Trim(string(raw), `"`))
	if err != nil || code < 100 || code > 599 {
		return 0, fmt.Errorf("reading statusCode %s: %w", raw, errMalformed)
	}
	return code, nil
}

// recomputed are the headers that the gateway sets itself.
var recomputed = append([]string{"Content-Length"}, hopByHop...)

func (r result) header() (http.Header, error) {
	header := http.Header{}
	for _, name := range sortedKeys(r.Headers) {
		value, err := scalar(r.Headers[name])
		if err != nil {
			return nil, fmt.Errorf("reading header %q: %w", name, err)
		}
		header.Add(name, value)
	}
	for _, name := range recomputed {
		header.Del(name)
	}
	for _, cookie := range r.Cookies {
		header.Add("Set-Cookie", cookie)
	}
	if header.Get("Content-Type") == "" {
		header.Set("Content-Type", "text/plain;charset=UTF-8")
	}
	return header, nil
}

// scalar renders a header value: strings as they are, numbers and booleans as JSON writes them.
func scalar(raw json.RawMessage) (string, error) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text, nil
	}
	if raw[0] == '{' || raw[0] == '[' {
		return "", errMalformed
	}
	return string(raw), nil
}

func (r result) bytes() ([]byte, error) {
	if len(r.Body) == 0 || string(r.Body) == "null" {
		return nil, nil
	}
	var text string
	if err := json.Unmarshal(r.Body, &text); err != nil {
		return nil, fmt.Errorf("reading the body: %w", errMalformed)
	}
	if !r.IsBase64Encoded {
		return []byte(text), nil
	}
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("decoding the body: %w", errMalformed)
	}
	return decoded, nil
}
