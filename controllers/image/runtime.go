package image

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/aloft-dev/aloft/api/function"
)

// RuntimeLabel is the label of an image that brings the function runtime; its value is the runtime's version.
const RuntimeLabel = "dev.aloft.runtime"

// RuntimePath is where the appended layer puts the runtime; beside it, in function.StartPath, lies what to start.
const RuntimePath = "/opt/aloft/runtime"

// Runtime is a function runtime's program for one architecture. It is safe for concurrent use.
type Runtime struct {
	version string
	size    int64
	open    func() (io.ReadCloser, error)

	mu     sync.Mutex
	layers map[[sha256.Size]byte]v1.Layer
}

const (
	// maxKeptLayers bounds the layers whose digests a Runtime remembers. Each holds what the image starts.
	maxKeptLayers = 256
	// maxStartBytes bounds that, which is in an image's hands: Linux takes 128 KiB as one argument and no more.
	maxStartBytes = 64 << 10
)

// NewRuntime names a program of size bytes that open reads from its beginning, as often as it is called.
func NewRuntime(version string, size int64, open func() (io.ReadCloser, error)) *Runtime {
	return &Runtime{version: version, size: size, open: open, layers: map[[sha256.Size]byte]v1.Layer{}}
}

// RuntimeFromBytes names a program held in memory.
func RuntimeFromBytes(version string, program []byte) *Runtime {
	return NewRuntime(version, int64(len(program)), func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(program)), nil
	})
}

// RuntimeFromFile names a program in a file, which must stay as it is.
func RuntimeFromFile(version, path string) (*Runtime, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading the function runtime: %w", err)
	}
	return NewRuntime(version, info.Size(), func() (io.ReadCloser, error) { return os.Open(path) }), nil
}

// WithRuntime returns an image that starts the runtime. An image that brings one is returned as it is; to any other one
// layer is appended, the entry point is changed, and the image's own start is kept for the runtime. What an engine adds
// when it starts a container is in it too: a PATH, and the names of this machine. The same image and runtime give the
// same digest, always.
//
// Errors: ErrUnsupported for an image that has nothing to start, or that is for another architecture than the runtime.
func WithRuntime(image v1.Image, runtime *Runtime) (v1.Image, error) {
	config, err := image.ConfigFile()
	if err != nil {
		return nil, classify(err, "reading the image's configuration")
	}
	if config.Config.Labels[RuntimeLabel] != "" {
		return image, nil
	}
	if len(config.Config.Entrypoint)+len(config.Config.Cmd) == 0 {
		return nil, refuse(ErrUnsupported, "the image has neither an entry point nor a command, so there is nothing to start")
	}
	if err := runtime.runsOn(config.Architecture); err != nil {
		return nil, err
	}
	mediaType, err := layerMediaType(image)
	if err != nil {
		return nil, err
	}
	layer, err := runtime.layer(startOf(config.Config), mediaType)
	if err != nil {
		return nil, fmt.Errorf("making the runtime's layer: %w", err)
	}
	return runtime.append(image, layer)
}

func (r *Runtime) append(image v1.Image, layer v1.Layer) (v1.Image, error) {
	appended, err := mutate.Append(image, mutate.Addendum{
		Layer: layer, History: v1.History{CreatedBy: "aloft runtime " + r.version},
	})
	if err != nil {
		return nil, fmt.Errorf("appending the runtime's layer: %w", err)
	}
	config, err := appended.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("reading the changed configuration: %w", err)
	}
	config = config.DeepCopy()
	config.Config.Entrypoint, config.Config.Cmd = []string{RuntimePath}, nil
	// The runtime enters the working directory itself: Lambda would refuse one that its user may not enter, and say less.
	config.Config.WorkingDir = ""
	if !slices.ContainsFunc(config.Config.Env, isPath) {
		config.Config.Env = append(slices.Clip(config.Config.Env), defaultPath)
	}
	labels := maps.Clone(config.Config.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels[RuntimeLabel] = r.version
	config.Config.Labels = labels
	changed, err := mutate.ConfigFile(appended, config)
	if err != nil {
		return nil, fmt.Errorf("changing the configuration: %w", err)
	}
	return changed, nil
}

// defaultPath is the PATH that container engines give to an image without one (moby, oci.DefaultPathEnv). Lambda's own
// has no folder for administrators' programs, such as nginx and php-fpm.
const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

func isPath(variable string) bool { return strings.HasPrefix(variable, "PATH=") }

func startOf(config v1.Config) function.Start {
	start := function.Start{
		Entrypoint: config.Entrypoint, Cmd: config.Cmd, WorkingDir: config.WorkingDir, User: config.User,
		StopSignal: config.StopSignal,
	}
	// An absent list and an empty one are the same start, and must give the same layer.
	if start.Entrypoint == nil {
		start.Entrypoint = []string{}
	}
	if start.Cmd == nil {
		start.Cmd = []string{}
	}
	return start
}

// layerMediaType keeps Docker's and OCI's media types from being mixed in one manifest, which some registries refuse.
func layerMediaType(image v1.Image) (types.MediaType, error) {
	mediaType, err := image.MediaType()
	if err != nil {
		return "", classify(err, "reading the manifest")
	}
	if mediaType == types.DockerManifestSchema2 {
		return types.DockerLayer, nil
	}
	return types.OCILayer, nil
}

// machines are the ELF machines of the architectures that functions run on.
var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// runsOn refuses to put a program for one architecture into an image for another: Lambda would find out at the first
// invocation only. A program that is no ELF file, a script for instance, runs anywhere.
func (r *Runtime) runsOn(arch string) error {
	program, err := r.open()
	if err != nil {
		return fmt.Errorf("opening the function runtime: %w", err)
	}
	defer program.Close()
	header := make([]byte, 20)
	if _, err := io.ReadFull(program, header); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF {
			return nil
		}
		return fmt.Errorf("reading the function runtime: %w", err)
	}
	if !bytes.HasPrefix(header, []byte(elf.ELFMAG)) {
		return nil
	}
	machine := elf.Machine(uint16(header[18]) | uint16(header[19])<<8)
	if want, known := machines[arch]; !known || want != machine {
		return refuse(ErrUnsupported, "the function runtime is for %s, the image for %s", machine, bounded(arch))
	}
	return nil
}
