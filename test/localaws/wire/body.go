package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
)

// maxBody bounds what is read of a request that is not streamed: Lambda's largest payload and some.
const maxBody = 16 << 20

// readBody reads the request's body once.
func (c *Call) readBody() error {
	if c.Body != nil || c.HTTP.Body == nil {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(c.HTTP.Body, maxBody+1))
	if err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	if len(body) > maxBody {
		return Errorf(http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException",
			"Request must be smaller than %d bytes", maxBody)
	}
	c.Body = body
	return nil
}

// digest tells equal requests from different ones without keeping their content.
func (c *Call) digest() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s?%s\n", c.HTTP.Method, c.HTTP.URL.Path, c.HTTP.URL.RawQuery)
	if c.Body == nil {
		_, _ = io.WriteString(h, c.HTTP.Header.Get("X-Amz-Content-Sha256"))
	}
	h.Write(c.Body)
	return hex.EncodeToString(h.Sum(nil)[:8])
}
