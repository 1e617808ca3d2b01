package ecr

import (
	"cmp"
	"io"
	"net/http"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// recorded are the names under which CloudTrail shows what the distribution API does.
var recorded = map[string]struct {
	name     string
	mutating bool
}{
	"GET manifests": {"BatchGetImage", false}, "HEAD manifests": {"BatchGetImage", false},
	"PUT manifests": {"PutImage", true}, "HEAD blobs": {"BatchCheckLayerAvailability", false},
	"GET blobs": {"GetDownloadUrlForLayer", false}, "GET tags": {"ListImages", false},
	"POST uploads": {"InitiateLayerUpload", true}, "PATCH uploads": {"UploadLayerPart", true},
	"PUT uploads": {"CompleteLayerUpload", true},
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

// nobody takes the answer that a fault keeps from its caller.
type nobody struct{ header http.Header }

// Header is http.ResponseWriter's.
func (n nobody) Header() http.Header { return n.header }

// Write is http.ResponseWriter's.
func (n nobody) Write(p []byte) (int, error) { return len(p), nil }

// WriteHeader is http.ResponseWriter's.
func (n nobody) WriteHeader(int) {}

// record puts the call into the log, after its latency has passed and with the fault that hits it.
func (s *Registry) record(w http.ResponseWriter, call *request, serve func(http.ResponseWriter) *problem) *problem {
	operation, known := recorded[call.Method+" "+call.kind]
	if !known {
		return serve(w)
	}
	as := &wire.Call{Principal: call.principal, Service: "ecr", Operation: operation.name, AccountID: s.env.AccountID,
		Region: s.env.Region, Time: s.env.Clock.Now(), HTTP: call.Request}
	fault, err := s.env.Gateway.Disturb(call.Context(), as)
	if err != nil {
		return internal(err)
	}
	observed := &observedWriter{ResponseWriter: w}
	dropped := fault.Kind == wire.FaultDropBefore || fault.Kind == wire.FaultLoseAnswer
	if dropped || fault.Kind == wire.FaultErrorAfter {
		observed.ResponseWriter = nobody{http.Header{}}
	}
	executed, failed := s.perform(observed, as, call, fault, serve)
	entry := wire.Record{Time: as.Time, Duration: s.env.Clock.Now().Sub(as.Time), Service: "ecr",
		Operation: operation.name, Principal: call.principal,
		Resource: call.repo + "/" + call.reference, Mutating: operation.mutating, Effect: operation.mutating && executed,
		Status: cmp.Or(observed.status, http.StatusOK), Bytes: call.received, Fault: fault.Kind}
	if failed != nil {
		entry.Code, entry.Status = failed.code, failed.status
	}
	if dropped {
		entry.Status = 0
	}
	s.env.Gateway.Calls.Add(entry)
	if dropped {
		wire.DropConnection(w)
		return nil
	}
	return failed
}

// perform does what the call asks for as far as the fault lets it.
func (s *Registry) perform(
	w http.ResponseWriter, as *wire.Call, call *request, fault wire.Fault, serve func(http.ResponseWriter) *problem,
) (executed bool, failed *problem) {
	switch fault.Kind {
	case wire.FaultDropBefore:
		// An unread request would let the caller's write fail in place of its read.
		_, _ = io.Copy(io.Discard, call.Body)
		return false, nil
	case wire.FaultError:
		return false, injected(fault.Error)
	}
	if failed = s.authorize(as, call); failed == nil {
		failed = serve(w)
	}
	executed = failed == nil
	if fault.Kind == wire.FaultErrorAfter {
		failed = injected(fault.Error)
	}
	return executed, failed
}

func injected(e *wire.Error) *problem { return &problem{e.Status, e.Code, e.Message} }

// authorize asks the identity policies of who the token belongs to. A layer's download address was
// authorized when it was made.
func (s *Registry) authorize(as *wire.Call, call *request) *problem {
	ask := s.env.Gateway.Authorize
	if ask == nil || call.ticket {
		return nil
	}
	if err := ask(as, "ecr:"+as.Operation, s.arn(call.repo)); err != nil {
		return &problem{http.StatusForbidden, "DENIED", err.Error()}
	}
	return nil
}
