package template

import "maps"

// freelyUpdated are the properties, by resource type, that an update without a change set may touch: none of them
// replaces anything or takes anything away. A rule is enabled once its function's alias is live.
var freelyUpdated = map[string][]string{
	functionType: {"Code", "Description", "Environment", "EphemeralStorage", "MemorySize", "Timeout", "TracingConfig"},
	ruleType:     {ruleState},
}

// Direct says that of what is deployed only such properties, latches that move on and outputs differ, so that the
// update may go without a change set. What is added takes nothing away.
func Direct(deployed, want Rendering) bool {
	if deployed.Template == nil || !movedOn(shown(deployed), shown(want)) {
		return false
	}
	return same(plain(rigid(deployed.Template)), plain(rigid(within(deployed.Template, want.Template))))
}

// movedOn says that no parameter's value is another, but for latches.
func movedOn(before, after map[string]string) bool {
	for name, was := range before {
		if is, has := after[name]; !has || is != was && (was != no || is != yes) {
			return false
		}
	}
	return true
}

// shown are the parameters whose values CloudFormation shows.
func shown(r Rendering) map[string]string {
	values := maps.Clone(r.Parameters)
	maps.DeleteFunc(values, func(name, _ string) bool { return r.Template.Parameters[name].NoEcho })
	return values
}

// within gives the template without what the deployed one lacks.
func within(deployed, want *Template) *Template {
	c := want.clone()
	maps.DeleteFunc(c.Resources, func(id string, _ Resource) bool { _, has := deployed.Resources[id]; return !has })
	maps.DeleteFunc(c.Conditions, func(name string, _ any) bool { _, has := deployed.Conditions[name]; return !has })
	maps.DeleteFunc(c.Parameters, func(name string, _ Parameter) bool { _, has := deployed.Parameters[name]; return !has })
	return c
}

// rigid gives the template without what may be updated freely.
func rigid(t *Template) *Template {
	c := t.clone()
	c.Outputs = nil
	for id, r := range c.Resources {
		for _, property := range freelyUpdated[r.Type] {
			r = withProperty(r, property, nil)
		}
		c.Resources[id] = r
	}
	return c
}
