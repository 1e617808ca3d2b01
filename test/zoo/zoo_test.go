// Package zoo releases images as they are found in the field: of Debian's and npm's packages, and of a program with the
// oddities that images have. Each is driven as its visitors would, followed by a second release under load and by one
// that is broken, and deleted. docs/images.md has what came out of it.
package zoo

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	. "github.com/onsi/gomega"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/test/sandbox"
)

// zoo is a sandbox with what its images are made from.
type zoo struct {
	*sandbox.Sandbox
	layers  map[string]v1.Layer
	browser *browser
	// said are the messages of the images that do not run, by name.
	said *book
}

// Run by `make zoo`, for it takes minutes.
func TestTheZoo(t *testing.T) {
	if os.Getenv("ALOFT_ZOO") == "" {
		t.Skip("make zoo visits it")
	}
	z := open(t)
	t.Run("images", func(t *testing.T) {
		for _, a := range applications {
			t.Run(a.name, func(t *testing.T) {
				t.Parallel()
				z.story(t, a)
			})
		}
		t.Run("oddities", func(t *testing.T) {
			t.Parallel()
			z.tourOfOddities(t)
		})
		t.Run("what Lambda forbids", func(t *testing.T) {
			t.Parallel()
			z.tourOfTheForbidden(t)
		})
	})
	if !t.Failed() {
		t.Run("the page", z.page)
	}
}

// open starts everything that the zoo needs.
func open(t *testing.T) *zoo {
	t.Helper()
	g := NewWithT(t)
	logs, err := os.Create("../../bin/zoo.log")
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { _ = logs.Close() })
	ctrl.SetLogger(zap.New(zap.WriteTo(logs)))
	z := &zoo{layers: builtLayers(t), said: newBook()}
	limits := plan.DefaultLimits()
	limits.Settle, limits.KeepSuperseded, limits.Pace.Soonest = 100*time.Millisecond, 0, 10*time.Millisecond
	z.Sandbox, err = sandbox.Start(t.Context(), sandbox.Options{
		Progress: os.Stderr, ControlPlaneOutput: logs, Limits: limits,
	})
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(z.Close()).To(Succeed()) })
	g.Expect(z.StartOperator(t.Context())).To(Succeed())
	z.browser = openBrowser(t)
	return z
}

// builtLayers are the layers of Debian's and npm's packages, by name.
func builtLayers(t *testing.T) map[string]v1.Layer {
	t.Helper()
	g := NewWithT(t)
	build := exec.CommandContext(t.Context(), "./build.sh")
	build.Stderr = os.Stderr
	output, err := build.Output()
	if build.ProcessState.ExitCode() == 3 {
		t.Skip("this machine lacks what the zoo is built by: see above")
	}
	g.Expect(err).NotTo(HaveOccurred())
	layers := map[string]v1.Layer{}
	for line := range strings.Lines(string(output)) {
		name, path, _ := strings.Cut(strings.TrimSpace(line), " ")
		layers[name], err = tarball.LayerFromFile(path, tarball.WithMediaType(types.OCILayer))
		g.Expect(err).NotTo(HaveOccurred())
	}
	return layers
}
