package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/aloft-dev/aloft/controllers/release"
)

// Revision of these templates. It is part of a release's identity.
const Revision = "2"

const formatVersion = "2010-09-09"

// Template is a CloudFormation template. Its values are plain JSON, so that a deployed template of another revision
// can be carried over as it is.
type Template struct {
	FormatVersion string               `json:"AWSTemplateFormatVersion,omitempty"`
	Description   string               `json:",omitempty"`
	Parameters    map[string]Parameter `json:",omitempty"`
	Conditions    map[string]any       `json:",omitempty"`
	Resources     map[string]Resource
	Outputs       map[string]Output `json:",omitempty"`
}

// Parameter is a template's parameter.
type Parameter struct {
	Type          string
	Description   string   `json:",omitempty"`
	Default       string   `json:",omitempty"`
	NoEcho        bool     `json:",omitempty"`
	AllowedValues []string `json:",omitempty"`
}

// Resource is one resource of a template.
type Resource struct {
	Type                string
	Condition           string         `json:",omitempty"`
	DependsOn           []string       `json:",omitempty"`
	DeletionPolicy      string         `json:",omitempty"`
	UpdateReplacePolicy string         `json:",omitempty"`
	Metadata            map[string]any `json:",omitempty"`
	Properties          map[string]any `json:",omitempty"`
}

// Output is a template's output.
type Output struct {
	Description string `json:",omitempty"`
	Value       any
}

// Parse reads a deployed template that Aloft wrote.
func Parse(b []byte) (*Template, error) {
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.UseNumber()
	t := newTemplate("")
	if err := decoder.Decode(t); err != nil {
		return nil, fmt.Errorf("reading the template as JSON: %w", err)
	}
	if len(t.Resources) == 0 {
		return nil, errors.New("the template has no resources")
	}
	return t, nil
}

// Deployed reads the template that a stack was made or last updated with; nil where there is no stack or it was not
// looked at.
func Deployed(stack *release.Stack) (*Template, error) {
	if stack == nil || len(stack.Template) == 0 {
		return nil, nil //nolint:nilnil // no stack has no template, and the renderings take that as it is
	}
	deployed, err := Parse(stack.Template)
	if err != nil {
		return nil, fmt.Errorf("reading the deployed template of stack %s: %w", stack.Name, err)
	}
	return deployed, nil
}

func newTemplate(description string) *Template {
	return &Template{
		FormatVersion: formatVersion,
		Description:   description,
		Parameters:    map[string]Parameter{},
		Conditions:    map[string]any{},
		Resources:     map[string]Resource{},
		Outputs:       map[string]Output{},
	}
}

// clone copies the sections, not the values within them, which are never changed in place.
func (t *Template) clone() *Template {
	c := *t
	c.Parameters = maps.Clone(t.Parameters)
	c.Conditions = maps.Clone(t.Conditions)
	c.Resources = maps.Clone(t.Resources)
	c.Outputs = maps.Clone(t.Outputs)
	return &c
}
