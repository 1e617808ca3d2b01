package template

// properties are the typed properties of a resource.
type properties interface {
	// resourceType in CloudFormation's words.
	resourceType() string
}

// trait is what a resource has beside its properties.
type trait func(*Resource)

// stateful resources outlive their stack, but not a creation that failed: a leftover name would block the next one.
func stateful(r *Resource) {
	r.DeletionPolicy = "RetainExceptOnCreate"
	r.UpdateReplacePolicy = "Retain"
}

// disposable resources go with their stack. A queue is taken out of the stack only when it is empty, and a stack is
// deleted only when the user asked for that; what stayed behind would block the next resource of its name.
func disposable(r *Resource) {
	r.DeletionPolicy = "Delete"
	r.UpdateReplacePolicy = "Retain"
}

// functionKey is the metadata key that names the function that a resource belongs to.
const functionKey = "Function"

// of notes the function that a resource comes and goes with.
func of(function string) trait {
	return func(r *Resource) { r.Metadata = map[string]any{functionKey: function} }
}

// whenLive makes an entry resource: it exists once the function has a live alias.
func whenLive(base string) trait {
	return func(r *Resource) { r.Condition = liveCondition(base) }
}

func (t *Template) add(id string, p properties, traits ...trait) {
	r := Resource{Type: p.resourceType(), Properties: plainObject(p)}
	for _, apply := range traits {
		apply(&r)
	}
	t.Resources[id] = r
}

func (t *Template) output(name, description string, v value) {
	t.Outputs[name] = Output{Description: description, Value: plain(v)}
}

// function gives the short name of the function that the resource belongs to; empty for what belongs to the stage.
func (r Resource) function() string {
	name, _ := r.Metadata[functionKey].(string)
	return name
}

// entry says that the resource lets traffic reach an alias.
func (r Resource) entry() bool { return r.Condition != "" }
