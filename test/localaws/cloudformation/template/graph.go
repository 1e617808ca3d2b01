package template

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Graph says which resources are part of the stack and what each waits for.
type Graph struct {
	// Order lists the resources so that each comes after its dependencies; ties are alphabetical.
	Order []string
	// Needs are the direct dependencies of each resource.
	Needs map[string][]string
}

// Graph builds the dependency graph under the given conditions. Errors carry AWS's wording of a ValidationError.
func (t *Template) Graph(conditions map[string]bool) (*Graph, error) {
	active := map[string]bool{}
	for name, resource := range t.Resources {
		if resource.Condition == "" || conditions[resource.Condition] {
			active[name] = true
		}
	}
	g := &Graph{Needs: map[string][]string{}}
	for _, name := range SortedKeys(active) {
		needs, err := t.needs(name, active, conditions)
		if err != nil {
			return nil, err
		}
		g.Needs[name] = needs
	}
	if err := t.checkActiveOutputs(active, conditions); err != nil {
		return nil, err
	}
	return g, g.sort()
}

func (t *Template) needs(name string, active, conditions map[string]bool) ([]string, error) {
	w := &walker{conditions: conditions}
	w.walk(t.Resources[name].Properties)
	if len(w.missing) > 0 {
		return nil, fmt.Errorf("Template error: unresolved condition dependency %s in Fn::If", w.missing[0])
	}
	needs, err := t.activeResources(w.found, active, "Resources")
	if err != nil {
		return nil, err
	}
	for _, dependency := range t.Resources[name].DependsOn {
		if active[dependency] {
			needs[dependency] = true
		}
	}
	return SortedKeys(needs), nil
}

func (t *Template) activeResources(found []reference, active map[string]bool, block string) (map[string]bool, error) {
	used, missing := map[string]bool{}, map[string]bool{}
	for _, r := range found {
		if _, isResource := t.Resources[r.name]; !isResource {
			continue
		}
		if active[r.name] {
			used[r.name] = true
		} else {
			missing[r.name] = true
		}
	}
	return used, unresolved(missing, block)
}

func (t *Template) checkActiveOutputs(active, conditions map[string]bool) error {
	for _, name := range SortedKeys(t.Outputs) {
		output := t.Outputs[name]
		if output.Condition != "" && !conditions[output.Condition] {
			continue
		}
		w := &walker{conditions: conditions}
		w.walk(output.Value)
		if _, err := t.activeResources(w.found, active, "Outputs"); err != nil {
			return err
		}
	}
	return nil
}

func (g *Graph) sort() error {
	left := map[string]int{}
	waiting := map[string][]string{}
	var ready []string
	for name, needs := range g.Needs {
		left[name] = len(needs)
		for _, need := range needs {
			waiting[need] = append(waiting[need], name)
		}
		if len(needs) == 0 {
			ready = append(ready, name)
		}
	}
	for len(ready) > 0 {
		sort.Strings(ready)
		name := ready[0]
		ready = ready[1:]
		g.Order = append(g.Order, name)
		delete(left, name)
		for _, dependent := range waiting[name] {
			if left[dependent]--; left[dependent] == 0 {
				ready = append(ready, dependent)
			}
		}
	}
	if len(left) > 0 {
		return fmt.Errorf("Circular dependency between resources: [%s]", strings.Join(g.cycle(left), ", "))
	}
	return nil
}

// cycle drops the resources that only wait for the cycle without being part of it.
func (g *Graph) cycle(left map[string]int) []string {
	for changed := true; changed; {
		changed = false
		for name := range left {
			if !g.neededBy(name, left) {
				delete(left, name)
				changed = true
			}
		}
	}
	return SortedKeys(left)
}

func (g *Graph) neededBy(name string, among map[string]int) bool {
	for other := range among {
		if slices.Contains(g.Needs[other], name) {
			return true
		}
	}
	return false
}

// AttributesUsed lists the resources whose attributes (not their Ref) a value reads, for change sets.
func (t *Template) AttributesUsed(value any, conditions map[string]bool) map[string][]string {
	w := &walker{conditions: conditions}
	w.walk(value)
	used := map[string][]string{}
	for _, r := range w.found {
		if _, ok := t.Resources[r.name]; ok && r.attribute != "" {
			used[r.name] = append(used[r.name], r.attribute)
		}
	}
	return used
}

// Used lists every name that a value refers to by Ref (resources and parameters).
func (t *Template) Used(value any, conditions map[string]bool) []string {
	w := &walker{conditions: conditions}
	w.walk(value)
	names := map[string]bool{}
	for _, r := range w.found {
		if r.attribute == "" {
			names[r.name] = true
		}
	}
	return SortedKeys(names)
}

// AttributeReference is one use of Fn::GetAtt.
type AttributeReference struct{ Resource, Attribute string }

// AttributeReferences lists every attribute that the template asks for, in any branch.
func (t *Template) AttributeReferences() []AttributeReference {
	w := &walker{}
	for _, name := range SortedKeys(t.Resources) {
		w.walk(t.Resources[name].Properties)
	}
	for _, name := range SortedKeys(t.Outputs) {
		w.walk(t.Outputs[name].Value)
	}
	var references []AttributeReference
	for _, r := range w.found {
		if _, ok := t.Resources[r.name]; ok && r.attribute != "" {
			references = append(references, AttributeReference{r.name, r.attribute})
		}
	}
	return references
}
