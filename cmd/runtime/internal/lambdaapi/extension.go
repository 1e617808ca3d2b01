package lambdaapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// extensionName is unique among the extensions of a function.
const extensionName = "aloft-runtime"

// extensionWithin bounds the registration, which must not hold up the start.
const extensionWithin = 2 * time.Second

// Extend registers this process as an extension without events. Lambda kills a runtime at once when its environment is
// no longer needed; only where an extension is registered it sends SIGTERM first and waits, half a second for one that
// is a part of the runtime's process (AWS Lambda Developer Guide, lambda-runtime-environment, "Shutdown phase").
func (c *Client) Extend(ctx context.Context) error {
	within, cancel := context.WithTimeout(ctx, extensionWithin)
	defer cancel()
	register, err := http.NewRequestWithContext(
		within, http.MethodPost, c.extensions+"register", strings.NewReader(`{"events":[]}`),
	)
	if err != nil {
		return err
	}
	register.Header.Set("Lambda-Extension-Name", extensionName)
	answer, err := c.http.Do(register)
	if err != nil {
		return fmt.Errorf("registering an extension: %w", err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<16))
	id := answer.Header.Get("Lambda-Extension-Identifier")
	if answer.StatusCode != http.StatusOK || id == "" {
		return errors.New("registering an extension: the Extensions API answered " + answer.Status)
	}
	next, err := http.NewRequestWithContext(ctx, http.MethodGet, c.extensions+"event/next", nil)
	if err != nil {
		return err
	}
	next.Header.Set("Lambda-Extension-Identifier", id)
	go c.rest(next)
	return nil
}

// rest asks for the next event, which never comes: the init phase ends only when every extension has asked.
func (c *Client) rest(next *http.Request) {
	answer, err := c.http.Do(next)
	if err == nil {
		answer.Body.Close()
	}
}
