package patience_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aloft-dev/aloft/test/sandbox/patience"
)

func TestSilenceIsBroken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var screen bytes.Buffer
		w := patience.New(&screen, patience.Silence)
		time.Sleep(9 * time.Second)
		_, _ = w.Write([]byte("building\n"))
		time.Sleep(25 * time.Second)
		w.Stop()
		time.Sleep(time.Minute)
		want := "building\n  ... still at it, for 10s\n  ... still at it, for 20s\n"
		if got := screen.String(); got != want {
			t.Errorf("the screen shows %q, want %q", got, want)
		}
		if _, err := w.Write([]byte("ended\n")); err != nil || !strings.HasSuffix(screen.String(), "ended\n") {
			t.Errorf("what was written after the end is lost: %v", err)
		}
	})
}
