package engine

import (
	"errors"
	"fmt"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/template"
)

// rehearse evaluates all that can be before anything exists, so that a malformed expression is refused with the call
// and does not fail a stack that is under way.
func (d *desired) rehearse() error {
	scope := d.scope(func(name string) (template.Values, bool) {
		_, part := d.graph.Needs[name]
		return template.Values{Pending: true}, part
	})
	for _, name := range template.SortedKeys(d.graph.Needs) {
		if _, err := scope.ResolveProperties(d.template.Resources[name].Properties); err != nil {
			return err
		}
	}
	exports := map[string]bool{}
	for _, name := range template.SortedKeys(d.template.Outputs) {
		output := d.template.Outputs[name]
		if output.Condition != "" && !d.conditions[output.Condition] {
			continue
		}
		value, err := scope.Resolve(output.Value)
		if err != nil {
			return err
		}
		export, err := scope.Resolve(output.ExportName)
		if err != nil {
			return err
		}
		if exported, ok := export.(string); ok && exports[exported] {
			return fmt.Errorf("Template format error: Duplicate export names found [%s]", exported)
		} else if ok {
			exports[exported] = true
		}
		switch value.(type) {
		case []any, map[string]any:
			return errors.New("Template format error: The Value field of every Outputs member must evaluate to a String and " +
				"not a List.")
		}
	}
	return nil
}
