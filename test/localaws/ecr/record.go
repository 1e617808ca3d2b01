package ecr

import (
	"net/http"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// recorded are the names under which CloudTrail shows what the distribution API does.
var recorded = map[string]struct {
	name     string
	mutating bool
}{
	"GET manifests": {"BatchGetImage", false}, "HEAD manifests": {"BatchGetImage", false}, "PUT manifests": {"PutImage", true},
	"HEAD blobs": {"BatchCheckLayerAvailability", false}, "GET blobs": {"GetDownloadUrlForLayer", false}, "GET tags": {"ListImages", false},
	"POST uploads": {"InitiateLayerUpload", true}, "PATCH uploads": {"UploadLayerPart", true}, "PUT uploads": {"CompleteLayerUpload", true},
	"GET uploads": {"UploadLayerPart", false}, "DELETE uploads": {"InitiateLayerUpload", true},
}

// observedWriter remembers the status that was sent.
type observedWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader remembers the status.
func (w *observedWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// record puts the call into the log, after its latency has passed.
func (s *Registry) record(w http.ResponseWriter, call *request, serve func(http.ResponseWriter) *problem) *problem {
	operation, known := recorded[call.Method+" "+call.kind]
	if !known {
		return serve(w)
	}
	begun := s.env.Clock.Now()
	if d := s.env.Gateway.Latencies.Of("ecr", operation.name); d > 0 {
		if err := s.env.Clock.Sleep(call.Context(), d); err != nil {
			return internal(err)
		}
	}
	observed := &observedWriter{ResponseWriter: w}
	failed := s.authorize(call, operation.name)
	if failed == nil {
		failed = serve(observed)
	}
	entry := wire.Record{Time: begun, Duration: s.env.Clock.Now().Sub(begun), Service: "ecr", Operation: operation.name, Principal: call.principal,
		Resource: call.repo + "/" + call.reference, Mutating: operation.mutating, Effect: operation.mutating && failed == nil,
		Status: observed.status, Bytes: call.received}
	if failed != nil {
		entry.Code, entry.Status = failed.code, failed.status
	}
	if entry.Status == 0 {
		entry.Status = http.StatusOK
	}
	s.env.Gateway.Calls.Add(entry)
	return failed
}

// authorize asks the identity policies of who the token belongs to. A layer's download address was authorized when it was made.
func (s *Registry) authorize(call *request, operation string) *problem {
	ask := s.env.Gateway.Authorize
	if ask == nil || call.ticket {
		return nil
	}
	as := &wire.Call{Principal: call.principal, Service: "ecr", Operation: operation, AccountID: s.env.AccountID, Region: s.env.Region,
		Time: s.env.Clock.Now(), HTTP: call.Request}
	if err := ask(as, "ecr:"+operation, s.arn(call.repo)); err != nil {
		return &problem{http.StatusForbidden, "DENIED", err.Error()}
	}
	return nil
}
