package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/api/function/proof"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/awsapi"
)

// claimRetry is the pause between attempts to put a claim that came to no decision.
const claimRetry = 200 * time.Millisecond

// errLate says that the last moment for the claim has passed.
var errLate = errors.New("the command was not claimed, for its last moment has passed")

// siblings are the objects beside a claim.
type siblings struct{ claim, result awsapi.Location }

// base is what all keys of a command begin with.
func (s siblings) base() string { return strings.TrimSuffix(s.claim.Key, function.ClaimSuffix) }

func (s siblings) piece(n int) awsapi.Location {
	return awsapi.Location{Bucket: s.claim.Bucket, Key: fmt.Sprintf("%s.output.%04d", s.base(), n)}
}

func placesOf(text string) (siblings, error) {
	at, err := awsapi.ParseLocation(text)
	if err != nil {
		return siblings{}, fmt.Errorf("reading the claim's place: %w", err)
	}
	base, found := strings.CutSuffix(at.Key, function.ClaimSuffix)
	if !found || !strings.HasPrefix(at.Key, function.RunsPrefix) {
		return siblings{}, fmt.Errorf("the claim's place %.200q is not %s...%s",
			text, function.RunsPrefix, function.ClaimSuffix)
	}
	return siblings{claim: at, result: awsapi.Location{Bucket: at.Bucket, Key: base + function.ResultSuffix}}, nil
}

// take puts the claim, at the latest at the order's notAfter, and returns the claim that holds: its own, recognized by
// the token, or another's.
//
// A put whose answer was lost has perhaps been executed, and the SDK's own retry then sees its first attempt as
// somebody else's. So a refusal is never believed before the stored claim was read. An error says that no claim is
// known to hold.
func (h *Handler) take(
	ctx context.Context, at awsapi.Location, requestID string, o order,
) (held function.Claim, own bool, err error) {
	mine := proof.Claim(o.Key, function.Claim{
		State: function.ClaimStarted, StartedAt: stamp(time.Now()), Environment: h.Environment,
		Token: requestID + "/" + rand.Text(),
	})
	if !time.Now().Before(o.notAfter) {
		return function.Claim{}, false, errLate
	}
	putting, cancel := context.WithDeadline(ctx, o.notAfter)
	defer cancel()
	for {
		err := putJSON(putting, h.Objects, at, mine, true)
		if err == nil {
			return mine, true, nil
		}
		if refused(err) {
			return function.Claim{}, false, fmt.Errorf("claiming the command: %w", explain(err))
		}
		// Read with the function's own time: whether the put was executed must be known after the last moment too.
		held, found, readErr := h.look(ctx, at)
		switch {
		case found:
			return held, held.Token == mine.Token, nil
		case readErr != nil:
			return function.Claim{}, false, fmt.Errorf(
				"claiming the command: %w; whether it was claimed could not be read: %w", explain(err), readErr,
			)
		case putting.Err() != nil:
			return function.Claim{}, false, errLate
		}
		pause(putting, claimRetry)
	}
}

// look reads the claim until it is known, or known to be absent; an error says that the function's time was over first.
func (h *Handler) look(ctx context.Context, at awsapi.Location) (held function.Claim, found bool, err error) {
	for {
		err := getJSON(ctx, h.Objects, at, &held)
		if err == nil || errors.Is(err, errAbsent) {
			return held, err == nil, nil
		}
		if ctx.Err() != nil || refused(err) {
			return function.Claim{}, false, err
		}
		pause(ctx, claimRetry)
	}
}

// stamp is a time as the contract has it.
func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }

func pause(ctx context.Context, length time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(length):
	}
}

// refused says that S3 will not take the claim however often it is asked, 412 and the conflict of two puts apart.
func refused(err error) bool {
	switch awsapi.Status(err) {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMovedPermanently,
		http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true
	}
	return false
}

// explain adds what to do.
func explain(err error) error {
	if awsapi.Unreachable(err) {
		return fmt.Errorf("%w; %s", err, awsapi.Remedy)
	}
	if awsapi.Status(err) == http.StatusForbidden {
		return fmt.Errorf("%w; allow the function's role s3:PutObject and s3:GetObject on %s* of the stage's bucket",
			err, function.RunsPrefix)
	}
	return err
}
