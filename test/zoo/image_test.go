package zoo

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	. "github.com/onsi/gomega"

	sample "github.com/aloft-dev/aloft/test/sampleapp/image"
)

// picture is what an image is made from.
type picture struct {
	// layers are names of what build.sh makes.
	layers []string
	// folders below images/ are laid over them, one after the other.
	folders []string
	files   []sample.Entry
	config  v1.Config
	// arch is amd64 where it is empty.
	arch string
}

// push makes the image and pushes it, as a build pipeline does.
func (z *zoo) push(t *testing.T, p picture, name, tag string) {
	t.Helper()
	g := NewWithT(t)
	entries := map[string]sample.Entry{}
	for _, folder := range p.folders {
		for _, entry := range filesBelow(t, filepath.Join("images", folder), tag) {
			entries[entry.Path] = entry
		}
	}
	for _, entry := range p.files {
		entries[entry.Path] = entry
	}
	var layers []v1.Layer
	for _, name := range p.layers {
		g.Expect(z.layers).To(HaveKey(name))
		layers = append(layers, z.layers[name])
	}
	list := make([]sample.Entry, 0, len(entries))
	for _, entry := range entries {
		list = append(list, entry)
	}
	own, err := sample.Layer(list)
	g.Expect(err).NotTo(HaveOccurred())
	arch := "amd64"
	if p.arch != "" {
		arch = p.arch
	}
	image, err := sample.Assemble(arch, p.config, append(layers, own)...)
	g.Expect(err).NotTo(HaveOccurred())
	_, err = sample.Push(t.Context(), image, z.repository(name), tag)
	g.Expect(err).NotTo(HaveOccurred())
}

func (z *zoo) repository(name string) string { return z.Registry.Repository("acme/" + name) }

// filesBelow are the files of a folder, with the version that they are told.
func filesBelow(t *testing.T, folder, version string) (entries []sample.Entry) {
	t.Helper()
	g := NewWithT(t)
	g.Expect(filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		entries = append(entries, sample.Entry{
			Path: "/" + name, Content: bytes.ReplaceAll(content, []byte("@VERSION@"), []byte(version)), Mode: 0o644,
		})
		return err
	})).To(Succeed())
	return entries
}
