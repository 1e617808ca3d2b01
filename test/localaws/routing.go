package localaws

import (
	"net/http"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// ServeHTTP answers the call log, or finds the service of a request: a data plane that claims it by host or path, else SigV4's signing
// name, else the host <service>.<region>.amazonaws.com, else, for an unsigned request without any of these, the
// answer of an unsigned STS call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == CallsPath {
		s.answerCalls(w, r)
		return
	}
	if r.ContentLength == 0 && r.Header.Get("Expect") != "" {
		// Go's server sends it with the first read of a body; a client that announced an empty one waits for it as well, and
		// would take the answer for it (boto/botocore#3755).
		w.WriteHeader(http.StatusContinue)
	}
	service, claimed := s.route(r)
	switch {
	case claimed:
		service.Data.ServeHTTP(w, r)
	case service != nil:
		s.gateway.Serve(w, r, service)
	default:
		http.Error(w, "the local AWS has no service for this request", http.StatusNotFound)
	}
}

// route finds the service of a request, and whether it is one for its data plane.
func (s *Server) route(r *http.Request) (service *wire.Service, claimed bool) {
	s.plugged.RLock()
	defer s.plugged.RUnlock()
	for _, service := range s.services {
		if service.Claims != nil && service.Claims(r) {
			return service, true
		}
	}
	if scope, ok := wire.ScopeOf(r); ok {
		return s.bySigner[scope.Service], false
	}
	if service, ok := s.bySigner[hostService(r.Host)]; ok {
		return service, false
	}
	return s.bySigner["sts"], false
}

// hostService is the service's name in <service>.<region>.amazonaws.com, <bucket>.s3.<region>.amazonaws.com
// or <service>.amazonaws.com.
func hostService(host string) string {
	labels := strings.Split(strings.TrimSuffix(strings.Split(host, ":")[0], ".amazonaws.com"), ".")
	for i, label := range labels {
		if label == "s3" {
			return labels[i]
		}
	}
	return labels[0]
}
