package image

import (
	"archive/tar"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/api/function"
)

func withRuntime(t *testing.T, image v1.Image, runtime *Runtime) v1.Image {
	t.Helper()
	made, err := WithRuntime(image, runtime)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestAnImageIsGivenTheRuntimeAndKeepsItsOwnStart(t *testing.T) {
	g := NewWithT(t)
	source := configured(t, imageOf(t, layerOf(t, regular("app", "x"))), func(c *v1.ConfigFile) {
		c.Config = v1.Config{Entrypoint: []string{"/app"}, Cmd: []string{"serve"}, WorkingDir: "/srv", User: "app",
			Env: []string{"A=b"}, Labels: map[string]string{"a": "b"}, StopSignal: "SIGQUIT"}
	})
	made := withRuntime(t, source, RuntimeFromBytes("1.2.3", []byte("#!/bin/runtime")))

	config, err := made.ConfigFile()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(config.Config).To(Equal(v1.Config{
		Entrypoint: []string{"/opt/aloft/runtime"}, User: "app", StopSignal: "SIGQUIT",
		Env:    []string{"A=b", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		Labels: map[string]string{"a": "b", "dev.aloft.runtime": "1.2.3"},
	}), "the runtime enters the working directory itself")
	g.Expect(Supported(made, "amd64")).To(Succeed())

	layers, err := made.Layers()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(layers).To(HaveLen(2))
	content := read(t, layers[1])
	g.Expect(content["opt/aloft/runtime"].header.Mode).To(BeEquivalentTo(0o755))
	g.Expect(content["opt/aloft/runtime"].header.Uid).To(BeZero())
	g.Expect(content["opt/aloft/runtime"].content).To(Equal("#!/bin/runtime"))
	var start function.Start
	g.Expect(json.Unmarshal([]byte(content["opt/aloft/runtime.json"].content), &start)).To(Succeed())
	g.Expect(start).To(Equal(function.Start{
		Entrypoint: []string{"/app"}, Cmd: []string{"serve"}, WorkingDir: "/srv", User: "app", StopSignal: "SIGQUIT",
	}))
	g.Expect(content["etc/hosts"].content).To(HavePrefix("127.0.0.1\tlocalhost\n"))
	g.Expect(content["etc/hosts"].header.Mode).To(BeEquivalentTo(0o644))
}

func TestAnImagesOwnPathStaysAsItIs(t *testing.T) {
	for _, own := range []string{"PATH=/opt/app/bin", "PATH="} {
		source := configured(t, imageOf(t, layerOf(t, regular("app", "x"))), func(c *v1.ConfigFile) {
			c.Config = v1.Config{Entrypoint: []string{"/app"}, Env: []string{own}}
		})
		config, err := withRuntime(t, source, RuntimeFromBytes("1", []byte("program"))).ConfigFile()
		if err != nil || len(config.Config.Env) != 1 || config.Config.Env[0] != own {
			t.Errorf("%s became %v, %v", own, config.Config.Env, err)
		}
	}
}

type member struct {
	header  *tar.Header
	content string
}

func read(t *testing.T, layer v1.Layer) map[string]member {
	t.Helper()
	content, err := layer.Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	members := map[string]member{}
	archive := tar.NewReader(content)
	for {
		header, err := archive.Next()
		if err == io.EOF {
			return members
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		members[header.Name] = member{header, string(text)}
	}
}

func TestTheSameImageAndRuntimeGiveTheSameDigest(t *testing.T) {
	g := NewWithT(t)
	path := filepath.Join(t.TempDir(), "runtime")
	g.Expect(os.WriteFile(path, []byte("program"), 0o700)).To(Succeed())
	fromFile, err := RuntimeFromFile("1", path)
	g.Expect(err).NotTo(HaveOccurred())
	source := func() v1.Image { return imageOf(t, layerOf(t, regular("app", "x"))) }
	first := digestOf(t, withRuntime(t, source(), RuntimeFromBytes("1", []byte("program"))))

	g.Expect(digestOf(t, withRuntime(t, source(), fromFile))).To(Equal(first))
	g.Expect(digestOf(t, withRuntime(t, source(), fromFile))).To(Equal(first), "also when the layer is remembered")
	g.Expect(digestOf(t, withRuntime(t, source(), RuntimeFromBytes("2", []byte("program"))))).NotTo(Equal(first))
	g.Expect(digestOf(t, withRuntime(t, source(), RuntimeFromBytes("1", []byte("other"))))).NotTo(Equal(first))
}

func TestTheRuntimesLayerIsSharedByBuildsThatStartAlike(t *testing.T) {
	g := NewWithT(t)
	runtime := RuntimeFromBytes("1", []byte("program"))
	var digests []string
	for _, content := range []string{"one", "two"} {
		layers, err := withRuntime(t, imageOf(t, layerOf(t, regular("app", content))), runtime).Layers()
		g.Expect(err).NotTo(HaveOccurred())
		digests = append(digests, digestOf(t, layers[1]))
	}
	g.Expect(digests[0]).To(Equal(digests[1]))
}

func TestAnImageThatBringsTheRuntimeIsLeftAsItIs(t *testing.T) {
	g := NewWithT(t)
	source := configured(t, imageOf(t, layerOf(t, regular("app", "x"))), func(c *v1.ConfigFile) {
		c.Config.Labels = map[string]string{RuntimeLabel: "0.9"}
	})
	g.Expect(digestOf(t, withRuntime(t, source, RuntimeFromBytes("1", nil)))).To(Equal(digestOf(t, source)))
}

func TestMediaTypesOfDockerAndOCIAreNotMixed(t *testing.T) {
	for _, row := range []struct {
		reason                  string
		manifest, config, layer types.MediaType
	}{
		{"an OCI image stays one", types.OCIManifestSchema1, types.OCIConfigJSON, types.OCILayer},
		{"a Docker image stays one", types.DockerManifestSchema2, types.DockerConfigJSON, types.DockerLayer},
	} {
		t.Run(row.reason, func(t *testing.T) {
			g := NewWithT(t)
			source := imageOf(t, packedLayer(t, pack(t, regular("app", "x")), row.layer))
			source = mutate.ConfigMediaType(mutate.MediaType(source, row.manifest), row.config)
			registry, client := newRegistry(t), newLocalClient(t)
			made := withRuntime(t, source, RuntimeFromBytes("1", []byte("program")))
			into := Target{Repository: registry.repository("acme/counter"), Tags: []string{"v1"}}
			_, err := client.Push(t.Context(), made, into)
			g.Expect(err).NotTo(HaveOccurred())

			pushed, err := client.Open(t.Context(), Source{Repository: registry.repository("acme/counter")}, digestOf(t, made))
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(validate.Image(pushed)).To(Succeed())
			manifest, err := pushed.Manifest()
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(manifest.MediaType).To(Equal(row.manifest))
			g.Expect(manifest.Config.MediaType).To(Equal(row.config))
			for _, layer := range manifest.Layers {
				g.Expect(layer.MediaType).To(Equal(row.layer))
			}
		})
	}
}

func TestARuntimeThatCannotStartIsRefused(t *testing.T) {
	elf := func(machine byte) []byte {
		header := make([]byte, 64)
		copy(header, "\x7fELF")
		header[18] = machine
		return header
	}
	image := imageOf(t, layerOf(t, regular("app", "x")))
	bare := configured(t, image, func(c *v1.ConfigFile) { c.Config.Entrypoint = nil })
	for _, row := range []struct {
		reason  string
		image   v1.Image
		program []byte
		refused bool
	}{
		{"a program for x86 runs in an image for x86", image, elf(0x3e), false},
		{"a program for ARM does not", image, elf(0xb7), true},
		{"an image that starts nothing leaves the runtime nothing to start", bare, elf(0x3e), true},
	} {
		t.Run(row.reason, func(t *testing.T) {
			_, err := WithRuntime(row.image, RuntimeFromBytes("1", row.program))
			if !row.refused {
				NewWithT(t).Expect(err).NotTo(HaveOccurred())
				return
			}
			NewWithT(t).Expect(err).To(MatchError(ErrUnsupported))
		})
	}
}

func TestWhatAnImageStartsIsBounded(t *testing.T) {
	g := NewWithT(t)
	starting := func(command string) error {
		image := configured(t, imageOf(t, layerOf(t, regular("app", ""))), func(c *v1.ConfigFile) {
			c.Config.Cmd = []string{command}
		})
		_, err := WithRuntime(image, RuntimeFromBytes("1", []byte("#!/bin/sh")))
		return err
	}
	g.Expect(starting(strings.Repeat("x", maxStartBytes/2))).To(Succeed())
	err := starting(strings.Repeat("x", maxStartBytes))
	g.Expect(err).To(MatchError(ErrUnsupported))
	g.Expect(err).To(MatchError(ContainSubstring("more than 64 KiB")))
}
