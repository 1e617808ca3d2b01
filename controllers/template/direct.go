package template

import "maps"

// freelyUpdated are the properties of a function that an update without a change set may touch: none of them replaces
// anything, grants anything, or moves traffic.
var freelyUpdated = []string{"Code", "Description", "Environment", "EphemeralStorage", "MemorySize", "Timeout",
	"TracingConfig"}

// Direct says that only such properties of functions, and outputs, differ, so that the update may
// go without a change set.
func Direct(deployed, want Rendering) bool {
	if deployed.Template == nil || !same(plain(shown(deployed)), plain(shown(want))) {
		return false
	}
	return same(plain(rigid(deployed.Template)), plain(rigid(want.Template)))
}

// shown are the parameters whose values CloudFormation shows.
func shown(r Rendering) map[string]string {
	values := maps.Clone(r.Parameters)
	maps.DeleteFunc(values, func(name, _ string) bool { return r.Template.Parameters[name].NoEcho })
	return values
}

// rigid gives the template without what may be updated freely.
func rigid(t *Template) *Template {
	c := t.clone()
	c.Outputs = nil
	for id, r := range c.Resources {
		if r.Type != functionType {
			continue
		}
		for _, property := range freelyUpdated {
			r = withProperty(r, property, nil)
		}
		c.Resources[id] = r
	}
	return c
}
