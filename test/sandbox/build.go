package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// root is the checkout that this runs in.
func root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the checkout: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "PROJECT")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New(
				"the sandbox builds the function runtime and the sample application: run it inside a checkout of Aloft",
			)
		}
		dir = parent
	}
}

func binDir() (string, error) {
	dir, err := root()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "bin"), os.MkdirAll(filepath.Join(dir, "bin"),
		0o755) //nolint:gosec // programs, for everyone to run
}

// build makes a static program. Two processes may ask at the same time: it is written beside and renamed.
func build(ctx context.Context, path, pkg string) error {
	dir, err := root()
	if err != nil {
		return err
	}
	partial := fmt.Sprintf("%s.%d", path, os.Getpid())
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", partial,
		pkg) //nolint:gosec // fixed words
	command.Dir = dir
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOFLAGS=")
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", pkg, err, output.Bytes())
	}
	return os.Rename(partial, path)
}
