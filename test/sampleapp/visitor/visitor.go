// Package visitor does with the sample application what its visitors do in their browsers, and what other sites try in
// the browsers of its visitors.
package visitor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
)

// Visitor is a browser with cookies of its own.
type Visitor struct {
	client *http.Client
	url    string
}

// New visits the application at url ("https://shop.example") by a client's transport.
func New(client *http.Client, url string) (*Visitor, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	own := *client
	own.Jar = jar
	return &Visitor{client: &own, url: url}, nil
}

var (
	canonical = regexp.MustCompile(`<link rel="canonical" href="([^"]*)">`)
	formToken = regexp.MustCompile(`<input type="hidden" name="token" value="([^"]+)">`)
)

// SendJob loads the page and sends its form. It is an error when the page takes itself for another address than it has,
// or when the form does not lead back to it.
func (v *Visitor) SendJob(ctx context.Context, work string) error {
	token, err := v.token(ctx)
	if err != nil {
		return err
	}
	status, shown, err := v.send(ctx, v.url, url.Values{"work": {work}, "token": {token}})
	switch {
	case err != nil:
		return err
	case status != http.StatusOK:
		return fmt.Errorf("sending the form: %d: %.200s", status, shown)
	case !canonical.MatchString(shown):
		return fmt.Errorf("the form does not lead back to the page but to %.200s", shown)
	}
	return nil
}

// Forge has the visitor's browser send the form from another site, and without the token. It returns an error unless
// both are turned away.
func (v *Visitor) Forge(ctx context.Context) error {
	token, err := v.token(ctx)
	if err != nil {
		return err
	}
	for _, forged := range []struct {
		what, origin string
		form         url.Values
	}{
		{"from another site", "https://evil.example", url.Values{"work": {"forged"}, "token": {token}}},
		{"with no token", v.url, url.Values{"work": {"forged"}}},
	} {
		status, _, err := v.send(ctx, forged.origin, forged.form)
		if err != nil {
			return err
		}
		if status != http.StatusForbidden {
			return fmt.Errorf("a form %s got %d", forged.what, status)
		}
	}
	return nil
}

func (v *Visitor) token(ctx context.Context) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.url+"/", http.NoBody)
	if err != nil {
		return "", err
	}
	_, page, err := v.do(request)
	if err != nil {
		return "", err
	}
	if got := canonical.FindStringSubmatch(page); got == nil || got[1] != v.url+"/" {
		return "", fmt.Errorf("the page at %s takes itself for %q", v.url, got)
	}
	found := formToken.FindStringSubmatch(page)
	if found == nil {
		return "", errors.New("the page has no form with a token")
	}
	return found[1], nil
}

func (v *Visitor) send(ctx context.Context, origin string, form url.Values) (status int, shown string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, v.url+"/jobs", strings.NewReader(form.Encode()))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "text/html")
	request.Header.Set("Origin", origin)
	return v.do(request)
}

func (v *Visitor) do(request *http.Request) (status int, text string, err error) {
	response, err := v.client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return response.StatusCode, string(content), err
}
