package operator

import (
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/controllers/release"
)

func TestALeaseOutlastsTheProofsOfWhoeverHeldIt(t *testing.T) {
	for _, row := range []struct {
		why       string
		asked     time.Duration
		want      time.Duration
		complains bool
	}{
		{why: "nobody says anything", want: 10 * time.Second},
		{why: "someone has a slow API server", asked: time.Minute, want: time.Minute},
		{why: "the least", asked: release.FenceHolds + time.Second, want: 6 * time.Second},
		{why: "a proof would count longer", asked: release.FenceHolds, complains: true},
		{why: "nothing can be held for so long", asked: -time.Second, complains: true},
	} {
		got, err := Options{LeaseDuration: row.asked}.lease()
		if got != row.want || (err != nil) != row.complains {
			t.Errorf("%s: got %s, %v", row.why, got, err)
		}
		if err != nil && !strings.Contains(err.Error(), "--lease-duration") {
			t.Errorf("%s: %q does not name the flag", row.why, err)
		}
	}
}

func TestAnotherReplicaActsWithinFifteenSeconds(t *testing.T) {
	lease, err := Options{}.lease()
	if err != nil {
		t.Fatal(err)
	}
	// client-go asks each retry period, and up to 1.2 times later than that (leaderelection.JitterFactor): it may see the
	// last renewal so much later, and the end of the lease once more.
	const starts = time.Second
	if latest := lease + 2*retryPeriod(lease)*22/10 + starts; latest > 15*time.Second {
		t.Errorf("it acts after up to %s", latest)
	}
}

func TestTheShareOfQuotasIsAPart(t *testing.T) {
	for _, row := range []struct {
		share     float64
		complains bool
	}{{0, false}, {0.01, false}, {0.5, false}, {1, false}, {1.1, true}, {-1, true}, {0.001, true}} {
		option, err := Options{QuotaShare: row.share}.budgets()
		if (err != nil) != row.complains || (option == nil) != row.complains {
			t.Errorf("%g: got %v", row.share, err)
		}
		if err != nil && !strings.Contains(err.Error(), "--aws-quota-share") {
			t.Errorf("%q does not name the flag", err)
		}
	}
}
