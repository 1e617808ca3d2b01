// Package boot finds out what the function is to be: its role, the image's own start, and the configuration of its
// stage.
//
// It encodes where these come from: the function's variables, and the file that Aloft leaves in an image when it
// appends the runtime.
package boot

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/aloft-dev/aloft/api/function"
)

// ReadStart reads the image's own start. An image that holds the runtime itself has no such file: its command is the
// arguments that the runtime was started with.
func ReadStart(path string, arguments []string) (function.Start, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		dir, err := os.Getwd()
		if err != nil {
			return function.Start{}, fmt.Errorf("reading the working directory: %w", err)
		}
		return function.Start{Cmd: arguments, WorkingDir: dir}, nil
	}
	if err != nil {
		return function.Start{}, fmt.Errorf("reading the image's start: %w", err)
	}
	var start function.Start
	if err := json.Unmarshal(raw, &start); err != nil {
		return function.Start{}, fmt.Errorf("reading the image's start from %s: %w", path, err)
	}
	return start, nil
}

// RoleOf is the role that a variable names, or else the end of the function's name.
func RoleOf(role, functionName string) (string, error) {
	if role == "" {
		role = functionName[strings.LastIndexByte(functionName, '-')+1:]
	}
	switch role {
	case function.RoleHTTP, function.RoleCLI, function.RoleQueue:
		return role, nil
	}
	return "", fmt.Errorf("the function %q has no role: set %s to %s, %s or %s, or let its name end in one of them",
		functionName, function.VariableRole, function.RoleHTTP, function.RoleCLI, function.RoleQueue)
}
