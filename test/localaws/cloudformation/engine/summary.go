package engine

import (
	"sort"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/template"
)

// Summary is what can be said of a template without a stack.
type Summary struct {
	Description   string
	Parameters    map[string]template.Parameter
	ResourceTypes []string
	Capabilities  []string
	Reason        string
}

// Summarize reads a template, checks it and lists what a deployment will ask for.
func (e *Engine) Summarize(body string) (Summary, error) {
	parsed, err := template.Parse(body)
	if err != nil {
		return Summary{}, invalid("%v", err)
	}
	if err := e.checkTypes(parsed); err != nil {
		return Summary{}, err
	}
	s := Summary{Description: parsed.Description, Parameters: parsed.Parameters}
	types := map[string]bool{}
	needs, named := []string{}, false
	for _, name := range template.SortedKeys(parsed.Resources) {
		definition := parsed.Resources[name]
		types[definition.Type] = true
		known := e.options.Types[definition.Type]
		if !known.NeedsIAM {
			continue
		}
		needs = append(needs, definition.Type)
		_, hasName := definition.Properties[known.NameProperty]
		named = named || hasName
	}
	s.ResourceTypes = template.SortedKeys(types)
	if len(needs) > 0 {
		sort.Strings(needs)
		s.Capabilities, s.Reason = []string{"CAPABILITY_IAM"}, "The following resource(s) require capabilities: "+list(needs)
	}
	if named {
		s.Capabilities = []string{"CAPABILITY_NAMED_IAM"}
	}
	return s, nil
}
