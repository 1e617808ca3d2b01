// Package bundle loads a stage's environment and secrets.
//
// It encodes the envelope in which they travel: AES-256-GCM with a data key that the stage's KMS key wraps, both bound
// to the name of the stage, so that one stage's bundle cannot be passed off as another's. The plain text exists in
// memory only.
package bundle

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aloft-dev/aloft/api/function"
)

func parse(object []byte) (function.Envelope, error) {
	var e function.Envelope
	// The decoder's own error may quote what it read, so it is not passed on.
	if json.Unmarshal(object, &e) != nil {
		return function.Envelope{}, errors.New("it is not JSON")
	}
	if e.Version != function.EnvelopeVersion {
		return function.Envelope{}, fmt.Errorf("it has version %d, and this runtime reads version %d; "+
			"release with a runtime as new as the operator", e.Version, function.EnvelopeVersion)
	}
	if len(e.Key) == 0 || len(e.Data) == 0 {
		return function.Envelope{}, errors.New("it is incomplete")
	}
	return e, nil
}

// open decrypts the envelope with the unwrapped data key.
func open(e function.Envelope, dataKey []byte, stage string) (function.Bundle, error) {
	block, err := aes.NewCipher(dataKey)
	if err != nil {
		return function.Bundle{}, errors.New("its data key has a wrong length")
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return function.Bundle{}, err
	}
	if len(e.Nonce) != gcm.NonceSize() {
		return function.Bundle{}, errors.New("its nonce has a wrong length")
	}
	plain, err := gcm.Open(nil, e.Nonce, e.Data, []byte(stage))
	if err != nil {
		return function.Bundle{}, fmt.Errorf("it is damaged or belongs to another stage than %s", stage)
	}
	defer clear(plain)
	var bundle function.Bundle
	if json.Unmarshal(plain, &bundle) != nil {
		return function.Bundle{}, errors.New("its content is not what this runtime expects; " +
			"release with a runtime as new as the operator")
	}
	return bundle, nil
}
