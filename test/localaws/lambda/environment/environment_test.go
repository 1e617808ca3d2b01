package environment

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/aloft-dev/aloft/test/localaws/lambda/jail"
)

var image = sync.OnceValues(func() (string, error) {
	root, err := os.MkdirTemp("", "aloft-image-")
	if err != nil {
		return "", err
	}
	for _, name := range []string{"dev", "proc", "tmp"} {
		if err := os.Mkdir(filepath.Join(root, name), 0o755); err != nil {
			return "", err
		}
	}
	build := exec.Command("go", "build", "-o", filepath.Join(root, "bootstrap"), "./testdata/bootstrap")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return root, os.Chmod(root, 0o755)
})

func TestMain(m *testing.M) {
	code := m.Run()
	if root, err := image(); err == nil {
		os.RemoveAll(root)
	}
	os.Exit(code)
}

type logged struct {
	mu    sync.Mutex
	lines []string
}

func (l *logged) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

func pool(t *testing.T, change func(*Function)) (*Pool, *logged) {
	t.Helper()
	if _, err := jail.Available(); err != nil {
		t.Skip(err)
	}
	root, err := image()
	if err != nil {
		t.Fatal(err)
	}
	lines := &logged{}
	host := &Host{Endpoint: func() string { return "http://127.0.0.1:4599" }, Now: time.Now, Idle: time.Hour,
		Logs: func(_, _ string, _ time.Time, line string) {
			lines.mu.Lock()
			defer lines.mu.Unlock()
			lines.lines = append(lines.lines, line)
		}}
	host.Open(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "local AWS at "+r.URL.Path) }))
	f := &Function{Name: "f", Version: "7", Region: "eu-central-1", MemoryMiB: 128, Timeout: 20 * time.Second,
		TmpBytes: 1 << 20, LogGroup: "/aws/lambda/f",
		Root: root, Args: []string{"/bootstrap"}, Env: map[string]string{},
		Credentials: func() (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "ASIA", SecretAccessKey: "s", SessionToken: "t"}, nil
		}}
	if change != nil {
		change(f)
	}
	p := NewPool(host, f)
	t.Cleanup(func() { p.Kill(); host.Close() })
	return p, lines
}

func invoke(t *testing.T, p *Pool, event string) Result {
	t.Helper()
	got, err := p.Invoke(Invocation{
		RequestID: "id-1", FunctionARN: "arn:f:live", Payload: []byte(event), TraceID: "Root=1",
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestAnIdleEnvironmentIsUsedAgain(t *testing.T) {
	p, _ := pool(t, nil)
	first, second := invoke(t, p, `{}`), invoke(t, p, `{}`)
	if first.Stream != second.Stream || p.Size() != 1 {
		t.Errorf("streams %q and %q in %d environments, want one", first.Stream, second.Stream, p.Size())
	}
	if !strings.Contains(string(second.Payload), `"count":2`) {
		t.Errorf("the second answer is %s", second.Payload)
	}
}

func TestConcurrentRequestsHaveAnEnvironmentEach(t *testing.T) {
	p, _ := pool(t, nil)
	streams := sync.Map{}
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() { streams.Store(invoke(t, p, `{"seconds":0.5}`).Stream, true) })
	}
	group.Wait()
	count := 0
	streams.Range(func(any, any) bool { count++; return true })
	if count != 3 {
		t.Errorf("%d environments answered, want 3", count)
	}
}

func TestTheProcessSeesLambdasEnvironment(t *testing.T) {
	p, _ := pool(t, func(f *Function) {
		f.Env = map[string]string{"MINE": "function", "AWS_REGION": "elsewhere"}
		f.ImageEnv = []string{"MINE=image", "THEIRS=image"}
	})
	result := invoke(t, p, `{"do":"env"}`)
	var seen map[string]string
	if err := json.Unmarshal(result.Payload, &seen); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"MINE": "function", "THEIRS": "image", "AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1",
		"AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_VERSION": "7", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
		"AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f", "AWS_LAMBDA_LOG_STREAM_NAME": result.Stream,
		"AWS_ENDPOINT_URL": "http://127.0.0.1:4599", "AWS_ACCESS_KEY_ID": "ASIA", "AWS_SECRET_ACCESS_KEY": "s",
		"AWS_SESSION_TOKEN": "t", "LAMBDA_TASK_ROOT": "/var/task", "TZ": ":UTC",
	} {
		if seen[name] != want {
			t.Errorf("%s is %q, want %q", name, seen[name], want)
		}
	}
	if want := time.Now().UTC().Format("2006/01/02") + "/[7]"; !strings.HasPrefix(result.Stream, want) {
		t.Errorf("the log stream is %q, want the prefix %q", result.Stream, want)
	}
}

