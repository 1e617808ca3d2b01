// Command generate distils limits.json from CloudFormation's resource schemas: the patterns, lengths, numbers and
// enumerations of the properties that the local AWS takes, and which of them are required. They are those of cfn-lint,
// which has them from CloudFormation's registry:
//
//	pip install cfn-lint
//	go generate ./test/localaws/cloudformation/resource
//
// A pattern that Go's regular expressions cannot express is left out and named on standard error.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/providers"
	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
	"github.com/aloft-dev/aloft/test/localaws/model"
)

// region is the one whose schemas are taken; they are the same in the others, where the type exists.
const region = "eu_central_1"

// source is a JSON schema, as far as it is read.
type source struct {
	Ref         string             `json:"$ref"`
	Properties  map[string]*source `json:"properties"`
	Definitions map[string]*source `json:"definitions"`
	Items       *source            `json:"items"`
	Required    []string           `json:"required"`
	Enum        []any              `json:"enum"`
	Pattern     string             `json:"pattern"`
	MinLength   *float64           `json:"minLength"`
	MaxLength   *float64           `json:"maxLength"`
	Minimum     *float64           `json:"minimum"`
	Maximum     *float64           `json:"maximum"`
	MinItems    *float64           `json:"minItems"`
	MaxItems    *float64           `json:"maxItems"`
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "distilling the resource schemas:", err)
		os.Exit(1)
	}
}

func run(out string) error {
	path, err := exec.Command("python3", "-c", "import cfnlint; print(cfnlint.__path__[0])").Output()
	if err != nil {
		return fmt.Errorf("cfn-lint is not installed (pip install cfn-lint): %w", err)
	}
	schemas := filepath.Join(strings.TrimSpace(string(path)), "data", "schemas")
	index, err := os.ReadFile(filepath.Join(schemas, "providers", region+".py"))
	if err != nil {
		return err
	}
	table := map[string]map[string]resource.Limits{}
	for _, known := range providers.All() {
		file := regexp.MustCompile(`"` + regexp.QuoteMeta(known.Name) + `": "([0-9a-f]+)"`).FindSubmatch(index)
		if file == nil {
			return fmt.Errorf("there is no schema of %s", known.Name)
		}
		content, err := os.ReadFile(filepath.Join(schemas, "resources", string(file[1])+".json"))
		if err != nil {
			return err
		}
		root := &source{}
		if err := json.Unmarshal(content, root); err != nil {
			return fmt.Errorf("%s: %w", known.Name, err)
		}
		w := walker{root: root, limits: map[string]resource.Limits{}}
		if err := w.object(known.Properties, root, ""); err != nil {
			return fmt.Errorf("%s: %w", known.Name, err)
		}
		table[known.Name] = w.limits
	}
	return os.WriteFile(out, encode(table), 0o644)
}

type walker struct {
	root   *source
	limits map[string]resource.Limits
}

func (w *walker) resolve(s *source) *source {
	for s != nil && s.Ref != "" {
		s = w.root.Definitions[strings.TrimPrefix(s.Ref, "#/definitions/")]
	}
	return s
}

// object takes the limits of the declared properties, and which of them the schema requires.
func (w *walker) object(declared resource.Schema, s *source, path string) error {
	limits := resource.Limits{}
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		property := w.resolve(s.Properties[name])
		if property == nil {
			return errors.New("the schema has no property " + path + "/" + name)
		}
		if slices.Contains(s.Required, name) {
			limits.Required = append(limits.Required, name)
		}
		if err := w.property(declared[name], property, path+"/"+name); err != nil {
			return err
		}
	}
	w.keep(path, limits)
	return nil
}

func (w *walker) property(declared resource.Property, s *source, path string) error {
	switch declared.Kind {
	case resource.Object:
		return w.object(declared.Fields, s, path)
	case resource.List:
		w.keep(path, resource.Limits{Min: s.MinItems, Max: s.MaxItems})
		if items := w.resolve(s.Items); items != nil {
			return w.property(*declared.Items, items, path+"/*")
		}
	case resource.Integer, resource.Number:
		w.keep(path, resource.Limits{Min: s.Minimum, Max: s.Maximum})
	case resource.String:
		limits := resource.Limits{Min: s.MinLength, Max: s.MaxLength, Pattern: model.Translate(s.Pattern)}
		for _, value := range s.Enum {
			limits.Enum = append(limits.Enum, fmt.Sprint(value))
		}
		if _, err := regexp.Compile(limits.Pattern); err != nil {
			fmt.Fprintf(os.Stderr, "left out the pattern of %s: %s\n", path, s.Pattern)
			limits.Pattern = ""
		}
		w.keep(path, limits)
	}
	return nil
}

func (w *walker) keep(path string, limits resource.Limits) {
	if limits.Min != nil && *limits.Min == 0 && limits.Max == nil {
		limits.Min = nil
	}
	if limits.Min != nil || limits.Max != nil || limits.Pattern != "" || limits.Enum != nil || limits.Required != nil {
		w.limits[path] = limits
	}
}

// encode writes one property a line, so that a change of the schemas can be read.
func encode(table map[string]map[string]resource.Limits) []byte {
	var b bytes.Buffer
	b.WriteString("{\n")
	for i, name := range slices.Sorted(maps.Keys(table)) {
		if i > 0 {
			b.WriteString(",\n")
		}
		fmt.Fprintf(&b, "%q: {\n", name)
		for j, path := range slices.Sorted(maps.Keys(table[name])) {
			if j > 0 {
				b.WriteString(",\n")
			}
			var text bytes.Buffer
			e := json.NewEncoder(&text)
			e.SetEscapeHTML(false)
			_ = e.Encode(table[name][path])
			fmt.Fprintf(&b, "%q: %s", path, bytes.TrimSpace(text.Bytes()))
		}
		b.WriteString("\n}")
	}
	b.WriteString("\n}\n")
	return b.Bytes()
}
