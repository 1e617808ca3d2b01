package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binaries are built once: the runtime as it is shipped, the runtime for a host where /opt/aloft may hold another
// start, and the application of the tests.
var binaries = sync.OnceValues(func() (folder string, err error) {
	folder, err = os.MkdirTemp("", "aloft-runtime-test-")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(folder, 0o755); err != nil { // also for the other user of startAs
		return "", err
	}
	start := filepath.Join(folder, "start.json")
	for name, arguments := range map[string][]string{
		"app":     {"./testdata/app"},
		"shipped": {"-ldflags", "-s -w", "."},
		"runtime": {"-ldflags", "-s -w -X main.startFile=" + start, "."},
	} {
		build := exec.Command("go", slices.Concat([]string{
			"build", "-trimpath", "-buildvcs=false", "-o", filepath.Join(folder, name),
		}, arguments)...)
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
		if output, err := build.CombinedOutput(); err != nil {
			return "", fmt.Errorf("building %s: %w\n%s", name, err, output)
		}
	}
	return folder, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if folder, err := binaries(); err == nil {
		os.RemoveAll(folder)
	}
	os.Exit(code)
}

// running is a function environment of a test: the real runtime as a process, with a Runtime API of its own.
type running struct {
	api    *runtimeAPI
	cmd    *exec.Cmd
	exited chan struct{}
	notes  string
	port   string

	mu     sync.Mutex
	stderr bytes.Buffer
}

// start starts the runtime in front of the test's application.
func start(t *testing.T, environment map[string]string, application ...string) *running {
	t.Helper()
	return startAs(t, nil, environment, application...)
}

// startAs starts it as another user.
func startAs(
	t *testing.T, user *syscall.Credential, environment map[string]string, application ...string,
) *running {
	t.Helper()
	folder, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	f := &running{
		api: newRuntimeAPI(t), exited: make(chan struct{}), notes: filepath.Join(t.TempDir(), "notes"),
		port: freePort(t),
	}
	all := map[string]string{
		"PATH": os.Getenv("PATH"), "AWS_LAMBDA_RUNTIME_API": f.api.address(), "AWS_LAMBDA_FUNCTION_NAME": "demo-http",
		"AWS_LAMBDA_FUNCTION_VERSION": "7", "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/21/[7]stream",
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example",
		"ALOFT_HTTP_PORT": f.port, "NOTES": f.notes,
	}
	maps.Copy(all, environment)
	f.cmd = exec.Command(filepath.Join(folder, "runtime"),
		append([]string{filepath.Join(folder, "app")}, application...)...)
	for name, value := range all {
		f.cmd.Env = append(f.cmd.Env, name+"="+value)
	}
	f.cmd.Stderr, f.cmd.Stdout = f, f
	f.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: user}
	if err := f.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		f.cmd.Wait()
		close(f.exited)
	}()
	t.Cleanup(func() {
		f.cmd.Process.Kill()
		<-f.exited
		if t.Failed() {
			t.Logf("the runtime's output:\n%s", f.output())
		}
	})
	return f
}

// appPath is the application of the tests.
func appPath(t *testing.T) string {
	folder, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(folder, "app")
}

func (f *running) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stderr.Write(p)
}

func (f *running) output() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stderr.String()
}

// noted are the lines that the application's processes left.
func (f *running) noted(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile(f.notes)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
}

func (f *running) terminate(t *testing.T) int {
	t.Helper()
	if err := f.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-f.exited:
	case <-time.After(patience):
		t.Fatalf("the runtime does not end:\n%s", f.output())
	}
	return f.cmd.ProcessState.ExitCode()
}

func freePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

// decode reads JSON into a new T.
func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var value T
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return value
}
