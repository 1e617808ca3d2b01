package image

import (
	"context"
	"fmt"
	"os"
	"path"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const programPath = "/app"

// Builder makes images for one architecture.
type Builder struct {
	arch  string
	fixed []v1.Layer
}

// NewBuilder builds the program into the folder cache (see Program) and makes the layers that all variants share.
func NewBuilder(ctx context.Context, cache, arch string) (*Builder, error) {
	file, err := Program(ctx, cache, arch)
	if err != nil {
		return nil, err
	}
	program, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the program: %w", err)
	}
	system, err := Layer(systemEntries())
	if err != nil {
		return nil, fmt.Errorf("making the system layer: %w", err)
	}
	app, err := Layer([]Entry{{Path: programPath, Content: program, Mode: 0o755}})
	if err != nil {
		return nil, fmt.Errorf("making the program's layer: %w", err)
	}
	return &Builder{arch: arch, fixed: []v1.Layer{system, app}}, nil
}

// Image makes the OCI image of a variant. The same program and variant give the same digest.
func (b *Builder) Image(v Variant) (v1.Image, error) {
	facts, err := v.buildFile()
	if err != nil {
		return nil, fmt.Errorf("describing the variant: %w", err)
	}
	told, err := Layer([]Entry{{Path: programPath + ".json", Content: facts, Mode: 0o644}})
	if err != nil {
		return nil, fmt.Errorf("making the layer that tells the variant: %w", err)
	}
	files, err := v.files()
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for name, content := range files {
		entries = append(entries, Entry{Path: path.Join(AssetsPath, name), Content: content, Mode: 0o644})
	}
	assets, err := Layer(entries)
	if err != nil {
		return nil, fmt.Errorf("making the layer of the assets: %w", err)
	}
	return Assemble(b.arch, v1.Config{
		Entrypoint: []string{programPath}, Cmd: []string{"serve"}, WorkingDir: "/", User: "65532:65532",
		Env:          []string{"PATH=/usr/local/bin:/usr/bin:/bin", "PORT=8080"},
		ExposedPorts: map[string]struct{}{"8080/tcp": {}},
		Labels:       map[string]string{"org.opencontainers.image.title": "Cloud counter"},
	}, append(append([]v1.Layer{}, b.fixed...), told, assets)...)
}

// Assemble makes an OCI image for linux and an architecture of its layers and its configuration.
func Assemble(arch string, settings v1.Config, layers ...v1.Layer) (v1.Image, error) {
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.AppendLayers(base, layers...)
	if err != nil {
		return nil, fmt.Errorf("appending the layers: %w", err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Config = "linux", arch, settings
	return mutate.ConfigFile(image, config)
}
