package wire

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
)

// Gateway takes API calls through authentication, quotas, faults, latency, authorization, decoding, the handler and the
// log.
type Gateway struct {
	AccountID  string
	Region     string
	Clock      Clock
	Identities *Identities
	Calls      *Recorder
	Latencies  *Latencies
	Quotas     *Quotas
	Faults     *Faults
	// Authorize asks the identity policies; nil means that everybody may do everything.
	Authorize func(call *Call, action, resource string) error
	// Unknown hears of every operation or parameter that the local AWS does not know.
	Unknown func(call *Call, e *Error)
}

// Serve answers one call to a service.
func (g *Gateway) Serve(w http.ResponseWriter, r *http.Request, s *Service) {
	if s.Rewrite != nil {
		r = s.Rewrite(r)
	}
	call := &Call{
		Service: s.Name, RequestID: NewRequestID(), AccountID: g.AccountID, Region: g.Region,
		Time: g.Clock.Now(), HTTP: r, authorize: g.Authorize,
	}
	a := g.answer(r.Context(), s, call)
	g.Calls.Add(a.record(g, call))
	if a.fault == FaultDropBefore || a.fault == FaultLoseAnswer {
		closeBody(a.response)
		DropConnection(w)
		return
	}
	send(w, r, call, a.response)
}

// answer is everything that became of a call.
type answer struct {
	op       *Operation
	response *Response
	err      *Error
	fault    FaultKind
	params   string
	executed bool
}

func (a *answer) refuse(s *Service, call *Call, err error) *answer {
	a.err = asError(err)
	a.response = s.Protocol.fail(s, call, a.err)
	return a
}

func (a *answer) record(g *Gateway, call *Call) Record {
	r := Record{
		Time: call.Time, Duration: g.Clock.Now().Sub(call.Time), Service: call.Service, Operation: call.Operation,
		Principal: call.Principal, Resource: call.resource, Params: a.params, Bytes: call.bytes, Fault: a.fault,
		RequestID: call.RequestID,
	}
	r.Mutating = a.op != nil && a.op.Mutating
	r.Effect = r.Mutating && a.executed && !call.noEffect
	if a.err != nil {
		r.Code = a.err.Code
	}
	if a.response != nil && a.fault != FaultDropBefore && a.fault != FaultLoseAnswer {
		r.Status = a.response.Status
	}
	return r
}

func (g *Gateway) answer(ctx context.Context, s *Service, call *Call) *answer {
	a := &answer{}
	if s.Protocol.inBody() {
		if err := call.readBody(); err != nil {
			return a.refuse(s, call, err)
		}
	}
	op, err := s.Protocol.find(s, call)
	if err != nil {
		a.refuse(s, call, err)
		g.unknown(call, a.err)
		return a
	}
	a.op, call.Operation = op, op.Name
	if failure := g.authenticate(call); failure != "" {
		return a.refuse(s, call, s.Protocol.authError(failure))
	}
	if !g.Quotas.take(call) {
		return a.refuse(s, call, s.Protocol.throttled())
	}
	fault, err := g.Disturb(ctx, call)
	a.fault = fault.Kind
	if err != nil {
		return a.refuse(s, call, err)
	}
	if a.fault == FaultDropBefore {
		// An unread request would let the caller's write fail in place of its read.
		_, _ = io.Copy(io.Discard, call.HTTP.Body)
		return a
	}
	if a.fault == FaultError {
		return a.refuse(s, call, fault.Error)
	}
	g.execute(ctx, s, call, a)
	if a.fault == FaultErrorAfter {
		closeBody(a.response)
		return a.refuse(s, call, fault.Error)
	}
	return a
}

func (g *Gateway) unknown(call *Call, e *Error) {
	if g.Unknown != nil {
		g.Unknown(call, e)
	}
}

// Disturb waits a call's latency and gives the fault that hits it, whose kind is empty for none. A data plane, whose
// requests do not come through Serve, asks it for itself.
func (g *Gateway) Disturb(ctx context.Context, call *Call) (Fault, error) {
	fault := g.Faults.take(call)
	d := g.Latencies.Of(call.Service, call.Operation)
	if fault.Kind == FaultDelay {
		d += fault.Delay
	}
	if d == 0 {
		return fault, nil
	}
	return fault, g.Clock.Sleep(ctx, d)
}

func (g *Gateway) execute(ctx context.Context, s *Service, call *Call, a *answer) {
	in, err := g.input(s, a.op, call)
	a.params = call.digest()
	if err != nil {
		a.refuse(s, call, err)
		g.unknown(call, a.err)
		return
	}
	if err := g.authorizeCall(s, call, in); err != nil {
		a.refuse(s, call, err)
		return
	}
	out, err := a.op.handle(ctx, call, in)
	if err != nil {
		a.refuse(s, call, err)
		return
	}
	a.executed = true
	if raw, ok := out.(*Response); ok {
		a.response = raw
	} else if a.response, err = s.Protocol.result(s, a.op, call, out); err != nil {
		a.refuse(s, call, err)
		return
	}
	if a.response.Status == 0 {
		a.response.Status = http.StatusOK
		if a.op.Success != 0 {
			a.response.Status = a.op.Success
		}
	}
}

func (g *Gateway) input(s *Service, op *Operation, call *Call) (any, error) {
	if op.streams {
		return nil, s.hold(op, call.input(nil, true))
	}
	if err := call.readBody(); err != nil {
		return nil, err
	}
	in := reflect.New(op.input).Interface()
	return in, s.Protocol.decode(s, op, call, in)
}

func (g *Gateway) authorizeCall(s *Service, call *Call, in any) error {
	if g.Authorize == nil {
		return nil
	}
	action, resource := "", ""
	if s.Action != nil {
		action = s.Action(call)
	}
	if action == "-" {
		return nil
	}
	if action == "" {
		action = s.ActionPrefix + ":" + call.Operation
	}
	if s.Resource != nil {
		resource = s.Resource(call, in)
	}
	if resource == "" {
		resource = "*"
	}
	err := g.Authorize(call, action, resource)
	if e := new(Error); errors.As(err, &e) {
		e.Code = s.Protocol.deniedCode()
	}
	return err
}

// NewRequestID is a request id as most services make them.
func NewRequestID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
