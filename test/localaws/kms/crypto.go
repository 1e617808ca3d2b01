package kms

import (
	"context"
	"crypto/rand"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const (
	maxPlaintext = 4096
	symmetric    = "SYMMETRIC_DEFAULT"
)

type cryptoInput struct {
	EncryptionContext   map[string]string
	EncryptionAlgorithm string
	GrantTokens         []string
}

// keys are the condition keys of a cryptographic call.
func (in *cryptoInput) keys() map[string][]string {
	keys := map[string][]string{}
	for name, value := range in.EncryptionContext {
		keys["kms:EncryptionContext:"+name] = []string{value}
		keys["kms:EncryptionContextKeys"] = append(keys["kms:EncryptionContextKeys"], name)
	}
	return keys
}

// usable is a key that may do cryptography now.
func (s *service) usable(call *wire.Call, name string, in *cryptoInput) (*key, error) {
	if in.EncryptionAlgorithm != "" && in.EncryptionAlgorithm != symmetric {
		return nil, failure("InvalidKeyUsageException", "%s is not compatible with the key's spec", in.EncryptionAlgorithm)
	}
	k, err := s.permitted(call, name, in.keys())
	if err != nil {
		return nil, err
	}
	switch k.state {
	case disabled:
		return nil, failure("DisabledException", "%s is disabled.", k.arn)
	case pendingDeletion:
		return nil, invalidState(k)
	}
	return k, nil
}

type dataKeyInput struct {
	onKey
	cryptoInput
	KeySpec       string
	NumberOfBytes int
}

type dataKeyOutput struct {
	KeyId          string
	Plaintext      []byte
	CiphertextBlob []byte
}

func (in *dataKeyInput) size() (int, error) {
	switch {
	case in.KeySpec == "AES_256" && in.NumberOfBytes == 0:
		return 32, nil
	case in.KeySpec == "AES_128" && in.NumberOfBytes == 0:
		return 16, nil
	case in.KeySpec == "" && in.NumberOfBytes >= 1 && in.NumberOfBytes <= 1024:
		return in.NumberOfBytes, nil
	}
	return 0, failure("ValidationException", "Please specify either number of bytes or key spec.")
}

func (s *service) generateDataKey(_ context.Context, call *wire.Call, in *dataKeyInput) (*dataKeyOutput, error) {
	size, err := in.size()
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	k, err := s.usable(call, in.KeyId, &in.cryptoInput)
	if err != nil {
		return nil, err
	}
	plain := make([]byte, size)
	rand.Read(plain)
	return &dataKeyOutput{KeyId: k.arn, Plaintext: plain, CiphertextBlob: k.seal(plain, in.EncryptionContext)}, nil
}

type encryptInput struct {
	onKey
	cryptoInput
	Plaintext []byte `wire:",required"`
}

type encryptOutput struct {
	KeyId               string
	CiphertextBlob      []byte
	EncryptionAlgorithm string
}

func (s *service) encrypt(_ context.Context, call *wire.Call, in *encryptInput) (*encryptOutput, error) {
	if len(in.Plaintext) < 1 || len(in.Plaintext) > maxPlaintext {
		return nil, failure("ValidationException",
			"1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length between "+
				"1 and %d", maxPlaintext)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	k, err := s.usable(call, in.KeyId, &in.cryptoInput)
	if err != nil {
		return nil, err
	}
	return &encryptOutput{k.arn, k.seal(in.Plaintext, in.EncryptionContext), symmetric}, nil
}

type decryptInput struct {
	cryptoInput
	KeyId          string
	CiphertextBlob []byte `wire:",required"`
}

type decryptOutput struct {
	KeyId               string
	Plaintext           []byte
	EncryptionAlgorithm string
}

func (s *service) decrypt(_ context.Context, call *wire.Call, in *decryptInput) (*decryptOutput, error) {
	id, ok := keyOf(in.CiphertextBlob)
	if !ok {
		return nil, failure("InvalidCiphertextException", "")
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if in.KeyId != "" {
		named, err := s.find(in.KeyId)
		if err != nil {
			return nil, err
		}
		if named.id != id {
			return nil, failure("IncorrectKeyException",
				"The key ID in the request does not identify a CMK that can perform this operation.")
		}
	}
	k, err := s.usable(call, id, &in.cryptoInput)
	if err != nil {
		return nil, err
	}
	plain, ok := k.open(in.CiphertextBlob, in.EncryptionContext)
	if !ok {
		return nil, failure("InvalidCiphertextException", "")
	}
	return &decryptOutput{k.arn, plain, symmetric}, nil
}
