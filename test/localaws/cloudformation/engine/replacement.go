package engine

import "github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"

// recreation says whether the step from one set of properties to the next replaces the resource.
func recreation(known *resource.Type, current, next resource.Properties) resource.Recreation {
	answer := resource.Never
	for _, name := range changedProperties(current, next) {
		switch known.Properties[name].Recreation() {
		case resource.Always:
			return resource.Always
		case resource.Conditionally:
			answer = resource.Conditionally
		}
	}
	return answer
}

func changedProperties(current, next resource.Properties) []string {
	names := map[string]bool{}
	for name := range current {
		names[name] = true
	}
	for name := range next {
		names[name] = true
	}
	var changed []string
	for name := range names {
		if !next.Same(current, name) {
			changed = append(changed, name)
		}
	}
	return sortedStrings(changed)
}
