package zoo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// browser is a Chromium without a screen, driven by the WebDriver protocol (https://www.w3.org/TR/webdriver2/).
type browser struct{ driver string }

// openBrowser starts the driver. The browser itself is started for each window.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	g := NewWithT(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	port := free.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // of a TCP listener
	g.Expect(free.Close()).To(Succeed())
	driver := exec.Command("chromedriver", "--port="+strconv.Itoa(port)) //nolint:gosec // a number
	driver.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	g.Expect(driver.Start()).To(Succeed())
	t.Cleanup(func() {
		_ = syscall.Kill(-driver.Process.Pid, syscall.SIGKILL)
		_ = driver.Wait()
	})
	b := &browser{driver: "http://127.0.0.1:" + strconv.Itoa(port)}
	g.Eventually(func() error { return b.call(t.Context(), http.MethodGet, "/status", nil, nil) }, "20s", "50ms").
		Should(Succeed())
	return b
}

// window is a browser of its own, with no cookie yet.
type window struct {
	*browser
	t       *testing.T
	g       *WithT
	session string
}

// open opens a page. The local CloudFront's certificates are signed by an authority that no browser knows.
func (b *browser) open(t *testing.T, address string) *window {
	t.Helper()
	w := &window{browser: b, t: t, g: NewWithT(t)}
	options := map[string]any{"args": []string{
		"--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--user-data-dir=" + t.TempDir(),
	}}
	var opened struct{ SessionID string }
	w.g.Expect(b.call(t.Context(), http.MethodPost, "/session", map[string]any{"capabilities": map[string]any{
		"alwaysMatch": map[string]any{"acceptInsecureCerts": true, "goog:chromeOptions": options},
	}}, &opened)).To(Succeed())
	w.session = "/session/" + opened.SessionID
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = b.call(ctx, http.MethodDelete, w.session, nil, nil)
	})
	w.do(http.MethodPost, "/url", map[string]any{"url": address}, nil)
	return w
}

// call is one command; its answer is decoded into value.
func (b *browser) call(ctx context.Context, method, path string, body, value any) error {
	var encoded bytes.Buffer
	if method == http.MethodPost {
		if body == nil {
			body = struct{}{}
		}
		if err := json.NewEncoder(&encoded).Encode(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, b.driver+path, &encoded)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	var got struct{ Value json.RawMessage }
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %.500s", method, path, got.Value)
	}
	if value == nil {
		return nil
	}
	return json.Unmarshal(got.Value, value)
}

func (w *window) do(method, path string, body, value any) {
	w.t.Helper()
	w.g.Expect(w.call(w.t.Context(), method, w.session+path, body, value)).To(Succeed())
}

// element finds what a CSS selector names.
func (w *window) element(selector string) string {
	w.t.Helper()
	var found map[string]string
	w.do(http.MethodPost, "/element", map[string]string{"using": "css selector", "value": selector}, &found)
	for _, id := range found {
		return "/element/" + id
	}
	return ""
}

func (w *window) text(selector string) (text string) {
	w.t.Helper()
	w.do(http.MethodGet, w.element(selector)+"/text", nil, &text)
	return text
}

// color is the one that is shown, as rgb(...).
func (w *window) color(selector string) (value string) {
	w.t.Helper()
	w.do(http.MethodPost, "/execute/sync", map[string]any{
		"script": "return getComputedStyle(document.querySelector(arguments[0])).color", "args": []string{selector},
	}, &value)
	return value
}

func (w *window) fill(selector, text string) {
	w.t.Helper()
	w.do(http.MethodPost, w.element(selector)+"/value", map[string]string{"text": text}, nil)
}

func (w *window) click(selector string) {
	w.t.Helper()
	w.do(http.MethodPost, w.element(selector)+"/click", nil, nil)
}

// address is that of the page that is shown.
func (w *window) address() (address string) {
	w.t.Helper()
	w.do(http.MethodGet, "/url", nil, &address)
	return address
}
