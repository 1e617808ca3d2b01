package phase_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/image"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/lambda/jail"
	sample "github.com/aloft-dev/aloft/test/sampleapp/image"
)

// programs are the sample application's builder and the function runtime, built once for all tests of the package.
var programs = sync.OnceValues(buildPrograms)

// folder of the programs, removed when the tests have ended.
var folder string

func TestMain(m *testing.M) {
	code := m.Run()
	if folder != "" {
		_ = os.RemoveAll(folder)
	}
	os.Exit(code)
}

func buildPrograms() (*sample.Builder, error) {
	made, err := os.MkdirTemp("", "aloft-phase-")
	if err != nil {
		return nil, err
	}
	folder = made
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", runtimeFile(),
		"github.com/aloft-dev/aloft/cmd/runtime")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if output, err := build.CombinedOutput(); err != nil {
		return nil, errors.Join(err, errors.New(string(output)))
	}
	return sample.NewBuilder(context.Background(), folder, runtime.GOARCH)
}

func runtimeFile() string { return filepath.Join(folder, "runtime") }

// starting is a stage whose functions are a build of the sample application, in containers that really start.
func starting(t *testing.T, variant sample.Variant) *stage {
	t.Helper()
	if _, err := jail.Available(); err != nil {
		t.Skip(err)
	}
	builder, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	plain, err := builder.Image(variant)
	if err != nil {
		t.Fatal(err)
	}
	program, err := image.RuntimeFromFile("1.0", runtimeFile())
	if err != nil {
		t.Fatal(err)
	}
	full, err := image.WithRuntime(plain, program)
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, func(o *localaws.Options) { o.Settings = map[string]string{"lambda.idle": "1m"} })
	s.deploy(full, map[string]string{
		"ALOFT_STAGE": "clouder/production", "ALOFT_HTTP_PORT": "8080", "ALOFT_QUEUE_COMMAND": `["/app","work"]`,
	})
	s.released()
	return s
}

func TestRealFunctionsAreProvenAndWarmedByAloftsRuntime(t *testing.T) {
	s := starting(t, sample.V1)
	s.Desired.WarmEnvironments = 2
	since := s.Local.Calls().End()
	got := s.done(warm).Warm
	if got.Distinct != 2 || got.Wanted != 2 || time.Since(got.At) > time.Minute {
		t.Errorf("warm are %+v", got)
	}
	if calls := s.Local.Calls().Since(since).Operation("lambda:Invoke"); len(calls) < 5 {
		t.Errorf("%d invocations for three functions and two environments", len(calls))
	}
	s.Recorded.Run.Warm = got
	if again := s.done(warm).Warm; again.Distinct != 2 {
		t.Errorf("the second time warm are %+v", again)
	}
}

func TestARealImageThatCrashesAtStartIsToldWithWhatItPrinted(t *testing.T) {
	s := starting(t, sample.CrashingAtStart)
	s.Desired.Config.Secrets = map[string]release.Sensitive{"PART": "names a cache"}
	s.refused(warm, v1alpha1.ConditionWarmed, v1alpha1.ReasonWarmFailed,
		fmt.Sprintf("version 1 of function %s does not start", s.Desired.HTTP().FullName),
		"exit status 70", "the configuration [redacted] that does not exist")
	s.HideOutput = true
	s.refused(warm, v1alpha1.ConditionWarmed, v1alpha1.ReasonWarmFailed,
		"see its log group /aws/lambda/"+s.Desired.HTTP().FullName)
}
