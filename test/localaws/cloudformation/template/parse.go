package template

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// Quotas of one template (CloudFormation user guide, "CloudFormation quotas").
const (
	MaxResources  = 500
	MaxParameters = 200
	MaxOutputs    = 200
	MaxBodyBytes  = 51_200
	MaxURLBytes   = 1_000_000
	// MaxDescription is in bytes.
	MaxDescription = 1024
)

// Template is one parsed template; expressions are kept unevaluated.
type Template struct {
	Body        string
	Description string
	Parameters  map[string]Parameter
	Mappings    map[string]any
	Conditions  map[string]any
	Resources   map[string]Resource
	Outputs     map[string]Output
}

// Resource is one entry of the Resources section.
type Resource struct {
	Type                string
	Properties          map[string]any
	Metadata            any
	Condition           string
	DependsOn           []string
	DeletionPolicy      string
	UpdateReplacePolicy string
}

// Output is one entry of the Outputs section.
type Output struct {
	Value       any
	Description string
	Condition   string
	ExportName  any
}

var alphanumeric = regexp.MustCompile(`^[a-zA-Z0-9]{1,255}$`)

var sections = map[string]bool{
	"AWSTemplateFormatVersion": true, "Description": true, "Metadata": true, "Parameters": true, "Mappings": true,
	"Conditions": true, "Resources": true, "Outputs": true,
}

// Parse reads a template in JSON or YAML. Errors carry AWS's wording of a ValidationError.
func Parse(body string) (*Template, error) {
	root, err := decode(body)
	if err != nil {
		return nil, err
	}
	if unknown := unknownKeys(root, sections); len(unknown) > 0 {
		return nil, fmt.Errorf("Invalid template property or properties [%s]", strings.Join(unknown, ", "))
	}
	if path := nullAt(root, ""); path != "" {
		return nil, fmt.Errorf("Template format error: [%s] 'null' values are not allowed in templates", path)
	}
	if version, given := root["AWSTemplateFormatVersion"]; given && version != formatVersion {
		return nil, fmt.Errorf("Template format error: unsupported value for AWSTemplateFormatVersion.")
	}
	t := &Template{Body: body}
	if t.Description, err = text(root["Description"], "Description"); err != nil {
		return nil, err
	}
	if len(t.Description) > MaxDescription {
		return nil, fmt.Errorf("Template format error: 'Description' length is greater than %d.", MaxDescription)
	}
	for name, into := range map[string]*map[string]any{"Mappings": &t.Mappings, "Conditions": &t.Conditions} {
		if *into, err = section(root, name); err != nil {
			return nil, err
		}
	}
	if err := checkMappings(t.Mappings); err != nil {
		return nil, err
	}
	if t.Parameters, err = parseParameters(root); err != nil {
		return nil, err
	}
	if t.Resources, err = parseResources(root); err != nil {
		return nil, err
	}
	if t.Outputs, err = parseOutputs(root); err != nil {
		return nil, err
	}
	return t, t.checkReferences()
}

// formatVersion is the only one that there is.
const formatVersion = "2010-09-09"

// nullAt is the path of the first null value of a template; a section that is left empty is none.
func nullAt(value any, path string) string {
	switch v := value.(type) {
	case map[string]any:
		for _, name := range SortedKeys(v) {
			if v[name] == nil && path != "" {
				return path + "/" + name
			}
			if found := nullAt(v[name], path+"/"+name); found != "" {
				return found
			}
		}
	case []any:
		for i, entry := range v {
			at := fmt.Sprintf("%s/%d", path, i)
			if entry == nil {
				return at
			}
			if found := nullAt(entry, at); found != "" {
				return found
			}
		}
	}
	return ""
}

func decode(body string) (map[string]any, error) {
	trimmed := strings.TrimSpace(body)
	if !strings.HasPrefix(trimmed, "{") {
		return decodeYAML(body)
	}
	decoder := json.NewDecoder(strings.NewReader(trimmed))
	decoder.UseNumber()
	var root map[string]any
	if err := decoder.Decode(&root); err != nil {
		return nil, fmt.Errorf("Template format error: JSON not well-formed. (%v)", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, fmt.Errorf("Template format error: JSON not well-formed. (text after the template)")
	}
	return root, nil
}

func section(root map[string]any, name string) (map[string]any, error) {
	value, ok := root[name]
	if !ok || value == nil {
		return map[string]any{}, nil
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("Template format error: [/%s] '%s' must be an object", name, name)
	}
	return object, nil
}

func text(value any, path string) (string, error) {
	if value == nil {
		return "", nil
	}
	s, ok := value.(string)
	if !ok {
		return "", fmt.Errorf("Template format error: every %s value must be a string", path)
	}
	return s, nil
}

func unknownKeys(object map[string]any, known map[string]bool) []string {
	var unknown []string
	for key := range object {
		if !known[key] {
			unknown = append(unknown, key)
		}
	}
	sort.Strings(unknown)
	return unknown
}

// SortedKeys returns the keys of a map in order, so that everything derived from a template is deterministic.
func SortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
