// Package proof tells what the function has written about a command from what somebody else has.
//
// Claim and result are objects that whoever may write the stage's bucket can write. The operator gives each command of
// each run a key, in the event that orders it: who has not seen the event can prove nothing.
package proof

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/aloft-dev/aloft/api/function"
)

// Claim gives a claim with its proof.
func Claim(key string, c function.Claim) function.Claim {
	c.Proof = ofClaim(key, c)
	return c
}

// ClaimHolds says that a claim is from who knows the key.
func ClaimHolds(key string, c function.Claim) bool { return equal(c.Proof, ofClaim(key, c)) }

// Result gives a result with its proof.
func Result(key string, r function.Result) function.Result {
	r.Proof = ofResult(key, r)
	return r
}

// ResultHolds says that a result is from who knows the key.
func ResultHolds(key string, r function.Result) bool { return equal(r.Proof, ofResult(key, r)) }

func equal(got, want string) bool { return hmac.Equal([]byte(got), []byte(want)) }

func ofClaim(key string, c function.Claim) string {
	return sign(key, "claim", c.State, c.StartedAt, c.Environment, c.Reason, c.Token)
}

func ofResult(key string, r function.Result) string {
	return sign(key, "result", r.ExitCode, r.Output, r.Truncated, r.StartedAt, r.FinishedAt)
}

// sign is over a JSON list, in which no two lists of values are the same.
func sign(key string, values ...any) string {
	text, err := json.Marshal(values)
	if err != nil {
		panic("encoding a list of plain values: " + err.Error())
	}
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(text)
	return hex.EncodeToString(mac.Sum(nil))
}
