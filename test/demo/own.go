package main

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/test/sandbox"
)

const ownNamespace, ownProfile, ownStage, ownTag = "mine", "mine", "production", "v1"

// ownApplication says how to release an application of one's own here: a profile, an image, a Stage.
func (d *demo) ownApplication() (string, error) {
	repository := d.sandbox.Registry.Repository("mine/app")
	profile, err := document("StageProfile", metav1.ObjectMeta{Name: ownProfile},
		d.sandbox.Profile(sandbox.Account, ownProfile, repository))
	if err != nil {
		return "", err
	}
	stage, err := document("Stage", metav1.ObjectMeta{Name: ownStage, Namespace: ownNamespace}, v1alpha1.StageSpec{
		ProfileRef: v1alpha1.ProfileReference{Name: ownProfile},
		Image:      v1alpha1.Image{Repository: repository, Tag: ownTag},
		Manifest:   v1alpha1.Manifest{HTTP: v1alpha1.HTTPFunction{MemoryMiB: 512}},
	})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`
To release an application of your own, in another terminal:

  export KUBECONFIG=%[1]s

  # 1. a profile is the account, region and roles that stages get, and says who may use it
  kubectl apply --server-side -f - <<'EOF'
%[2]sEOF
  kubectl create namespace %[3]s
  kubectl label namespace %[3]s %[4]s=%[5]s

  # 2. an image of any server that listens on the port in PORT; the registry here answers http
  docker build -t %[6]s:%[7]s .
  docker push %[6]s:%[7]s

  # 3. a Stage: which image, and what it consists of (config/samples has more)
  kubectl apply --server-side -f - <<'EOF'
%[8]sEOF
  kubectl -n %[3]s get stages.aloft.dev %[9]s -w
`, absolute(d.kubeconfig), profile, ownNamespace, sandbox.ProfileLabel, ownProfile, repository, ownTag, stage,
		ownStage), nil
}

// document is a manifest as a user would write it, without what a server fills in.
func document(kind string, meta metav1.ObjectMeta, spec any) (string, error) {
	names := map[string]string{"name": meta.Name}
	if meta.Namespace != "" {
		names["namespace"] = meta.Namespace
	}
	text, err := yaml.Marshal(map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": kind, "metadata": names, "spec": spec,
	})
	if err != nil {
		return "", fmt.Errorf("writing a %s: %w", kind, err)
	}
	return string(text), nil
}
