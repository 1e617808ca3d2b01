package ecr

import (
	"errors"
	"net/http"
	"syscall"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func TestAFaultReachesThePushesAndPullsOfTheRegistry(t *testing.T) {
	busy := wire.Errorf(http.StatusTooManyRequests, "TOOMANYREQUESTS", "Rate exceeded")
	for why, row := range map[string]struct {
		fault         wire.Fault
		status        int
		reset, pushed bool
	}{
		"an error before the deed": {wire.Fault{Kind: wire.FaultError, Error: busy}, http.StatusTooManyRequests, false,
			false},
		"an error after the deed": {wire.Fault{Kind: wire.FaultErrorAfter, Error: busy}, http.StatusTooManyRequests, false,
			true},
		"the request is lost": {wire.Fault{Kind: wire.FaultDropBefore}, 0, true, false},
		"the answer is lost":  {wire.Fault{Kind: wire.FaultLoseAnswer}, 0, true, true},
	} {
		t.Run(why, func(t *testing.T) {
			l := start(t)
			l.repository("app", nil)
			fault := row.fault
			fault.Call, fault.Times = "ecr:PutImage", 1
			l.env.Gateway.Faults.Inject(fault)
			img := picture(t)
			once := remote.WithRetryPredicate(func(error) bool { return false })
			err := remote.Write(l.reference("app:v1"), img, l.auth(), once, remote.WithRetryStatusCodes())
			var failed *transport.Error
			if row.reset != errors.Is(err, syscall.ECONNRESET) || !row.reset && (!errors.As(err, &failed) ||
				failed.StatusCode != row.status) {
				t.Errorf("the push ended by %v", err)
			}
			put := l.env.Gateway.Calls.Snapshot().Operation("ecr:PutImage")
			if len(put) != 1 || put[0].Fault != fault.Kind || put[0].Status != row.status || put[0].Effect != row.pushed {
				t.Errorf("logged as %+v", put)
			}
			if _, err := remote.Head(l.reference("app:v1"), l.auth()); (err == nil) != row.pushed {
				t.Errorf("looking for the image afterwards: %v, pushed %t", err, row.pushed)
			}
			if err := l.push("app:v1", img); err != nil {
				t.Errorf("the fault was to hit once: %v", err)
			}
		})
	}
}

func TestAPullThatIsThrottledOnceIsTriedAgain(t *testing.T) {
	l := start(t)
	l.repository("app", nil)
	if err := l.push("app:v1", picture(t)); err != nil {
		t.Fatal(err)
	}
	since := l.env.Gateway.Calls.Snapshot().End()
	for _, call := range []string{"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"} {
		l.env.Gateway.Faults.Inject(wire.Fault{
			Call: call, Kind: wire.FaultError, Times: 1,
			Error: wire.Errorf(http.StatusServiceUnavailable, "UNAVAILABLE", "try again"),
		})
	}
	if err := l.pull("app:v1"); err != nil {
		t.Error(err)
	}
	for _, call := range []string{"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"} {
		if failed := l.env.Gateway.Calls.Snapshot().Since(since).Operation(call).Failed(); len(failed) != 1 {
			t.Errorf("of %s %d calls failed", call, len(failed))
		}
	}
}
