package template

import "strings"

// Activate renders all that the new release asks for, entry resources and limits included, beside what is deployed
// and not asked for any more. The edge still answers the paths of the release before: pages of it are open in browsers.
func Activate(a App, deployed *Template, deployedParameters map[string]string) Rendering {
	return carry(a.manifest(), a.latched(deployedParameters), deployed, deployedParameters, activated)
}

// activated gives a resource that is both deployed and wanted. A worker's reserve shrinks only when the stack settles:
// within one update it would do so before its queues deliver less, and deliveries that are throttled count as attempts.
func activated(deployed, want Resource) Resource {
	if want.Type == functionType && strings.HasSuffix(want.function(), queueSuffix) {
		return withProperty(want, reservedConcurrency, saferConcurrency(deployed, want))
	}
	return widened(deployed, want)
}

// latched gives the parameters with the latches moved on: what was live stays so, what has an alias is.
func (a App) latched(deployedParameters map[string]string) map[string]string {
	return a.stackParameters(deployedParameters, func(parameter, function string) bool {
		return deployedParameters[parameter] == yes || a.Live[function]
	})
}

// carry adds to a template what is deployed and not in it; both decides where a resource is in both.
func carry(
	t *Template, values map[string]string, deployed *Template, deployedParameters map[string]string,
	both func(deployed, want Resource) Resource,
) Rendering {
	if deployed == nil {
		return Rendering{Template: t, Parameters: values}
	}
	for id, r := range deployed.Resources {
		if want, ok := t.Resources[id]; ok {
			r = both(r, want)
		}
		t.Resources[id] = r
	}
	for name, condition := range deployed.Conditions {
		if _, ok := t.Conditions[name]; !ok {
			t.Conditions[name] = condition
		}
	}
	for name, parameter := range deployed.Parameters {
		if _, ok := t.Parameters[name]; ok {
			continue
		}
		t.Parameters[name] = parameter
		if v, ok := deployedParameters[name]; ok {
			values[name] = v
		}
	}
	return Rendering{Template: t, Parameters: values}
}
