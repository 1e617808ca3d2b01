package template

// Settled renders what the release asks for and, as deployed, what belongs to the functions that must stay for now. It
// removes the rest; queues and log groups stay on AWS even then, outside of the stack.
func Settled(a App, deployed *Template, deployedParameters map[string]string) Rendering {
	r := Rendering{Template: a.manifest(), Parameters: a.latched(deployedParameters)}
	if deployed == nil {
		return r
	}
	if a.Desired.Revision != Revision {
		// Pages of a release that other templates were made for name the paths that those had.
		for id, want := range r.Template.Resources {
			if had, ok := deployed.Resources[id]; ok {
				r.Template.Resources[id] = widened(had, want)
			}
		}
	}
	k := keeper{Rendering: r, deployed: deployed, parameters: deployedParameters}
	for id, resource := range deployed.Resources {
		if f := resource.function(); f != "" && a.Keep[f] {
			k.keep(id)
		}
	}
	return r
}

// keeper takes things over from the deployed template, with all that they refer to.
type keeper struct {
	Rendering
	deployed   *Template
	parameters map[string]string
}

func (k keeper) keep(id string) {
	if _, ok := k.Template.Resources[id]; ok {
		return
	}
	if r, ok := k.deployed.Resources[id]; ok {
		k.Template.Resources[id] = r
		k.keepCondition(r.Condition)
		k.keepReferences(r.references())
		return
	}
	k.keepParameter(id)
}

func (k keeper) keepReferences(names []string) {
	for _, name := range names {
		k.keep(name)
	}
}

func (k keeper) keepCondition(name string) {
	condition, ok := k.deployed.Conditions[name]
	if _, has := k.Template.Conditions[name]; !ok || has {
		return
	}
	k.Template.Conditions[name] = condition
	k.keepReferences(references(condition))
}

func (k keeper) keepParameter(name string) {
	parameter, ok := k.deployed.Parameters[name]
	if _, has := k.Template.Parameters[name]; !ok || has {
		return
	}
	k.Template.Parameters[name] = parameter
	if v, ok := k.parameters[name]; ok {
		k.Parameters[name] = v
	}
}
