package template

import (
	"fmt"
)

// EvaluateConditions evaluates the Conditions section; conditions may refer to parameters, mappings and each other.
func (t *Template) EvaluateConditions(parameters map[string]any, pseudo map[string]string) (map[string]bool, error) {
	c := &conditions{
		template: t, done: map[string]bool{}, open: map[string]bool{},
		scope: &Scope{Parameters: parameters, Pseudo: pseudo, Mappings: t.Mappings},
	}
	for _, name := range SortedKeys(t.Conditions) {
		if _, err := c.named(name); err != nil {
			return nil, err
		}
	}
	return c.done, nil
}

type conditions struct {
	template *Template
	scope    *Scope
	done     map[string]bool
	open     map[string]bool
}

func (c *conditions) named(name string) (bool, error) {
	if value, ok := c.done[name]; ok {
		return value, nil
	}
	expression, ok := c.template.Conditions[name]
	if !ok {
		return false, fmt.Errorf(
			"Template format error: Unresolved condition dependency %s in the Conditions block of the template", name,
		)
	}
	if c.open[name] {
		return false, fmt.Errorf("Template error: Found circular condition dependency between %s and itself", name)
	}
	c.open[name] = true
	value, err := c.evaluate(expression)
	if err != nil {
		return false, err
	}
	c.done[name] = value
	return value, nil
}

func (c *conditions) evaluate(expression any) (bool, error) {
	object, ok := expression.(map[string]any)
	if !ok || len(object) != 1 {
		return false, fmt.Errorf("Template format error: Every Conditions member must contain a single condition function.")
	}
	for function, argument := range object {
		switch function {
		case "Condition":
			name, _ := argument.(string)
			return c.named(name)
		case "Fn::Equals":
			return c.equals(argument)
		case "Fn::Not":
			value, err := c.every(argument, 1, 1, function, true)
			return !value, err
		case "Fn::And":
			return c.every(argument, 2, 10, function, true)
		case "Fn::Or":
			none, err := c.every(argument, 2, 10, function, false)
			return !none, err
		}
	}
	return false, fmt.Errorf("Template format error: Every Conditions member must contain a single condition function.")
}

func (c *conditions) equals(argument any) (bool, error) {
	list, ok := argument.([]any)
	if !ok || len(list) != 2 {
		return false, fmt.Errorf("Template error: every Fn::Equals object requires a list of 2 string parameters.")
	}
	left, err := c.scope.Resolve(list[0])
	if err != nil {
		return false, err
	}
	right, err := c.scope.Resolve(list[1])
	if err != nil {
		return false, err
	}
	return Scalar(left) == Scalar(right), nil
}

// every says whether all the operands have the wanted value.
func (c *conditions) every(argument any, least, most int, function string, want bool) (bool, error) {
	list, ok := argument.([]any)
	if !ok || len(list) < least || len(list) > most {
		return false, fmt.Errorf("Template error: every %s object requires a list of at least %d and at most %d boolean "+
			"parameters.", function, least, most)
	}
	all := true
	for _, operand := range list {
		value, err := c.evaluate(operand)
		if err != nil {
			return false, err
		}
		all = all && value == want
	}
	return all, nil
}
