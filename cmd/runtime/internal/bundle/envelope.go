// Package bundle loads a stage's environment and secrets.
//
// It encodes the envelope in which they travel: AES-256-GCM with a data key that the stage's KMS key wraps, both bound to the name of the stage, so that one
// stage's bundle cannot be passed off as another's. The plain text exists in memory only.
package bundle

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aloft-dev/aloft/cmd/runtime/internal/environ"
)

// version is the only form of envelope that exists.
const version = 1

// contextKey is the name in KMS's encryption context whose value is the stage.
const contextKey = "aloft.dev/stage"

// envelope is the stored object; its byte fields are base64 in JSON.
type envelope struct {
	Version int `json:"version"`
	// Key is KMS's CiphertextBlob of the data key.
	Key   []byte `json:"key"`
	Nonce []byte `json:"nonce"`
	Data  []byte `json:"data"`
}

func parse(object []byte) (envelope, error) {
	var e envelope
	// The decoder's own error may quote what it read, so it is not passed on.
	if json.Unmarshal(object, &e) != nil {
		return envelope{}, errors.New("it is not JSON")
	}
	if e.Version != version {
		return envelope{}, fmt.Errorf("it has version %d, and this runtime reads version %d; release with a runtime as new as the operator", e.Version, version)
	}
	if len(e.Key) == 0 || len(e.Data) == 0 {
		return envelope{}, errors.New("it is incomplete")
	}
	return e, nil
}

// open decrypts the envelope with the unwrapped data key.
func (e envelope) open(dataKey []byte, stage string) (environ.Bundle, error) {
	block, err := aes.NewCipher(dataKey)
	if err != nil {
		return environ.Bundle{}, errors.New("its data key has a wrong length")
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return environ.Bundle{}, err
	}
	if len(e.Nonce) != gcm.NonceSize() {
		return environ.Bundle{}, errors.New("its nonce has a wrong length")
	}
	plain, err := gcm.Open(nil, e.Nonce, e.Data, []byte(stage))
	if err != nil {
		return environ.Bundle{}, fmt.Errorf("it is damaged or belongs to another stage than %s", stage)
	}
	defer clear(plain)
	var bundle environ.Bundle
	if json.Unmarshal(plain, &bundle) != nil {
		return environ.Bundle{}, errors.New("its content is not what this runtime expects; release with a runtime as new as the operator")
	}
	return bundle, nil
}
