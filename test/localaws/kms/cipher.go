package kms

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"sort"
)

// A ciphertext is a version byte, the key's id (36 characters), the nonce and AES-256-GCM's output
// over the encryption context.
const (
	blobVersion = 1
	keyIDLength = 36
)

func (k *key) aead() cipher.AEAD {
	block, err := aes.NewCipher(k.material[:])
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

func (k *key) seal(plain []byte, context map[string]string) []byte {
	aead := k.aead()
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce)
	head := append([]byte{blobVersion}, k.id...)
	return aead.Seal(append(head, nonce...), nonce, plain, authenticated(context))
}

// open answers false for anything that this key did not seal under this context.
func (k *key) open(blob []byte, context map[string]string) ([]byte, bool) {
	aead := k.aead()
	rest := blob[1+keyIDLength:]
	if len(rest) < aead.NonceSize() {
		return nil, false
	}
	plain, err := aead.Open(nil, rest[:aead.NonceSize()], rest[aead.NonceSize():], authenticated(context))
	return plain, err == nil
}

// keyOf is the id of the key that a ciphertext names.
func keyOf(blob []byte) (string, bool) {
	if len(blob) < 1+keyIDLength || blob[0] != blobVersion {
		return "", false
	}
	return string(blob[1 : 1+keyIDLength]), true
}

// authenticated is the context in one unambiguous form: sorted, every text with its length.
func authenticated(context map[string]string) []byte {
	names := make([]string, 0, len(context))
	for name := range context {
		names = append(names, name)
	}
	sort.Strings(names)
	var out []byte
	for _, name := range names {
		for _, text := range []string{name, context[name]} {
			out = binary.BigEndian.AppendUint32(out, uint32(len(text)))
			out = append(out, text...)
		}
	}
	return out
}
