// Package boot finds out what the function is to be: its role, the image's own start, and the configuration of its stage.
//
// It encodes where these come from: the function's variables, and the file that Aloft leaves in an image when it appends the runtime.
package boot

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// StartFile is where the layer that Aloft appends keeps the image's own start.
const StartFile = "/opt/aloft/runtime.json"

// Start is what the image itself would have started.
type Start struct {
	Entrypoint []string `json:"entrypoint"`
	Cmd        []string `json:"cmd"`
	WorkingDir string   `json:"workingDir"`
	User       string   `json:"user"`
}

// Command is the whole argument vector.
func (s Start) Command() []string { return slices.Concat(s.Entrypoint, s.Cmd) }

// ReadStart reads the image's own start. An image that holds the runtime itself has no such file: its command is the arguments
// that the runtime was started with.
func ReadStart(path string, arguments []string) (Start, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		dir, err := os.Getwd()
		if err != nil {
			return Start{}, fmt.Errorf("reading the working directory: %w", err)
		}
		return Start{Cmd: arguments, WorkingDir: dir}, nil
	}
	if err != nil {
		return Start{}, fmt.Errorf("reading the image's start: %w", err)
	}
	var start Start
	if err := json.Unmarshal(raw, &start); err != nil {
		return Start{}, fmt.Errorf("reading the image's start from %s: %w", path, err)
	}
	return start, nil
}

// Role is what a function does.
type Role string

// The roles.
const (
	HTTP  Role = "http"
	CLI   Role = "cli"
	Queue Role = "queue"
)

// RoleOf is the role that ALOFT_ROLE names, or else the end of the function's name.
func RoleOf(role, functionName string) (Role, error) {
	if role == "" {
		role = functionName[strings.LastIndexByte(functionName, '-')+1:]
	}
	switch Role(role) {
	case HTTP, CLI, Queue:
		return Role(role), nil
	}
	return "", fmt.Errorf("the function %q has no role: set ALOFT_ROLE to http, cli or queue, or let its name end in one of them", functionName)
}
