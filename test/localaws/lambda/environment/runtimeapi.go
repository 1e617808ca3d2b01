package environment

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// MaxResponse is the most bytes that a function may answer with: 6 MB and a little for the envelope.
const MaxResponse = 6*1024*1024 + 100

// task is an invocation on its way through one environment.
type task struct {
	Invocation
	deadline time.Time
	// done receives the answer once.
	done chan answer
}

type answer struct {
	payload []byte
	failed  bool
}

// runtimeAPI is what the process talks to (AWS Lambda Developer Guide, runtimes-api).
func (e *environment) runtimeAPI() http.Handler {
	const base = "/2018-06-01/runtime/"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base+"invocation/next", e.next)
	mux.HandleFunc("POST "+base+"invocation/{id}/response", e.response)
	mux.HandleFunc("POST "+base+"invocation/{id}/error", e.failure)
	mux.HandleFunc("POST "+base+"init/error", e.initError)
	mux.HandleFunc("POST "+extensionBase+"register", e.register)
	mux.HandleFunc("GET "+extensionBase+"event/next", e.rest)
	return mux
}

// next waits for work. Asking says that the init phase, or the invocation before, is over.
func (e *environment) next(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	busy := e.current != nil
	e.mu.Unlock()
	if busy {
		refuse(w, http.StatusForbidden, "InvalidStateTransition",
			"Transition from Running to Ready is not allowed: the invocation has no response yet")
		return
	}
	if !e.extension.resting(r.Context()) {
		return
	}
	select {
	case e.waiting <- struct{}{}:
	default:
	}
	var t *task
	select {
	case t = <-e.work:
	case <-r.Context().Done():
		return
	}
	e.mu.Lock()
	e.current = t
	e.mu.Unlock()
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Lambda-Runtime-Aws-Request-Id", t.RequestID)
	header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(t.deadline.UnixMilli(), 10))
	header.Set("Lambda-Runtime-Invoked-Function-Arn", t.FunctionARN)
	header.Set("Lambda-Runtime-Trace-Id", t.TraceID)
	if t.ClientContext != "" {
		header.Set("Lambda-Runtime-Client-Context", t.ClientContext)
	}
	_, _ = w.Write(t.Payload)
}

func (e *environment) response(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxResponse+1))
	if err != nil {
		refuse(w, http.StatusBadRequest, "InvalidRequest", err.Error())
		return
	}
	a := answer{payload: body}
	if len(body) > MaxResponse {
		rest, _ := io.Copy(io.Discard, r.Body)
		a = answer{payload: problem("Function.ResponseSizeTooLarge",
			fmt.Sprintf("Response payload size (%d bytes) exceeded maximum allowed payload size (%d bytes).",
				int64(len(body))+rest, MaxResponse)), failed: true}
	}
	if r.Trailer.Get("Lambda-Runtime-Function-Error-Type") != "" {
		a.failed = true
	}
	if !e.finish(w, r.PathValue("id"), a) {
		return
	}
	if len(body) > MaxResponse {
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge",
			"Exceeded maximum allowed payload size ("+strconv.Itoa(MaxResponse)+" bytes).")
		return
	}
	accept(w)
}

func (e *environment) failure(w http.ResponseWriter, r *http.Request) {
	body, err := errorBody(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, "InvalidRequest", err.Error())
		return
	}
	if e.finish(w, r.PathValue("id"), answer{payload: body, failed: true}) {
		accept(w)
	}
}

func (e *environment) initError(w http.ResponseWriter, r *http.Request) {
	body, err := errorBody(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, "InvalidRequest", err.Error())
		return
	}
	select {
	case e.failed <- body:
	default:
	}
	accept(w)
}

// errorBody is what the process says of its failure; without one, its header tells the type.
func errorBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxResponse))
	if err != nil {
		return nil, err
	}
	if len(body) > 0 && !json.Valid(body) {
		return nil, errors.New("the error is not JSON")
	}
	if len(body) == 0 {
		body = problem(r.Header.Get("Lambda-Runtime-Function-Error-Type"), "")
	}
	return body, nil
}

func (e *environment) finish(w http.ResponseWriter, id string, a answer) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.current == nil || e.current.RequestID != id {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return false
	}
	e.current.done <- a
	e.current = nil
	return true
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

func refuse(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(problem(kind, message))
}

// problem is the payload of a failed function.
func problem(kind, message string) []byte {
	encoded, err := json.Marshal(struct {
		ErrorType    string `json:"errorType"`
		ErrorMessage string `json:"errorMessage"`
	}{kind, message})
	if err != nil {
		return []byte(`{"errorType":"Unknown"}`)
	}
	return encoded
}
