package zoo

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/gomega"
)

// visitor asks a stage as a browser does: with the cookies that it was given, and following no redirect by itself.
type visitor struct {
	g      *WithT
	client *http.Client
	url    string
}

func (s *stage) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	s.g.Expect(err).NotTo(HaveOccurred())
	return &visitor{g: s.g, url: s.fetch().Status.Endpoints.URL, client: &http.Client{
		Timeout: 60 * time.Second, Jar: jar,
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: s.z.AWS.CA(), MinVersion: tls.VersionTLS12}, MaxIdleConnsPerHost: 4,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is what came back.
type answer struct {
	*http.Response
	Text string
}

// get asks for a path.
func (v *visitor) get(path string) answer { return v.send(http.MethodGet, path, "", nil) }

// post sends a body of a type.
func (v *visitor) post(path, contentType string, body []byte) answer {
	return v.send(http.MethodPost, path, contentType, body)
}

func (v *visitor) send(method, path, contentType string, body []byte) answer {
	got, err := v.try(context.Background(), method, path, contentType, body)
	v.g.Expect(err).NotTo(HaveOccurred())
	return got
}

func (v *visitor) try(ctx context.Context, method, path, contentType string, body []byte) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, v.url+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if body != nil {
		request.Header.Set("Content-Type", contentType)
		request.Header.Set("Origin", v.url)
		request.Header.Set("Referer", v.url+path)
	}
	response, err := v.client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return answer{response, string(text)}, err
}

// load asks for a path again and again, while releases go on.
type load struct {
	cancel context.CancelFunc
	wait   sync.WaitGroup

	mu     sync.Mutex
	asked  int
	failed []string
	seen   map[string]bool
}

// load begins with two visitors at a time. Whatever is no 200 with the words of the page has failed.
func (s *stage) load(path, words string) *load {
	ctx, cancel := context.WithCancel(s.t.Context())
	l := &load{cancel: cancel, seen: map[string]bool{}}
	for range 2 {
		v := s.visitor()
		l.wait.Go(func() {
			for ctx.Err() == nil {
				began := time.Now()
				got, err := v.try(ctx, http.MethodGet, path, "", nil)
				if ctx.Err() == nil {
					l.count(got, err, words, time.Since(began))
				}
				time.Sleep(30 * time.Millisecond)
			}
		})
	}
	s.t.Cleanup(l.stop)
	return l
}

func (l *load) count(got answer, err error, words string, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	switch {
	case err != nil:
		l.failed = append(l.failed, fmt.Sprintf("%v after %s", err, took))
	case got.StatusCode != http.StatusOK || !strings.Contains(got.Text, words):
		l.failed = append(l.failed, fmt.Sprintf("%s after %s: %.300s", got.Status, took, got.Text))
	default:
		l.seen[strings.TrimSpace(got.Text)] = true
	}
}

func (l *load) stop() {
	l.cancel()
	l.wait.Wait()
}

// hasSeen says whether any visitor saw a text.
func (l *load) hasSeen(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for seen := range l.seen {
		if strings.Contains(seen, text) {
			return true
		}
	}
	return false
}
