package release_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/controllers/release"
)

func TestARunsIDTellsWhenItStarted(t *testing.T) {
	start := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	if got, ok := release.RunStart(release.RunID(start, "a1b2")); !ok || !got.Equal(start) {
		t.Errorf("got %s, %t", got, ok)
	}
	for _, none := range []string{
		"", "zzz", "20260102t120000", "20260102t120000-", "20261302t120000-a1b2", "20260102t120000-A1B2",
		"20260102t120000-a1b2/x", "20260102t120000-" + strings.Repeat("a", 9), "x20260102t120000-a1b2",
	} {
		if got, ok := release.RunStart(none); ok {
			t.Errorf("%q is taken for a run of %s", none, got)
		}
	}
}
