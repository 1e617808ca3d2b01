package engine

import (
	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
	"github.com/aloft-dev/aloft/test/localaws/cloudformation/template"
)

// Change is one resource change of a change set.
type Change struct {
	// Action is Add, Modify or Remove.
	Action       string
	PolicyAction string
	LogicalID    string
	PhysicalID   string
	Type         string
	// Replacement is True, False or Conditional for a Modify, else empty.
	Replacement string
	Scope       []string
	Details     []Detail
}

// Detail is one reason of a Modify.
type Detail struct {
	// Attribute is Properties, Tags, Metadata, DeletionPolicy or UpdateReplacePolicy.
	Attribute          string
	Name               string
	RequiresRecreation string
	// Evaluation is Static where the new value is known, else Dynamic.
	Evaluation    string
	Source        string
	Cause         string
	Before, After string
}

// plan is the difference between a stack and a content.
type plan struct {
	changes []Change
	outputs bool
	tags    bool
}

func (p *plan) empty() bool { return len(p.changes) == 0 && !p.outputs && !p.tags }

// planner compares resource by resource, dependencies first, so that consequences are seen.
type planner struct {
	engine  *Engine
	stack   *Stack
	next    *desired
	planned map[string]Change
}

// plan compares the stack with the content; the caller holds the lock.
func (e *Engine) plan(s *Stack, next *desired) (*plan, error) {
	p := &planner{engine: e, stack: s, next: next, planned: map[string]Change{}}
	result := &plan{}
	for _, name := range next.graph.Order {
		change, err := p.compare(name)
		if err != nil {
			return nil, err
		}
		if change != nil {
			p.planned[name] = *change
		}
	}
	for name, res := range s.Resources {
		if _, stays := next.graph.Needs[name]; !stays {
			p.planned[name] = removal(res)
		}
	}
	for _, name := range template.SortedKeys(p.planned) {
		result.changes = append(result.changes, p.planned[name])
	}
	result.tags = s.current != nil && !equal(orEmpty(s.current.tags), orEmpty(next.tags))
	outputs, err := next.evaluateOutputs(p.lookup)
	result.outputs = err != nil || !equal(outputs, s.Outputs)
	return result, nil
}

func orEmpty(tags map[string]string) map[string]string {
	if tags == nil {
		return map[string]string{}
	}
	return tags
}

func removal(res *Resource) Change {
	change := Change{Action: "Remove", PolicyAction: "Delete", LogicalID: res.LogicalID, PhysicalID: res.PhysicalID,
		Type: res.Type}
	if res.keptOnDelete() {
		change.PolicyAction = "Retain"
	}
	return change
}

// lookup gives what expressions can know before the deployment.
func (p *planner) lookup(name string) (template.Values, bool) {
	if _, active := p.next.graph.Needs[name]; !active {
		return template.Values{}, false
	}
	current := p.stack.Resources[name]
	if current == nil || p.planned[name].Replacement == "True" {
		return template.Values{Pending: true}, true
	}
	return current.values(), true
}

// compare returns the change of one resource, nil where nothing changes.
func (p *planner) compare(name string) (*Change, error) {
	definition := p.next.template.Resources[name]
	current := p.stack.Resources[name]
	if current == nil || current.Status == CreateFailed {
		return &Change{Action: "Add", LogicalID: name, Type: definition.Type}, nil
	}
	if current.Type != definition.Type {
		return nil, invalid("Update of resource type is not permitted. The new template modifies resource type of the "+
			"following resources: [%s]", name)
	}
	known := p.engine.options.Types[definition.Type]
	resolved, err := p.next.scope(p.lookup).ResolveProperties(definition.Properties)
	if err != nil {
		return nil, invalid("%v", err)
	}
	// Problems with the values are found when the resource is updated, as on AWS.
	conformed, _ := known.Properties.Conform(resolved)
	change := &Change{Action: "Modify", LogicalID: name, PhysicalID: current.PhysicalID, Type: current.Type}
	change.Details = p.propertyDetails(known, current, definition, conformed)
	if tags := p.next.effectiveTags(known, name, conformed); !equal(tags, current.Tags) &&
		current.Properties.Same(conformed, "Tags") {
		change.Details = append(change.Details, Detail{
			Attribute: "Tags", RequiresRecreation: "Never", Evaluation: "Static", Source: "DirectModification",
		})
	}
	change.Details = append(change.Details, attributeDetails(current, definition)...)
	if len(change.Details) == 0 && current.attempted == nil {
		return nil, nil
	}
	change.settle(definition.UpdateReplacePolicy)
	return change, nil
}

func attributeDetails(current *Resource, next template.Resource) []Detail {
	var details []Detail
	for _, pair := range []struct {
		name          string
		before, after any
	}{
		{"Metadata", current.Metadata, next.Metadata},
		{"DeletionPolicy", current.DeletionPolicy, next.DeletionPolicy},
		{"UpdateReplacePolicy", current.UpdateReplacePolicy, next.UpdateReplacePolicy},
	} {
		if !equal(pair.before, pair.after) {
			details = append(details, Detail{
				Attribute: pair.name, RequiresRecreation: "Never", Evaluation: "Static", Source: "DirectModification",
			})
		}
	}
	return details
}

// settle derives replacement, scope and policy action from the details.
func (c *Change) settle(replacePolicy string) {
	c.Replacement = "False"
	scopes := map[string]bool{}
	for _, d := range c.Details {
		scopes[d.Attribute] = true
		switch {
		case d.RequiresRecreation == string(resource.Always) && d.Evaluation == "Static":
			c.Replacement = "True"
		case d.RequiresRecreation != string(resource.Never) && c.Replacement == "False":
			c.Replacement = "Conditional"
		}
	}
	c.Scope = template.SortedKeys(scopes)
	switch {
	case c.Replacement == "False":
	case replacePolicy == "Retain":
		c.PolicyAction = "ReplaceAndRetain"
	default:
		c.PolicyAction = "ReplaceAndDelete"
	}
}
