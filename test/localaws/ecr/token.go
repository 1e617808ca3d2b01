package ecr

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"sync"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// tokenLifetime is how long an authorization token works (ECR API reference, GetAuthorizationToken).
const tokenLifetime = 12 * time.Hour

// tokens are the passwords of the registry: each carries the rights of who asked for it.
type tokens struct {
	mu     sync.Mutex
	issued map[string]grant
}

type grant struct {
	principal wire.Principal
	expires   time.Time
}

func (t *tokens) issue(principal wire.Principal, expires time.Time) string {
	raw := make([]byte, 36)
	rand.Read(raw)
	password := base64.RawURLEncoding.EncodeToString(raw)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.issued == nil {
		t.issued = map[string]grant{}
	}
	t.issued[password] = grant{principal, expires}
	return password
}

// who finds the principal of a password that has not expired.
func (t *tokens) who(password string, now time.Time) (principal wire.Principal, expired, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	found, ok := t.issued[password]
	if !ok {
		return wire.Principal{}, false, false
	}
	if !now.Before(found.expires) {
		return wire.Principal{}, true, false
	}
	return found.principal, false, true
}

func (t *tokens) forgetExpired(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for password, g := range t.issued {
		if now.After(g.expires.Add(tokenLifetime)) {
			delete(t.issued, password)
		}
	}
}

type authorizationInput struct{ RegistryIds []string }

type authorizationData struct {
	AuthorizationToken string
	ExpiresAt          time.Time
	ProxyEndpoint      string
}

type authorizationOutput struct{ AuthorizationData []authorizationData }

func (s *Registry) authorizationToken(
	_ context.Context, call *wire.Call, _ *authorizationInput,
) (*authorizationOutput, error) {
	s.tokens.forgetExpired(call.Time)
	expires := call.Time.Add(tokenLifetime)
	password := s.tokens.issue(call.Principal, expires)
	token := base64.StdEncoding.EncodeToString([]byte("AWS:" + password))
	return &authorizationOutput{[]authorizationData{{token, expires, "http://" + s.host()}}}, nil
}
