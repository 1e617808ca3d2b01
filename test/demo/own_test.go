package main

import (
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	sample "github.com/aloft-dev/aloft/test/sampleapp/image"
	"github.com/aloft-dev/aloft/test/sandbox"
)

func TestAnApplicationOfOnesOwnIsToldStepByStep(t *testing.T) {
	registry, err := sample.NewRegistry("", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer registry.Close()
	text, err := (&demo{sandbox: &sandbox.Sandbox{Registry: registry}}).ownApplication()
	if err != nil {
		t.Fatal(err)
	}
	manifests := regexp.MustCompile(`(?s)<<'EOF'\n(.*?)EOF\n`).FindAllStringSubmatch(text, -1)
	if len(manifests) != 2 {
		t.Fatalf("there are %d manifests in %s", len(manifests), text)
	}
	var profile v1alpha1.StageProfile
	var stage v1alpha1.Stage
	for i, into := range []any{&profile, &stage} {
		if err := yaml.UnmarshalStrict([]byte(manifests[i][1]), into); err != nil {
			t.Errorf("%v in %s", err, manifests[i][1])
		}
	}
	repository := registry.Repository("mine/app")
	if stage.Spec.ProfileRef.Name != profile.Name || stage.Spec.Image.Repository != repository ||
		profile.Spec.AllowedRegistries[0] != repository {
		t.Errorf("the Stage and its profile do not fit: %s", text)
	}
	for _, step := range []string{"docker push " + repository + ":" + stage.Spec.Image.Tag, "kubectl create namespace " +
		stage.Namespace, "kubectl label namespace " + stage.Namespace + " aloft.dev/profile=" + profile.Name} {
		if !strings.Contains(text, step) {
			t.Errorf("there is no %q in %s", step, text)
		}
	}
}

func TestSettingsAreNamesAndValues(t *testing.T) {
	settings := map[string]string{}
	if err := readSetting(settings, "lambda.retry=1m,2m"); err != nil || settings["lambda.retry"] != "1m,2m" {
		t.Errorf("a setting is %v, %v", settings, err)
	}
	for _, text := range []string{"lambda.update", "update=3s", ""} {
		if err := readSetting(settings, text); err == nil {
			t.Errorf("%q is taken for a setting", text)
		}
	}
}
