package function

// StartPath is the file in an image that holds its Start.
const StartPath = "/opt/aloft/runtime.json"

// Start is what an image would have started by itself: the operator writes it when it puts the runtime into the image,
// and the runtime starts it.
type Start struct {
	Entrypoint []string `json:"entrypoint"`
	Cmd        []string `json:"cmd"`
	WorkingDir string   `json:"workingDir"`
	User       string   `json:"user"`
	// StopSignal asks the program to end, by its number or its name; without one it is SIGTERM.
	StopSignal string `json:"stopSignal,omitempty"`
}
