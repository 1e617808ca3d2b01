package wire

import (
	"net/http"
	"strings"
)

// authFailure is why a signature was not accepted.
type authFailure string

const (
	authMissing  authFailure = "missing"
	authUnknown  authFailure = "unknown"
	authExpired  authFailure = "expired"
	authBadToken authFailure = "bad token"
)

// Scope is SigV4's credential: who signed, and for which service and region.
type Scope struct {
	AccessKeyID string
	Region      string
	Service     string
}

// ScopeOf reads the credential from the Authorization header or, of a presigned request, from its query.
func ScopeOf(r *http.Request) (Scope, bool) {
	credential := ""
	if auth := r.Header.Get("Authorization"); strings.HasPrefix(auth, "AWS4-") {
		_, rest, _ := strings.Cut(auth, "Credential=")
		credential, _, _ = strings.Cut(rest, ",")
	} else {
		credential = r.URL.Query().Get("X-Amz-Credential")
	}
	parts := strings.Split(credential, "/")
	if len(parts) != 5 {
		return Scope{}, false
	}
	return Scope{AccessKeyID: parts[0], Region: parts[2], Service: parts[3]}, true
}

// authenticate finds the principal. The signature itself is not computed: the local AWS tells callers apart, it does
// not guard against them; session tokens must match and must not have ended.
func (g *Gateway) authenticate(call *Call) authFailure {
	scope, ok := ScopeOf(call.HTTP)
	if !ok {
		return authMissing
	}
	g.Identities.mu.RLock()
	key, known := g.Identities.keys[scope.AccessKeyID]
	g.Identities.mu.RUnlock()
	if !known {
		return authUnknown
	}
	call.Principal = key.principal
	token := call.HTTP.Header.Get("X-Amz-Security-Token")
	if token == "" {
		token = call.HTTP.URL.Query().Get("X-Amz-Security-Token")
	}
	if token != key.token {
		return authBadToken
	}
	if end := key.principal.ExpiresAt; !end.IsZero() && call.Time.After(end) {
		return authExpired
	}
	return ""
}

// jsonAuthError is what JSON and REST-JSON services answer.
func jsonAuthError(kind authFailure) *Error {
	switch kind {
	case authMissing:
		return Errorf(http.StatusForbidden, "MissingAuthenticationTokenException", "Missing Authentication Token")
	case authExpired:
		return Errorf(http.StatusBadRequest, "ExpiredTokenException", "The security token included in the request is expired")
	}
	return Errorf(http.StatusBadRequest, "UnrecognizedClientException",
		"The security token included in the request is invalid.")
}

// queryAuthError is what query services answer.
func queryAuthError(kind authFailure) *Error {
	switch kind {
	case authMissing:
		return Errorf(http.StatusForbidden, "MissingAuthenticationToken", "Request is missing Authentication Token")
	case authExpired:
		return Errorf(http.StatusForbidden, "ExpiredToken", "The security token included in the request is expired")
	}
	return Errorf(http.StatusForbidden, "InvalidClientTokenId", "The security token included in the request is invalid.")
}

// s3AuthError is what S3 answers.
func s3AuthError(kind authFailure) *Error {
	switch kind {
	case authMissing:
		return Errorf(http.StatusForbidden, "AccessDenied", "Access Denied")
	case authExpired:
		return Errorf(http.StatusBadRequest, "ExpiredToken", "The provided token has expired.")
	case authBadToken:
		return Errorf(http.StatusBadRequest, "InvalidToken", "The provided token is malformed or otherwise invalid.")
	}
	return Errorf(http.StatusForbidden, "InvalidAccessKeyId",
		"The AWS Access Key Id you provided does not exist in our records.")
}
