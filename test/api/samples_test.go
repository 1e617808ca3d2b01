package api_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// documents reads every object of a YAML file.
func documents(path string) []*unstructured.Unstructured {
	GinkgoHelper()
	text, err := os.ReadFile(path)
	Expect(err).NotTo(HaveOccurred())
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	var objects []*unstructured.Unstructured
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return objects
		}
		Expect(err).NotTo(HaveOccurred(), path)
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}

var _ = Describe("the samples", func() {
	It("are all taken, strictly", func(ctx context.Context) {
		files, err := filepath.Glob("../../config/samples/aloft_*.yaml")
		Expect(err).NotTo(HaveOccurred())
		Expect(files).NotTo(BeEmpty())
		for _, file := range files {
			for _, object := range documents(file) {
				_, err := tried(ctx, object)
				Expect(err).NotTo(HaveOccurred(), file)
			}
		}
	})

	It("begin with a Stage of 20 lines", func() {
		text, err := os.ReadFile("../../config/samples/aloft_v1alpha1_stage.yaml")
		Expect(err).NotTo(HaveOccurred())
		Expect(strings.Count(string(text), "\n")).To(BeNumerically("<=", 20))
	})
})

var _ = Describe("the definitions", func() {
	It("stay under 200 KiB each, so that every way of applying them works", func() {
		files, err := filepath.Glob("../../config/crd/bases/*.yaml")
		Expect(err).NotTo(HaveOccurred())
		Expect(files).To(HaveLen(2))
		for _, file := range files {
			info, err := os.Stat(file)
			Expect(err).NotTo(HaveOccurred())
			Expect(info.Size()).To(BeNumerically("<", 200<<10), file)
		}
	})
})
