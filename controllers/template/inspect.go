package template

import "slices"

// Functions gives the short names of the functions that a template holds, sorted.
func Functions(t *Template) []string {
	var names []string
	for _, r := range t.Resources {
		if f := r.function(); f != "" && r.Type == functionType {
			names = append(names, f)
		}
	}
	slices.Sort(names)
	return names
}

// QueuesOf gives the names on AWS of the queues that belong to a function in the template, sorted, the
// dead-letter queues among them.
func QueuesOf(t *Template, function string) []string {
	var names []string
	for _, r := range t.Resources {
		if r.Type != queueType || r.function() != function {
			continue
		}
		if name, ok := r.Properties[queueName].(string); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
