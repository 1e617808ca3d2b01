package jail

import (
	"encoding/json"
	"fmt"
)

// order is what the outside sends to the helper, one packet.
type order struct {
	Mode     Mode
	Root     string
	Dir      string
	Args     []string
	Env      []string
	TmpBytes int64
	Ports    []int
}

// report is what the helper answers: first "ready" together with the listening sockets, then, only if the program could
// not be started, the reason. A successful exec closes the connection.
type report struct {
	Ready bool   `json:",omitempty"`
	Error string `json:",omitempty"`
	Kind  string `json:",omitempty"`
}

const (
	kindEntrypoint = "entrypoint"
	kindWorkingDir = "working directory"
)

func (r report) err() error {
	switch r.Kind {
	case kindEntrypoint:
		return fmt.Errorf("%w: %s", ErrEntrypoint, r.Error)
	case kindWorkingDir:
		return fmt.Errorf("%w: %s", ErrWorkingDir, r.Error)
	default:
		return fmt.Errorf("isolating the environment: %s", r.Error)
	}
}

func (r report) encode() []byte {
	encoded, err := json.Marshal(r)
	if err != nil {
		return []byte(`{"Error":"encoding the report"}`)
	}
	return encoded
}
