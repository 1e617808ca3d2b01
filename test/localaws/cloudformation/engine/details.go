package engine

import (
	"fmt"
	"slices"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
	"github.com/aloft-dev/aloft/test/localaws/cloudformation/template"
)

// propertyDetails lists the changed properties and those that may change because what they refer to changes.
func (p *planner) propertyDetails(
	known *resource.Type, current *Resource, definition template.Resource, next resource.Properties,
) []Detail {
	var details []Detail
	for _, name := range propertyNames(current.Properties, next) {
		target := Detail{Attribute: "Properties", Name: name, RequiresRecreation: string(known.Properties[name].Recreation())}
		expression := definition.Properties[name]
		if current.Properties.Same(next, name) {
			details = append(details, p.consequences(target, expression)...)
			continue
		}
		target.Before, target.After = valueText(current.Properties[name]), valueText(next[name])
		details = append(details, p.modification(target, expression, next[name])...)
	}
	return details
}

func propertyNames(current, next resource.Properties) []string {
	names := map[string]bool{}
	for name := range current {
		names[name] = true
	}
	for name := range next {
		names[name] = true
	}
	return template.SortedKeys(names)
}

// modification explains a property whose value differs or is not known yet.
func (p *planner) modification(target Detail, expression, value any) []Detail {
	if pending := template.PendingOn(value); len(pending) > 0 {
		return p.references(target, expression, func(name string) bool { return slices.Contains(pending, name) })
	}
	var details []Detail
	for _, name := range p.next.template.Used(expression, p.next.conditions) {
		before, known := p.stack.current.previously(name)
		if known && before != p.next.submitted[name] {
			d := target
			d.Evaluation, d.Source, d.Cause = "Static", "ParameterReference", name
			details = append(details, d)
		}
	}
	direct := target
	direct.Evaluation, direct.Source = "Static", "DirectModification"
	if len(details) > 0 {
		// With a changed parameter the value is known through it; that the template changed too cannot be excluded.
		direct.Evaluation = "Dynamic"
	}
	return append(details, direct)
}

// consequences explains a property that reads attributes of a resource that is modified, or the Ref
// of one that may be replaced.
func (p *planner) consequences(target Detail, expression any) []Detail {
	return p.references(target, expression, func(name string) bool { return p.planned[name].Action == "Modify" })
}

func (p *planner) references(target Detail, expression any, concerned func(name string) bool) []Detail {
	var details []Detail
	attributes := p.next.template.AttributesUsed(expression, p.next.conditions)
	for _, name := range template.SortedKeys(attributes) {
		for _, attribute := range attributes[name] {
			if concerned(name) {
				d := target
				d.Evaluation, d.Source, d.Cause = "Dynamic", "ResourceAttribute", name+"."+attribute
				details = append(details, d)
			}
		}
	}
	for _, name := range p.next.template.Used(expression, p.next.conditions) {
		replacement := p.planned[name].Replacement
		added := p.planned[name].Action == "Add"
		if concerned(name) && (added || replacement == "True" || replacement == "Conditional") {
			d := target
			d.Evaluation, d.Source, d.Cause = "Dynamic", "ResourceReference", name
			if replacement == "True" {
				// A replaced resource gets another physical id for certain.
				d.Evaluation = "Static"
			}
			details = append(details, d)
		}
	}
	return details
}

func valueText(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case template.Unknown:
		return "{{changeSet:KNOWN_AFTER_APPLY}}"
	case map[string]any, []any:
		return jsonText(v)
	}
	return fmt.Sprint(value)
}
