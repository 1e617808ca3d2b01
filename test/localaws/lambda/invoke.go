package lambda

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"

	"github.com/aloft-dev/aloft/test/localaws/lambda/environment"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// Limits of payloads in bytes (Lambda quotas): 6 MB synchronous, 1 MB asynchronous.
const (
	maxRequest = 6 << 20
	maxEvent   = 1 << 20
)

type invokeInput struct {
	FunctionName   string `wire:",path,required"`
	Qualifier      string `wire:",query"`
	InvocationType string `wire:"X-Amz-Invocation-Type,header"`
	LogType        string `wire:"X-Amz-Log-Type,header"`
	ClientContext  string `wire:"X-Amz-Client-Context,header"`
	Payload        []byte `wire:",payload"`
}

type invokeOutput struct {
	StatusCode      int    `wire:",status"`
	FunctionError   string `wire:"X-Amz-Function-Error,header"`
	LogResult       string `wire:"X-Amz-Log-Result,header"`
	ExecutedVersion string `wire:"X-Amz-Executed-Version,header"`
	Payload         []byte `wire:",payload"`
}

func (l *Lambda) invokeOperation(_ context.Context, call *wire.Call, in *invokeInput) (*invokeOutput, error) {
	ref, err := l.refer(call, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if err := l.permit(call, ref); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	switch in.InvocationType {
	case "DryRun":
		call.NoEffect()
		return &invokeOutput{StatusCode: http.StatusNoContent}, nil
	case "Event":
		l.enqueue(ref, call.RequestID, call.Time, in.Payload)
		return &invokeOutput{StatusCode: http.StatusAccepted}, nil
	}
	// The caller may go away; the function goes on.
	result, version, err := l.run(ref,
		environment.Invocation{RequestID: call.RequestID, Payload: in.Payload, ClientContext: in.ClientContext,
			TraceID: call.HTTP.Header.Get("X-Amzn-Trace-Id")})
	if err != nil {
		return nil, err
	}
	out := &invokeOutput{StatusCode: http.StatusOK, ExecutedVersion: version, Payload: result.Payload}
	if result.Failed {
		out.FunctionError = "Unhandled"
	}
	if in.LogType == "Tail" {
		out.LogResult = base64.StdEncoding.EncodeToString(result.Log)
	}
	return out, nil
}

// check holds the limits and that the payload is JSON.
func (in *invokeInput) check() error {
	limit, name := maxRequest, "RequestResponse"
	if in.InvocationType == "Event" {
		limit, name = maxEvent, "Event"
	}
	if len(in.Payload) > limit {
		return user(http.StatusRequestEntityTooLarge, "RequestTooLargeException",
			fmt.Sprintf("%d byte payload is too large for the %s invocation type (limit %d bytes)", len(in.Payload), name,
				limit))
	}
	if len(in.Payload) == 0 {
		in.Payload = []byte("{}")
	}
	if !json.Valid(in.Payload) {
		return user(http.StatusBadRequest, "InvalidRequestContentException",
			"Could not parse request body into json: the payload is not JSON")
	}
	return nil
}

// permit finds what is invoked and asks its resource policy when a service invokes: the policy of exactly the
// qualifier that it names (AWS Lambda Developer Guide, configuration-aliases). Principals of the account itself need
// their identity policies only.
func (l *Lambda) permit(call *wire.Call, ref reference) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.find(ref)
	if err != nil {
		return err
	}
	if !f.exists(ref.qualifier) {
		return noFunction(l.arn(ref.String()))
	}
	if call.Principal.Service == "" || f.policies[invokeKey(ref.qualifier)].permits(call.Principal) {
		return nil
	}
	return &wire.Error{Status: http.StatusForbidden, Code: "AccessDeniedException",
		Message: "User: " + call.Principal.Name() +
			" is not authorized to perform: lambda:InvokeFunction on resource: " + l.arn(ref.String()) +
			" because no resource-based policy allows the lambda:InvokeFunction action"}
}

// run executes one request and says which version did.
func (l *Lambda) run(ref reference, in environment.Invocation) (environment.Result, string, error) {
	f, v, pool, err := l.admit(ref)
	if err != nil {
		return environment.Result{}, "", err
	}
	defer l.leave(f)
	in.FunctionARN = l.arn(ref.String())
	if in.TraceID == "" {
		in.TraceID = fmt.Sprintf("Root=1-%08x-%s;Sampled=0", l.env.Clock.Now().Unix(), newID()[:23])
	}
	result, err := pool.Invoke(in)
	if err != nil {
		return environment.Result{}, "", user(http.StatusInternalServerError, "ServiceException", err.Error())
	}
	return result, v, nil
}

// admit picks the version, holds its state and takes a place.
func (l *Lambda) admit(ref reference) (*function, string, *environment.Pool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.find(ref)
	if err != nil {
		return nil, "", nil, err
	}
	v := f.version(ref.qualifier)
	if a := f.aliases[ref.qualifier]; a != nil {
		v = f.version(a.choose(rand.Float64()))
	}
	if v == nil {
		return nil, "", nil, noFunction(l.arn(ref.String()))
	}
	if v.state != stateActive {
		return nil, "", nil, conflict(
			"The operation cannot be performed at this time. The function is currently in the following state: " + v.state,
		)
	}
	if err := l.enter(f); err != nil {
		return nil, "", nil, err
	}
	return f, v.number, v.pool, nil
}
