package jail

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// image makes a root with one static program at /inside.
func image(t *testing.T) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "image")
	for _, name := range []string{"dev", "proc", "tmp", "etc", "work"} {
		if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "etc", "kept"), []byte("kept"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{"etc/secret": 0o600, "root": os.ModeDir | 0o700} {
		if mode.IsDir() {
			if err := os.Mkdir(filepath.Join(root, name), mode.Perm()); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte("root's"), mode); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", "build", "-o", filepath.Join(root, "inside"), "./testdata/inside")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the program: %v\n%s", err, out)
	}
	return root
}

func modes(t *testing.T) []Mode {
	t.Helper()
	if _, err := Available(); err != nil {
		t.Skipf("this machine isolates nothing: %v", err)
	}
	var list []Mode
	for _, mode := range []Mode{Namespaces, UserNamespace, Chroot} {
		if probe(mode) == nil {
			list = append(list, mode)
		}
	}
	return list
}

func TestAProgramSeesAnEnvironmentLikeLambdas(t *testing.T) {
	root := image(t)
	for _, mode := range modes(t) {
		t.Run(string(mode), func(t *testing.T) {
			var out bytes.Buffer
			process, err := start(Spec{Root: root, Dir: "/work", Args: []string{"/inside"}, Env: []string{"GREETING=hello"},
				TmpBytes: 1 << 20, Ports: []int{9001}, Stdout: &out, Stderr: os.Stderr}, mode)
			if err != nil {
				t.Fatal(err)
			}
			for _, listener := range process.Listeners {
				go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "served") }))
			}
			if err := <-process.Started; err != nil {
				t.Fatal(err)
			}
			<-process.Exited
			var seen map[string]string
			if err := json.Unmarshal(out.Bytes(), &seen); err != nil {
				t.Fatalf("reading %q: %v", out.String(), err)
			}
			want := map[string]string{"uid": "993", "env": "hello", "dir": "/work", "root": "no", "tmp": "yes", "shm": "no",
				"null": "yes", "kept": "no", "listen": "yes", "outside": "served", "files": "1024", "root's own": "no",
				"owner": "no", "hosts": "no", "2 MiB in /tmp": "no"}
			if mode == UserNamespace { // where the caller's own identity is the only one, and the image is its own
				want["uid"], want["root's own"] = "0", "yes"
			}
			if mode == Chroot { // where the machine says whether ports are privileged, and /tmp is a folder of it
				delete(want, "outside")
				want["2 MiB in /tmp"] = "yes"
				delete(seen, "privileged port")
			}
			if diff := cmp.Diff(want, seen); diff != "" {
				t.Errorf("what the program sees (-want +got):\n%s", diff)
			}
			if got := process.ExitStatus(); got != "exit status 7" {
				t.Errorf("the program ended with %q", got)
			}
			if _, err := os.Stat(filepath.Join(root, "tmp", "written")); err == nil {
				t.Error("/tmp is the image's own, not the environment's")
			}
		})
	}
}

func TestTwoEnvironmentsListenOnTheSamePort(t *testing.T) {
	mode := modes(t)[0]
	if mode == Chroot {
		t.Skip("this machine permits no network namespace")
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	root, port := image(t), taken.Addr().(*net.TCPAddr).Port
	for range 2 {
		process, err := Start(Spec{
			Root: root, Args: []string{"/inside", "sleep"}, TmpBytes: 1 << 20, Ports: []int{port}, Stdout: io.Discard,
			Stderr: io.Discard,
		})
		if err != nil {
			t.Fatalf("the host's port %d is not free inside: %v", port, err)
		}
		defer process.Kill()
		if err := <-process.Started; err != nil {
			t.Fatal(err)
		}
	}
}

func TestKillEndsTheProgram(t *testing.T) {
	root := image(t)
	for _, mode := range modes(t) {
		t.Run(string(mode), func(t *testing.T) {
			process, err := start(Spec{Root: root, Args: []string{"/inside", "sleep"}, TmpBytes: 1 << 20, Stdout: io.Discard,
				Stderr: io.Discard}, mode)
			if err != nil {
				t.Fatal(err)
			}
			if err := <-process.Started; err != nil {
				t.Fatal(err)
			}
			process.Kill()
			<-process.Exited
			if got := process.ExitStatus(); got != "signal: killed" {
				t.Errorf("the program ended with %q", got)
			}
		})
	}
}

func TestAProgramMayBeAskedToEnd(t *testing.T) {
	root := image(t)
	for _, mode := range modes(t) {
		t.Run(string(mode), func(t *testing.T) {
			said, out := io.Pipe()
			process, err := start(Spec{Root: root, Args: []string{"/inside", "obey"}, TmpBytes: 1 << 20, Stdout: out,
				Stderr: io.Discard}, mode)
			if err != nil {
				t.Fatal(err)
			}
			defer process.Kill()
			if _, err := io.ReadFull(said, make([]byte, len("ready\n"))); err != nil {
				t.Fatal(err)
			}
			process.Terminate()
			<-process.Exited
			if got := process.ExitStatus(); got != "exit status 5" {
				t.Errorf("the program ended with %q", got)
			}
		})
	}
}

func TestWhatCannotStartSaysWhy(t *testing.T) {
	root := image(t)
	mode := modes(t)[0]
	for name, tc := range map[string]struct {
		spec Spec
		want error
	}{
		"absent program":           {Spec{Args: []string{"/absent"}}, ErrEntrypoint},
		"relative program":         {Spec{Args: []string{"inside"}}, ErrEntrypoint},
		"not executable":           {Spec{Args: []string{"/etc/kept"}}, ErrEntrypoint},
		"absent working directory": {Spec{Args: []string{"/inside"}, Dir: "/absent"}, ErrWorkingDir},
		"root's working directory": {Spec{Args: []string{"/inside"}, Dir: "/root"}, ErrWorkingDir},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.spec.Dir == "/root" && mode == UserNamespace {
				t.Skip("the caller's own identity is the only one, and the image is its own")
			}
			tc.spec.Root, tc.spec.TmpBytes, tc.spec.Stdout, tc.spec.Stderr = root, 1<<20, io.Discard, io.Discard
			process, err := Start(tc.spec)
			if err != nil {
				t.Fatal(err)
			}
			if err := <-process.Started; !errors.Is(err, tc.want) {
				t.Errorf("starting: %v, want %v", err, tc.want)
			}
			<-process.Exited
		})
	}
}

func BenchmarkStart(b *testing.B) {
	root := b.TempDir()
	for _, name := range []string{"dev", "proc", "tmp"} {
		if err := os.Mkdir(filepath.Join(root, name), 0o755); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		process, err := Start(Spec{
			Root: root, Args: []string{"/absent"}, TmpBytes: 1 << 20, Ports: []int{9001}, Stdout: io.Discard, Stderr: io.Discard,
		})
		if err != nil {
			b.Fatal(err)
		}
		<-process.Started
		<-process.Exited
	}
}
