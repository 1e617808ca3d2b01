package template

import (
	"fmt"
	"slices"
	"strings"
)

// PseudoParameters are the names that every template may Ref (AWS::NoValue is handled by Ref itself).
var PseudoParameters = []string{
	"AWS::AccountId", "AWS::NotificationARNs", "AWS::NoValue", "AWS::Partition", "AWS::Region", "AWS::StackId",
	"AWS::StackName", "AWS::URLSuffix",
}

// reference is one use of a name by an expression; an empty attribute means Ref.
type reference struct {
	name      string
	attribute string
}

// walker collects references; with conditions given it follows only the taken branch of Fn::If.
type walker struct {
	conditions map[string]bool
	found      []reference
	missing    []string
	// asked are the conditions that Fn::If names, in any branch that was followed.
	asked []string
}

func (w *walker) walk(value any) {
	switch v := value.(type) {
	case []any:
		for _, entry := range v {
			w.walk(entry)
		}
	case map[string]any:
		if name, argument, ok := intrinsic(v); ok {
			w.function(name, argument)
			return
		}
		for _, key := range SortedKeys(v) {
			w.walk(v[key])
		}
	}
}

func (w *walker) function(name string, argument any) {
	switch name {
	case "Ref":
		if target, ok := argument.(string); ok {
			w.found = append(w.found, reference{name: target})
		}
	case "Fn::GetAtt":
		if resource, attribute, err := getAttTarget(argument); err == nil {
			w.found = append(w.found, reference{resource, attribute})
		}
	case "Fn::Sub":
		w.sub(argument)
	case "Fn::If":
		w.branch(argument)
	default:
		w.walk(argument)
	}
}

func (w *walker) branch(argument any) {
	branches, ok := argument.([]any)
	if !ok || len(branches) != 3 {
		return
	}
	name, _ := branches[0].(string)
	w.asked = append(w.asked, name)
	holds, known := w.conditions[name]
	if w.conditions != nil && !known {
		w.missing = append(w.missing, name)
	}
	if w.conditions == nil || holds {
		w.walk(branches[1])
	}
	if w.conditions == nil || !holds {
		w.walk(branches[2])
	}
}

func (w *walker) sub(argument any) {
	pattern, variables, err := subArguments(argument)
	if err != nil {
		return
	}
	w.walk(variables)
	for _, match := range variable.FindAllStringSubmatch(pattern, -1) {
		name := strings.TrimSpace(match[1])
		if _, own := variables[name]; own || strings.HasPrefix(name, "!") {
			continue
		}
		resource, attribute, _ := strings.Cut(name, ".")
		w.found = append(w.found, reference{resource, attribute})
	}
}

// checkReferences refuses names that no section declares.
func (t *Template) checkReferences() error {
	resources := &walker{}
	for _, name := range SortedKeys(t.Resources) {
		resource := t.Resources[name]
		resources.walk(resource.Properties)
		for _, dependency := range resource.DependsOn {
			resources.found = append(resources.found, reference{name: dependency, attribute: "DependsOn"})
		}
		if err := t.checkCondition(resource.Condition, "Resources"); err != nil {
			return err
		}
	}
	if err := t.checkDeclared(resources.found, "Resources"); err != nil {
		return err
	}
	if err := t.checkAsked(resources.asked); err != nil {
		return err
	}
	outputs := &walker{}
	for _, name := range SortedKeys(t.Outputs) {
		outputs.walk(t.Outputs[name].Value)
		if err := t.checkCondition(t.Outputs[name].Condition, "Outputs"); err != nil {
			return err
		}
	}
	if err := t.checkAsked(outputs.asked); err != nil {
		return err
	}
	return t.checkDeclared(outputs.found, "Outputs")
}

func (t *Template) checkAsked(conditions []string) error {
	for _, name := range conditions {
		if _, ok := t.Conditions[name]; !ok {
			return fmt.Errorf("Template error: unresolved condition dependency %s in Fn::If", name)
		}
	}
	return nil
}

func (t *Template) checkCondition(name, block string) error {
	if _, ok := t.Conditions[name]; ok || name == "" {
		return nil
	}
	return fmt.Errorf("Template format error: Unresolved condition dependency %s in the %s block of the template", name,
		block)
}

func (t *Template) checkDeclared(found []reference, block string) error {
	missing := map[string]bool{}
	for _, r := range found {
		if !t.declares(r) {
			missing[r.name] = true
		}
	}
	return unresolved(missing, block)
}

func (t *Template) declares(r reference) bool {
	if _, ok := t.Resources[r.name]; ok {
		return true
	}
	if _, ok := t.Parameters[r.name]; ok && r.attribute == "" {
		return true
	}
	return slices.Contains(PseudoParameters, r.name)
}

func unresolved(missing map[string]bool, block string) error {
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("Template format error: Unresolved resource dependencies [%s] in the %s block of the template",
		strings.Join(SortedKeys(missing), ", "), block)
}
