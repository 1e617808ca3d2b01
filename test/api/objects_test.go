package api_test

import (
	"context"
	"encoding/json"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// The smallest objects that the API takes. Tests change them by merge patches in YAML, so that null and {}
// reach the server as written.
const (
	smallestStage = `
apiVersion: aloft.dev/v1alpha1
kind: Stage
metadata: {name: production, namespace: clouder}
spec:
  profileRef: {name: production}
  image: {repository: ghcr.io/acme/clouder, tag: 4f1c2a9}
`
	smallestProfile = `
apiVersion: aloft.dev/v1alpha1
kind: StageProfile
metadata: {name: production}
spec: {accountID: "123456789012", region: eu-central-1, roleARN: 'arn:aws:iam::123456789012:role/aloft'}
`
)

// stage is the smallest Stage with the patches merged in.
func stage(patches ...string) *unstructured.Unstructured { return object(smallestStage, patches...) }

// profile is the smallest StageProfile with the patches merged in.
func profile(patches ...string) *unstructured.Unstructured {
	return object(smallestProfile, patches...)
}

func object(base string, patches ...string) *unstructured.Unstructured {
	GinkgoHelper()
	document, err := yaml.YAMLToJSON([]byte(base))
	Expect(err).NotTo(HaveOccurred())
	for _, text := range patches {
		patch, err := yaml.YAMLToJSON([]byte(text))
		Expect(err).NotTo(HaveOccurred(), text)
		document, err = jsonpatch.MergeMergePatches(document, patch)
		Expect(err).NotTo(HaveOccurred(), text)
	}
	result := &unstructured.Unstructured{}
	Expect(json.Unmarshal(document, &result.Object)).To(Succeed())
	return result
}

// withValue writes null or {} at the path: a merge patch cannot, for it takes null for "remove".
func withValue(object *unstructured.Unstructured, path, written string) *unstructured.Unstructured {
	GinkgoHelper()
	var value any
	Expect(yaml.Unmarshal([]byte(written), &value)).To(Succeed())
	Expect(unstructured.SetNestedField(object.Object, value, strings.Split(path, ".")...)).To(Succeed())
	return object
}

// tried sends the object through the whole API server, but for storing it.
func tried(ctx context.Context, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	object = object.DeepCopy()
	err := admin.Create(ctx, object, client.DryRunAll)
	return object, err
}

// applied creates the object for the time of the spec.
func applied(ctx context.Context, object *unstructured.Unstructured) *unstructured.Unstructured {
	GinkgoHelper()
	object = object.DeepCopy()
	Expect(admin.Create(ctx, object)).To(Succeed())
	DeferCleanup(func(ctx context.Context) {
		Expect(client.IgnoreNotFound(admin.Delete(ctx, object))).To(Succeed())
	})
	return object
}

// changed merges the patch into a stored object and returns the server's verdict; nothing is stored.
func changed(ctx context.Context, object *unstructured.Unstructured, patch string) error {
	GinkgoHelper()
	body, err := yaml.YAMLToJSON([]byte(patch))
	Expect(err).NotTo(HaveOccurred())
	return admin.Patch(ctx, object.DeepCopy(), client.RawPatch("application/merge-patch+json", body), client.DryRunAll)
}