func TestTheProcessReachesTheLocalAWS(t *testing.T) {
	p, _ := pool(t, nil)
	if got := string(invoke(t, p, `{"do":"fetch","text":"/somewhere"}`).Payload); got != `"local AWS at /somewhere"` {
		t.Errorf("the endpoint answered %s", got)
	}
}

func TestFailuresHaveLambdasPayloads(t *testing.T) {
	for name, tc := range map[string]struct {
		reason, event, init string
		timeout             time.Duration
		args                []string
		want                string
	}{
		"the function's own error": {"it is handed on as posted", `{"do":"fail"}`, "", 0, nil,
			`{"errorType":"App.Broken","errorMessage":"it broke"}`},
		"timeout": {"the environment is killed", `{"seconds":60}`, "", time.Second, nil,
			`{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: id-1 Error: Task timed out after 1.00 seconds"}`},
		"exit": {"an exit before the answer ends the invocation", `{"do":"exit"}`, "", 0, nil,
			`{"errorType":"Runtime.ExitError",` +
				`"errorMessage":"RequestId: id-1 Error: Runtime exited with error: exit status 1"}`},
		"exit during init": {"the init phase is repeated, then reported", `{}`, "exit", 0, nil,
			`{"errorType":"Runtime.ExitError",` +
				`"errorMessage":"RequestId: id-1 Error: Runtime exited with error: exit status 3"}`},
		"init error": {"what the runtime posts is the answer", `{}`, "error", 0, nil,
			`{"errorType":"App.NoConfig","errorMessage":"the configuration is missing"}`},
		"no such program": {"the entry point is not in the image", `{}`, "", 0, []string{"/absent"},
			`{"errorType":"Runtime.InvalidEntrypoint","errorMessage":"RequestId: id-1 Error: fork/exec /absent: no such file ` +
				`or directory"}`},
		"too large": {"6 MB is the most", `{"do":"big","bytes":6300000}`, "", 0, nil,
			`{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size (6300002 bytes) exceeded ` +
				`maximum allowed payload size (6291556 bytes)."}`},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := pool(t, func(f *Function) {
				f.Env["INIT"] = tc.init
				if tc.timeout > 0 {
					f.Timeout = tc.timeout
				}
				if tc.args != nil {
					f.Args = tc.args
				}
			})
			got := invoke(t, p, tc.event)
			if !got.Failed || string(got.Payload) != tc.want {
				t.Errorf("%s: failed %v with\n%.300s\nwant\n%s", tc.reason, got.Failed, got.Payload, tc.want)
			}
		})
	}
}

