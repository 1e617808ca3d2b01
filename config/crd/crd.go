// Package crd carries the custom resource definitions, so that a program can install them without
// the source tree at hand.
package crd

import "embed"

// Bases holds the definitions as controller-gen wrote them, one YAML file for each kind, in the folder bases.
//
//go:embed bases/*.yaml
var Bases embed.FS
