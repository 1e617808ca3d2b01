package ecr

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// problem is an error of the OCI distribution API.
type problem struct {
	status        int
	code, message string
}

var (
	unsupported   = &problem{http.StatusMethodNotAllowed, "UNSUPPORTED", "The operation is unsupported."}
	uploadUnknown = &problem{http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry"}
	blobUnknown   = &problem{http.StatusNotFound, "BLOB_UNKNOWN", "blob unknown to registry"}
	digestInvalid = &problem{http.StatusBadRequest, "DIGEST_INVALID", errDigest.Error()}
)

func internal(err error) *problem {
	return &problem{http.StatusInternalServerError, "UNKNOWN", err.Error()}
}

func (p *problem) write(w http.ResponseWriter) {
	type detail struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	if p.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="Local AWS",service="ecr.amazonaws.com"`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(p.status)
	_ = json.NewEncoder(w).Encode(map[string][]detail{"errors": {{p.code, p.message}}})
}

// request is one call of the distribution API, taken apart.
type request struct {
	*http.Request
	principal wire.Principal
	repo      string
	// kind is "manifests", "blobs", "uploads" or "tags"; empty is the API's own root.
	kind string
	// reference is a tag, a digest or an upload's id.
	reference string
	// ticket says that a download address was used in place of a token.
	ticket bool
	// received is how many bytes of content it brought.
	received int64
}

// parse takes /v2/<name>/<kind>/<reference> apart; names hold slashes, so it reads from the end.
func parse(r *http.Request) (*request, bool) {
	rest := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/v2"), "/")
	if rest == "" {
		return &request{Request: r}, true
	}
	if name, id, ok := strings.Cut(rest, "/blobs/uploads"); ok {
		return &request{Request: r, repo: name, kind: "uploads", reference: strings.Trim(id, "/")}, true
	}
	for _, kind := range []string{"manifests", "blobs", "tags"} {
		at := strings.LastIndex(rest, "/"+kind+"/")
		if at > 0 {
			return &request{Request: r, repo: rest[:at], kind: kind, reference: rest[at+len(kind)+2:]}, true
		}
	}
	return nil, false
}

// ServeHTTP is the OCI distribution API under /v2/.
func (s *Registry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	call, ok := parse(r)
	if !ok {
		(&problem{http.StatusNotFound, "NAME_INVALID", "invalid repository name"}).write(w)
		return
	}
	if p := s.authenticate(call); p != nil {
		p.write(w)
		return
	}
	p := s.record(w, call, func(w http.ResponseWriter) *problem { return s.distribute(w, call) })
	if p != nil {
		p.write(w)
	}
}

// authenticate takes the token as the password of the user AWS; a layer's download address carries its own ticket.
func (s *Registry) authenticate(call *request) *problem {
	user, password, ok := call.BasicAuth()
	if ticket := call.URL.Query().Get("ticket"); ticket != "" && call.kind == "blobs" && call.Method == http.MethodGet {
		user, password, ok = "AWS", ticket, true
		call.ticket = true
	}
	if !ok || user != "AWS" {
		return &problem{http.StatusUnauthorized, "UNAUTHORIZED", "no basic auth credentials"}
	}
	principal, expired, ok := s.tokens.who(password, s.env.Clock.Now())
	if expired {
		return &problem{http.StatusForbidden, "DENIED", "Your authorization token has expired. Reauthenticate and try again."}
	}
	if !ok {
		return &problem{http.StatusUnauthorized, "UNAUTHORIZED", "authentication required"}
	}
	call.principal = principal
	return nil
}

// distribute finds the handler. Every call but the root's needs a repository that exists: ECR makes none by itself.
func (s *Registry) distribute(w http.ResponseWriter, call *request) *problem {
	if call.kind == "" {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	s.mu.Lock()
	exists := s.repositories[call.repo] != nil
	s.mu.Unlock()
	if !exists {
		return &problem{http.StatusNotFound, "NAME_UNKNOWN",
			"The repository with name '" + call.repo + "' does not exist in the registry with id '" + s.env.AccountID + "'"}
	}
	handlers := map[string]func(http.ResponseWriter, *request) *problem{
		"GET manifests": s.getManifest, "HEAD manifests": s.getManifest, "PUT manifests": s.putManifest,
		"GET blobs": s.getBlob, "HEAD blobs": s.getBlob, "GET tags": s.getTags,
		"POST uploads": s.beginUpload, "PATCH uploads": s.continueUpload, "PUT uploads": s.endUpload,
		"GET uploads": s.uploadState, "DELETE uploads": s.cancelUpload,
	}
	handle := handlers[call.Method+" "+call.kind]
	if handle == nil {
		return unsupported
	}
	return handle(w, call)
}
