package proof_test

import (
	"encoding/json"
	"testing"

	"github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/api/function/proof"
)

var (
	claim = function.Claim{
		State: function.ClaimStarted, StartedAt: "2026-01-02T12:00:05Z", Environment: "stream", Token: "token",
	}
	result = function.Result{
		ExitCode: 1, Output: []byte("no such table\n"), StartedAt: "2026-01-02T12:00:05Z",
		FinishedAt: "2026-01-02T12:00:09Z",
	}
)

// stored is a value as it comes out of the bucket.
func stored[T any](t *testing.T, value T) T {
	t.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var back T
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	return back
}

func TestAClaimIsProvenByItsKeyAlone(t *testing.T) {
	proven := stored(t, proof.Claim("key", claim))
	if !proof.ClaimHolds("key", proven) {
		t.Error("the function's own claim is refused")
	}
	for why, forge := range map[string]func(*function.Claim){
		"another state":       func(c *function.Claim) { c.State = function.ClaimVoid },
		"another time":        func(c *function.Claim) { c.StartedAt = "9999-01-02T12:00:05Z" },
		"another environment": func(c *function.Claim) { c.Environment = "other" },
		"another reason":      func(c *function.Claim) { c.Reason = "because" },
		"another token":       func(c *function.Claim) { c.Token = "other" },
		"no proof":            func(c *function.Claim) { c.Proof = "" },
		"a proof by guess":    func(c *function.Claim) { c.Proof = proof.Claim("guess", *c).Proof },
	} {
		forged := proven
		if forge(&forged); proof.ClaimHolds("key", forged) {
			t.Errorf("%s is believed", why)
		}
	}
}

func TestAResultIsProvenByItsKeyAlone(t *testing.T) {
	for _, one := range []function.Result{result, {Output: []byte{}}, {}} {
		if !proof.ResultHolds("key", stored(t, proof.Result("key", one))) {
			t.Errorf("the function's own result is refused: %+v", one)
		}
	}
	proven := proof.Result("key", result)
	for why, forge := range map[string]func(*function.Result){
		"another exit code": func(r *function.Result) { r.ExitCode = 0 },
		"another output":    func(r *function.Result) { r.Output = []byte("done") },
		"a part of it":      func(r *function.Result) { r.Truncated = true },
		"another start":     func(r *function.Result) { r.StartedAt = "" },
		"another end":       func(r *function.Result) { r.FinishedAt = "2026-01-02T12:00:10Z" },
		"no proof":          func(r *function.Result) { r.Proof = "" },
		"a claim's proof":   func(r *function.Result) { r.Proof = proof.Claim("key", claim).Proof },
	} {
		forged := proven
		if forge(&forged); proof.ResultHolds("key", forged) {
			t.Errorf("%s is believed", why)
		}
	}
}
