package engine

import (
	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

// replaces says whether the step from one set of properties to the next replaces the resource.
func replaces(known *resource.Type, current, next resource.Properties) bool {
	for _, name := range propertyNames(current, next) {
		if !next.Same(current, name) && known.Properties[name].Recreation() == resource.Always {
			return true
		}
	}
	return false
}
