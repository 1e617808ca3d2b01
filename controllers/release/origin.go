package release

import (
	"crypto/sha256"
	"encoding/hex"
)

// OriginSecret is what a stage's distribution proves itself by to the stage's functions, and its SHA-256, which they
// are told. It follows from the operator's secret and the stage alone, so that it is the same whoever asks for it.
func OriginSecret(secret []byte, stage StageKey) (origin Sensitive, digest string) {
	text := derived(secret, "origin "+stage.String())
	sum := sha256.Sum256([]byte(text))
	return Sensitive(text), hex.EncodeToString(sum[:])
}
