package localaws

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// CallsPath answers the call log, to whoever compares what two clients do: a JSON list of records, those after a number
// alone with ?since=. No bucket can have its name.
const CallsPath = "/_localaws/calls"

// call is a record as CallsPath answers it.
type call struct {
	Seq        uint64    `json:"seq"`
	Time       time.Time `json:"time"`
	DurationMs float64   `json:"durationMs"`
	Service    string    `json:"service"`
	Operation  string    `json:"operation"`
	Principal  string    `json:"principal,omitempty"`
	Resource   string    `json:"resource,omitempty"`
	Params     string    `json:"params"`
	Mutating   bool      `json:"mutating"`
	Effect     bool      `json:"effect"`
	Code       string    `json:"code,omitempty"`
	Status     int       `json:"status"`
	Bytes      int64     `json:"bytes,omitempty"`
	RequestID  string    `json:"requestId"`
}

func (s *Server) answerCalls(w http.ResponseWriter, r *http.Request) {
	var since uint64
	if text := r.URL.Query().Get("since"); text != "" {
		var err error
		if since, err = strconv.ParseUint(text, 10, 64); err != nil {
			http.Error(w, "since is the number of a call, as in seq", http.StatusBadRequest)
			return
		}
	}
	calls := []call{}
	for _, record := range s.Calls().Since(since) {
		calls = append(calls, callOf(record))
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(calls)
}

func callOf(r wire.Record) call {
	return call{
		Seq: r.Seq, Time: r.Time, DurationMs: float64(r.Duration.Microseconds()) / 1000, Service: r.Service,
		Operation: r.Operation, Principal: r.Principal.Name(), Resource: r.Resource, Params: r.Params, Mutating: r.Mutating,
		Effect: r.Effect, Code: r.Code, Status: r.Status, Bytes: r.Bytes, RequestID: r.RequestID,
	}
}
