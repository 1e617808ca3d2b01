package image

import (
	"context"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/onsi/gomega"
)

// slowBody gives a byte after each pause, and nothing more once its request has ended.
type slowBody struct {
	ctx   context.Context
	pause time.Duration
}

func (b slowBody) Read(into []byte) (int, error) {
	select {
	case <-time.After(b.pause):
		return copy(into[:1], "x"), nil
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	}
}

func (slowBody) Close() error { return nil }

func TestARegistryThatHardlySendsIsGivenUp(t *testing.T) {
	for _, row := range []struct {
		reason string
		pause  time.Duration
		most   time.Duration
	}{
		{"a registry that stops sending", time.Hour, stallAfter},
		{"a registry that sends a byte each second", time.Second, paceAfter + 2*time.Second},
	} {
		t.Run(row.reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := NewWithT(t)
				request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://registry.example/v2/", nil)
				g.Expect(err).NotTo(HaveOccurred())
				watch, request := watchBody(request)
				body := watch.around(slowBody{request.Context(), row.pause})
				begun := time.Now()
				_, err = io.Copy(io.Discard, body)
				g.Expect(err).To(MatchError(errStalled))
				g.Expect(time.Since(begun)).To(BeNumerically("<=", row.most))
				g.Expect(body.Close()).To(Succeed())
			})
		})
	}
}

func TestARegistryMaySendSlowlyButNotForDays(t *testing.T) {
	const kib = 1 << 10
	for _, row := range []struct {
		perSecond int64
		slow      bool
	}{{2 * kib, true}, {63 * kib, true}, {65 * kib, false}} {
		waited := paceAfter + time.Second
		if got := tooSlow(row.perSecond*int64(waited.Seconds()), waited); got != row.slow {
			t.Errorf("%d bytes a second are too slow: %t", row.perSecond, got)
		}
	}
}

func TestASlowReaderIsNotTheRegistrysFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewWithT(t)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://registry.example/v2/", nil)
		g.Expect(err).NotTo(HaveOccurred())
		watch, request := watchBody(request)
		body := watch.around(slowBody{request.Context(), time.Millisecond})
		for range 10 {
			_, err := body.Read(make([]byte, 1))
			g.Expect(err).NotTo(HaveOccurred())
			time.Sleep(10 * time.Minute)
		}
		g.Expect(body.Close()).To(Succeed())
	})
}
