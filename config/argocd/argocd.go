// Package argocd teaches Argo CD a Stage's health and actions. The folder resource_customizations has the
// layout of Argo CD's own, so that it can be contributed as it is; until then patch.yaml brings the same
// scripts into an installation.
package argocd

import (
	"embed"
	"fmt"
	"io/fs"
	"path"

	"sigs.k8s.io/yaml"
)

// Scripts holds the folder resource_customizations.
//
//go:embed resource_customizations
var Scripts embed.FS

// stage is the folder of the scripts for Stages.
const stage = "resource_customizations/aloft.dev/Stage"

// actions is the value of a key resource.customizations.actions.<group>_<kind>.
type actions struct {
	Discovery   string       `json:"discovery.lua"`
	Definitions []definition `json:"definitions"`
}

type definition struct {
	Name   string `json:"name"`
	Script string `json:"action.lua"`
}

// Patch renders the strategic merge patch of Argo CD's ConfigMap argocd-cm.
func Patch() ([]byte, error) {
	health, err := Scripts.ReadFile(stage + "/health.lua")
	if err != nil {
		return nil, fmt.Errorf("reading the health script: %w", err)
	}
	known, err := readActions()
	if err != nil {
		return nil, err
	}
	text, err := yaml.Marshal(known)
	if err != nil {
		return nil, fmt.Errorf("writing the actions: %w", err)
	}
	return yaml.Marshal(map[string]any{
		"apiVersion": "v1",
		"kind":       "ConfigMap",
		"metadata":   map[string]any{"name": "argocd-cm"},
		"data": map[string]string{
			"resource.customizations.health.aloft.dev_Stage":  string(health),
			"resource.customizations.actions.aloft.dev_Stage": string(text),
		},
	})
}

func readActions() (actions, error) {
	discovery, err := Scripts.ReadFile(stage + "/actions/discovery.lua")
	if err != nil {
		return actions{}, fmt.Errorf("reading the discovery of actions: %w", err)
	}
	files, err := fs.Glob(Scripts, stage+"/actions/*/action.lua")
	if err != nil {
		return actions{}, fmt.Errorf("listing the actions: %w", err)
	}
	result := actions{Discovery: string(discovery)}
	for _, file := range files {
		script, err := Scripts.ReadFile(file)
		if err != nil {
			return actions{}, fmt.Errorf("reading action %s: %w", file, err)
		}
		result.Definitions = append(result.Definitions, definition{Name: path.Base(path.Dir(file)), Script: string(script)})
	}
	return result, nil
}
