// Command generate distils constraints.json from AWS's service models.
//
// The models are those that botocore carries, the library below the aws command line and boto3, in its folder "data":
// service-2.json in a folder for each service and version of its API. They are made from the same source as the models
// of the Go SDK, which leaves them out of its modules.
//
//	pip install botocore
//	go generate ./test/localaws/model
//
// Of each operation that the local AWS offers it keeps what constrains the input, and drops everything else. A pattern
// that Go's regular expressions cannot express is left out and named on standard error.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/model"
)

// folders are the models of the services whose name in botocore is another one.
var folders = map[string]string{"apigateway": "apigatewayv2"}

func main() {
	data := flag.String("models", "", "botocore's folder data; by default that of the installed one.")
	out := flag.String("o", "", "The file to write.")
	flag.Parse()
	if err := run(*data, *out); err != nil {
		fmt.Fprintln(os.Stderr, "distilling the service models:", err)
		os.Exit(1)
	}
}

func run(data, out string) error {
	if data == "" {
		path, err := exec.Command("python3", "-c", "import botocore; print(botocore.__path__[0])").Output()
		if err != nil {
			return fmt.Errorf("botocore is not installed (pip install botocore), and -models names no folder: %w", err)
		}
		data = filepath.Join(strings.TrimSpace(string(path)), "data")
	}
	server, err := localaws.New(localaws.Options{})
	if err != nil {
		return err
	}
	offered := server.Operations()
	if err := server.Close(); err != nil {
		return err
	}
	table := map[string]*model.Service{}
	for service, operations := range offered {
		source, err := read(data, service)
		if err != nil {
			return err
		}
		if table[service], err = source.distil(operations); err != nil {
			return fmt.Errorf("%s: %w", service, err)
		}
	}
	return os.WriteFile(out, encode(table), 0o644)
}

// source is a model as botocore has it.
type source struct {
	Operations map[string]struct {
		Input struct {
			Shape string `json:"shape"`
		} `json:"input"`
	} `json:"operations"`
	Shapes map[string]sourceShape `json:"shapes"`
}

type sourceShape struct {
	Type      string                  `json:"type"`
	Min       *float64                `json:"min"`
	Max       *float64                `json:"max"`
	Pattern   string                  `json:"pattern"`
	Enum      []string                `json:"enum"`
	Sensitive bool                    `json:"sensitive"`
	Flattened bool                    `json:"flattened"`
	Required  []string                `json:"required"`
	Payload   string                  `json:"payload"`
	Members   map[string]sourceMember `json:"members"`
	Member    *sourceMember           `json:"member"`
	Key       *sourceMember           `json:"key"`
	Value     *sourceMember           `json:"value"`
}

type sourceMember struct {
	Shape        string `json:"shape"`
	Location     string `json:"location"`
	LocationName string `json:"locationName"`
	Flattened    bool   `json:"flattened"`
}

// read takes the newest version of a service's model.
func read(data, service string) (*source, error) {
	folder := service
	if name, ok := folders[service]; ok {
		folder = name
	}
	versions, err := filepath.Glob(filepath.Join(data, folder, "*", "service-2.json*"))
	if err != nil || len(versions) == 0 {
		return nil, errors.Join(fmt.Errorf("%w: no model of %s in %s", fs.ErrNotExist, folder, data), err)
	}
	content, err := os.ReadFile(slices.Max(versions))
	if err != nil {
		return nil, err
	}
	var text io.Reader = bytes.NewReader(content)
	if strings.HasSuffix(slices.Max(versions), ".gz") {
		if text, err = gzip.NewReader(text); err != nil {
			return nil, err
		}
	}
	out := &source{}
	return out, json.NewDecoder(text).Decode(out)
}

// distil keeps what constrains the inputs of the operations.
func (s *source) distil(operations []string) (*model.Service, error) {
	out := &model.Service{Operations: map[string]string{}, Shapes: map[string]*model.Shape{}}
	kept := map[string]bool{}
	for _, name := range operations {
		if strings.HasPrefix(name, "Local") { // what the local AWS offers itself inside
			continue
		}
		operation, ok := s.Operations[name]
		if !ok {
			return nil, fmt.Errorf("the model has no operation %s", name)
		}
		out.Operations[name] = ""
		if input := operation.Input.Shape; input != "" && s.keep(input, out.Shapes, kept) {
			out.Operations[name] = input
		}
	}
	return out, nil
}

var types = map[string]string{
	"structure": "structure", "list": "list", "map": "map", "string": "string", "blob": "blob", "character": "string",
	"integer": "number", "long": "number", "float": "number", "double": "number",
}

// keep takes a shape into the table and says whether it constrains anything. A shape that holds itself is not followed
// again.
func (s *source) keep(name string, into map[string]*model.Shape, kept map[string]bool) bool {
	if known, ok := kept[name]; ok {
		return known
	}
	kept[name] = true
	from := s.Shapes[name]
	shape := from.plain(name)
	constrains := shape.Min != nil || shape.Max != nil || shape.Pattern != "" || shape.Enum != nil ||
		len(shape.Required) > 0
	members := s.members(from, into, kept, shape)
	items := s.inner(from.Member, into, kept, &shape.Item)
	keys, values := s.inner(from.Key, into, kept, &shape.Key), s.inner(from.Value, into, kept, &shape.Value)
	constrains = constrains || members || items || keys || values
	if from.Payload != "" && from.Members[from.Payload].Location == "" {
		shape.Payload = from.Payload
	}
	kept[name] = constrains
	if constrains {
		into[name] = shape
	}
	return constrains
}

// members takes those that constrain anything, that are required, or that are the body.
func (s *source) members(
	from sourceShape, into map[string]*model.Shape, kept map[string]bool, shape *model.Shape,
) (constrains bool) {
	shape.Members = map[string]model.Member{}
	for member, m := range from.Members {
		inner := s.keep(m.Shape, into, kept)
		constrains = constrains || inner
		if inner || slices.Contains(from.Required, member) || member == from.Payload {
			shape.Members[member] = *s.place(&m, inner)
		}
	}
	return constrains
}

// plain is a shape without its members.
func (from sourceShape) plain(name string) *model.Shape {
	shape := &model.Shape{Type: types[from.Type], Min: from.Min, Max: from.Max, Pattern: from.Pattern, Enum: from.Enum,
		Sensitive: from.Sensitive, Flat: from.Flattened, Required: from.Required}
	if shape.Pattern == ".*" || shape.Pattern == `[\s\S]*` {
		shape.Pattern = ""
	}
	if !model.Readable(shape.Pattern) {
		fmt.Fprintf(os.Stderr, "left out the pattern of %s: %s\n", name, shape.Pattern)
		shape.Pattern = ""
	}
	if shape.Min != nil && *shape.Min == 0 && shape.Type != "number" {
		shape.Min = nil // which says nothing of a length
	}
	return shape
}

func (s *source) inner(
	m *sourceMember, into map[string]*model.Shape, kept map[string]bool, place **model.Member,
) bool {
	if m == nil {
		return false
	}
	constrains := s.keep(m.Shape, into, kept)
	*place = s.place(m, constrains)
	return constrains
}

func (s *source) place(m *sourceMember, constrains bool) *model.Member {
	out := &model.Member{Name: m.LocationName, In: m.Location}
	if constrains {
		out.Shape = m.Shape
	}
	return out
}
