package release_test

import (
	"testing"
	"time"

	"github.com/aloft-dev/aloft/controllers/release"
)

func TestAProofCountsForAWhile(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	for _, row := range []struct {
		why    string
		proven time.Time
		want   bool
	}{
		{"it was just given", now, false},
		{"it was given a moment ago", now.Add(-release.FenceHolds), false},
		{"the operator stood still", now.Add(-release.FenceHolds - 1), true},
		{"the machine was suspended", now.Add(-time.Hour), true},
		{"nobody has asked yet", time.Time{}, true},
	} {
		if got := release.Expired(row.proven, now); got != row.want {
			t.Errorf("%s: it is %t", row.why, got)
		}
	}
}
