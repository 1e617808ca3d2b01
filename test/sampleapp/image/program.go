package image

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

const programPackage = "github.com/aloft-dev/aloft/test/sampleapp"

// Program builds the application for linux and an architecture (amd64, arm64) into the folder cache and returns the
// path of the file. It works inside a checkout of the project; a file that is up to date is left as it is.
func Program(ctx context.Context, cache, arch string) (string, error) {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("making the folder for the program: %w", err)
	}
	path, err := filepath.Abs(filepath.Join(cache, "sampleapp-linux-"+arch))
	if err != nil {
		return "", err
	}
	unlock, err := lock(path + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", path,
		programPackage)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOFLAGS=")
	var output bytes.Buffer
	build.Stdout, build.Stderr = &output, &output
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("building the sample application: %w\n%s", err, output.Bytes())
	}
	return path, nil
}

// lock keeps two processes from building into the same file.
func lock(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("locking the program: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("locking the program: %w", err)
	}
	return func() { _ = file.Close() }, nil
}
