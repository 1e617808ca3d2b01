package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// tokenUse remembers what a client token was used for.
type tokenUse struct {
	operation string
	digest    string
}

// replayed says whether the token was used for the same request already; used for another one it is refused.
// The caller holds the lock.
func (s *Stack) replayed(token, operation string, request any) (bool, error) {
	if token == "" {
		return false, nil
	}
	use := tokenUse{operation, digest(request)}
	before, known := s.tokens[token]
	if !known {
		return false, nil
	}
	if before != use {
		return false, refuse(CodeToken, "Token already exists: %s was used for another %s request", token, before.operation)
	}
	return true, nil
}

func (s *Stack) remember(token, operation string, request any) {
	if token != "" {
		s.tokens[token] = tokenUse{operation, digest(request)}
	}
}

func digest(request any) string {
	// Requests are plain strings, lists and maps, so marshalling cannot fail; map keys come out in order.
	encoded, _ := json.Marshal(request)
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:])
}