func TestAnInitPhaseThatFailedIsRepeatedInsideTheInvocation(t *testing.T) {
	p, lines := pool(t, func(f *Function) { f.Env["INIT"] = "exit" })
	invoke(t, p, `{}`)
	for _, want := range []string{"Phase: init\tStatus: error", "Phase: invoke\tStatus: error"} {
		if !strings.Contains(lines.text(), want) {
			t.Errorf("the log lacks %q: %s", want, lines.text())
		}
	}
	p, lines = pool(t, func(f *Function) { f.Env["INIT"] = "slow" })
	p.host.shortInit = 10 * time.Millisecond
	if got := invoke(t, p, `{}`); got.Failed {
		t.Errorf("an init phase longer than its limit but within the timeout failed: %s", got.Payload)
	}
	if !strings.Contains(lines.text(), "Phase: init\tStatus: timeout") {
		t.Errorf("the log lacks the init phase's timeout: %s", lines.text())
	}
	p, _ = pool(t, func(f *Function) { f.Env["INIT"] = "hang"; f.Timeout = time.Second })
	p.host.shortInit = 10 * time.Millisecond
	if got := invoke(t, p, `{}`); !got.Failed || !strings.Contains(string(got.Payload), "Sandbox.Timedout") {
		t.Errorf("an init phase without an end answered %s", got.Payload)
	}
}

func TestAFailedEnvironmentIsReplaced(t *testing.T) {
	p, _ := pool(t, nil)
	first := invoke(t, p, `{"do":"exit"}`)
	second := invoke(t, p, `{}`)
	if second.Failed || second.Stream == first.Stream {
		t.Errorf("after an exit: failed %v in %q, want a new environment", second.Failed, second.Stream)
	}
}

func TestAnInvocationHandsBackTheEndOfItsLog(t *testing.T) {
	p, lines := pool(t, nil)
	invoke(t, p, `{"do":"log","text":"first"}`)
	got := string(invoke(t, p, `{"do":"log","text":"second"}`).Log)
	if !strings.Contains(
		got, "START RequestId: id-1 Version: 7\nsecond\nEND RequestId: id-1\nREPORT RequestId: id-1\t",
	) || strings.Contains(got, "first") {
		t.Errorf("the log's tail is %q", got)
	}
	if !strings.Contains(lines.text(), "first\n") || !strings.Contains(lines.text(), "Init Duration: ") {
		t.Errorf("the log is %q", lines.text())
	}
}

func TestRetiringAPoolEndsItsEnvironments(t *testing.T) {
	p, _ := pool(t, nil)
	invoke(t, p, `{}`)
	p.Retire()
	if p.Size() != 0 {
		t.Errorf("%d environments are left", p.Size())
	}
}

func TestIdleEnvironmentsAreReaped(t *testing.T) {
	p, _ := pool(t, nil)
	p.host.Idle = time.Millisecond
	invoke(t, p, `{}`)
	for p.Size() > 0 {
		time.Sleep(time.Millisecond)
	}
}

func BenchmarkColdStart(b *testing.B) {
	root, err := image()
	if err != nil {
		b.Fatal(err)
	}
	host := &Host{Endpoint: func() string { return "" }, Now: time.Now, Idle: time.Hour,
		Logs: func(string, string, time.Time, string) {}}
	f := &Function{Name: "f", Version: "1", Timeout: time.Minute, TmpBytes: 1 << 20, Root: root,
		Args: []string{"/bootstrap"}, Credentials: func() (aws.Credentials, error) { return aws.Credentials{}, nil }}
	for b.Loop() {
		p := NewPool(host, f)
		if _, err := p.Invoke(Invocation{RequestID: "1", Payload: []byte(`{}`)}); err != nil {
			b.Fatal(err)
		}
		p.Kill()
	}
}

func BenchmarkWarmInvoke(b *testing.B) {
	root, err := image()
	if err != nil {
		b.Fatal(err)
	}
	host := &Host{Endpoint: func() string { return "" }, Now: time.Now, Idle: time.Hour,
		Logs: func(string, string, time.Time, string) {}}
	f := &Function{Name: "f", Version: "1", Timeout: time.Minute, TmpBytes: 1 << 20, Root: root,
		Args: []string{"/bootstrap"}, Credentials: func() (aws.Credentials, error) { return aws.Credentials{}, nil }}
	p := NewPool(host, f)
	defer p.Kill()
	for b.Loop() {
		if _, err := p.Invoke(Invocation{RequestID: "1", Payload: []byte(`{}`)}); err != nil {
			b.Fatal(err)
		}
	}
}
