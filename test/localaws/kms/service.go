// Package kms is the local AWS's KMS: symmetric keys with real AES-256-GCM.
//
// Rules it encodes:
//   - A ciphertext names its key; Decrypt needs no KeyId, and with another one answers IncorrectKeyException.
//   - The encryption context is authenticated data: another one is InvalidCiphertextException, as is any changed byte.
//     The order does not matter.
//   - Key ids, key ARNs, alias names and alias ARNs name a key where cryptography is done; what is
//     absent is NotFoundException.
//   - A disabled key answers DisabledException, one that is pending deletion KMSInvalidStateException.
//     ScheduleKeyDeletion takes 7-30 days (default 30) and can be cancelled until then; afterwards the
//     key is NotFoundException.
//   - Encrypt takes at most 4096 bytes. The default key policy lets the account in; a key policy decides beside the
//     caller's own policies, and a service principal needs it.
//   - Rotation keeps old ciphertexts readable.
package kms

import (
	"net/http"
	"sync"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// New plugs KMS in.
func New(env *wire.Env) (*wire.Service, error) {
	s := &service{env: env, keys: map[string]*key{}, aliases: map[string]*alias{}}
	return &wire.Service{
		Name:       "kms",
		Protocol:   wire.JSON("TrentService"),
		Operations: append(s.keyOperations(), append(s.cryptographicOperations(), s.aliasOperations()...)...),
		Action: func(call *wire.Call) string {
			if call.Operation == "CreateKey" || call.Operation == "ListKeys" || call.Operation == "ListAliases" {
				return ""
			}
			// The key's own policy is asked first, by the operation itself.
			return "-"
		},
	}, nil
}

type service struct {
	env     *wire.Env
	mu      sync.RWMutex
	keys    map[string]*key
	aliases map[string]*alias
}

func (s *service) keyOperations() []wire.Operation {
	return []wire.Operation{
		wire.Write("CreateKey", s.createKey),
		wire.Read("DescribeKey", s.describeKey),
		wire.Read("ListKeys", s.listKeys),
		wire.Write("EnableKey", s.enableKey),
		wire.Write("DisableKey", s.disableKey),
		wire.Write("ScheduleKeyDeletion", s.scheduleDeletion),
		wire.Write("UpdateKeyDescription", s.updateDescription),
		wire.Write("EnableKeyRotation", s.enableRotation),
		wire.Write("DisableKeyRotation", s.disableRotation),
		wire.Read("GetKeyRotationStatus", s.rotationStatus),
		wire.Read("GetKeyPolicy", s.getPolicy),
		wire.Write("PutKeyPolicy", s.putPolicy),
		wire.Write("TagResource", s.tag),
		wire.Write("UntagResource", s.untag),
		wire.Read("ListResourceTags", s.listTags),
	}
}

func (s *service) cryptographicOperations() []wire.Operation {
	return []wire.Operation{
		wire.Read("GenerateDataKey", s.generateDataKey),
		wire.Read("Encrypt", s.encrypt),
		wire.Read("Decrypt", s.decrypt),
	}
}

func (s *service) aliasOperations() []wire.Operation {
	return []wire.Operation{
		wire.Write("CreateAlias", s.createAlias),
		wire.Write("UpdateAlias", s.updateAlias),
		wire.Write("DeleteAlias", s.deleteAlias),
		wire.Read("ListAliases", s.listAliases),
	}
}

func failure(code, format string, args ...any) error {
	return wire.Errorf(http.StatusBadRequest, code, format, args...)
}
