package wire

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Identities knows every access key that the local AWS issued and the principal behind it.
type Identities struct {
	clock Clock
	mu    sync.RWMutex
	keys  map[string]issued
	// fixed holds the key of service principals, which never expire, so that asking again issues no new one.
	fixed map[string]aws.Credentials
}

type issued struct {
	principal Principal
	token     string
}

// NewIdentities returns an empty register.
func NewIdentities(clock Clock) *Identities {
	return &Identities{clock: clock, keys: map[string]issued{}, fixed: map[string]aws.Credentials{}}
}

// Issue makes credentials for a principal. With a lifetime they are a session: ASIA.. with a token that must come along
// and an expiry; zero makes a long-lived AKIA.. key without a token.
func (ids *Identities) Issue(p Principal, lifetime time.Duration) aws.Credentials {
	creds := aws.Credentials{SecretAccessKey: randomText(30), Source: "localaws", AccountID: p.AccountID}
	prefix := "AKIA"
	if lifetime > 0 {
		prefix = "ASIA"
		creds.SessionToken = "local." + randomText(48)
		creds.CanExpire = true
		creds.Expires = ids.clock.Now().Add(lifetime).UTC().Truncate(time.Second)
		p.ExpiresAt = creds.Expires
	}
	creds.AccessKeyID = RandomID(prefix)
	p.AccessKeyID = creds.AccessKeyID
	ids.mu.Lock()
	defer ids.mu.Unlock()
	ids.forgetExpired()
	ids.keys[creds.AccessKeyID] = issued{principal: p, token: creds.SessionToken}
	return creds
}

// Register makes a fixed key pair known, as the admin user's.
func (ids *Identities) Register(accessKeyID string, p Principal) {
	p.AccessKeyID = accessKeyID
	ids.mu.Lock()
	defer ids.mu.Unlock()
	ids.keys[accessKeyID] = issued{principal: p}
}

// Service returns the credentials of a service principal acting for a source (both may be any text;
// sourceARN may be empty).
func (ids *Identities) Service(account, service, sourceARN string) aws.Credentials {
	name := account + " " + service + " " + sourceARN
	ids.mu.RLock()
	creds, known := ids.fixed[name]
	ids.mu.RUnlock()
	if known {
		return creds
	}
	creds = ids.Issue(Principal{AccountID: account, Service: service, SourceARN: sourceARN}, 0)
	ids.mu.Lock()
	defer ids.mu.Unlock()
	ids.fixed[name] = creds
	return creds
}

// Lookup tells the principal of an access key id, expired or not.
func (ids *Identities) Lookup(accessKeyID string) (Principal, bool) {
	ids.mu.RLock()
	defer ids.mu.RUnlock()
	k, ok := ids.keys[accessKeyID]
	return k.principal, ok
}

// Revoke ends an access key at once: its next use is answered as expired. It is the test's way to an ExpiredToken.
func (ids *Identities) Revoke(accessKeyID string) {
	ids.mu.Lock()
	defer ids.mu.Unlock()
	if k, ok := ids.keys[accessKeyID]; ok {
		k.principal.ExpiresAt = ids.clock.Now().Add(-time.Second)
		ids.keys[accessKeyID] = k
	}
}

// forgetExpired drops keys a day after their end, so that a long-running sandbox does not grow; callers hold the lock.
func (ids *Identities) forgetExpired() {
	if len(ids.keys)%256 != 255 {
		return
	}
	limit := ids.clock.Now().Add(-24 * time.Hour)
	for id, k := range ids.keys {
		if !k.principal.ExpiresAt.IsZero() && k.principal.ExpiresAt.Before(limit) {
			delete(ids.keys, id)
		}
	}
}

// RandomID is an identifier as IAM makes them: the prefix (AROA, AIDA, ASIA, ..) and 16 letters or digits.
func RandomID(prefix string) string {
	raw := make([]byte, 10)
	rand.Read(raw)
	return prefix + base32.StdEncoding.EncodeToString(raw)
}

func randomText(bytes int) string {
	raw := make([]byte, bytes)
	rand.Read(raw)
	return base64.RawURLEncoding.EncodeToString(raw)
}
