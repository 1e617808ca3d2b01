package template

import (
	"fmt"

	"github.com/aloft-dev/aloft/controllers/release"
)

// Actions and replacements of a change set, in CloudFormation's words.
const (
	actionRemove           = "Remove"
	replacementTrue        = "True"
	replacementConditional = "Conditional"
)

// irreplaceable resources hold data, or versions and the alias: a new one would begin without them. CloudFormation says
// Conditional where it cannot know, so that is too much as well.
var irreplaceable = map[string]bool{
	functionType: true, queueType: true, logGroupType: true,
	bucket{}.resourceType(): true, repository{}.resourceType(): true, key{}.resourceType(): true,
}

// addressed resources are known outside by a name that AWS chose, or may exist once only: a
// replacement would fail or move users.
var addressed = map[string]bool{apiType: true, distributionType: true, mappingType: true}

// permanent resources are in every template of their stack: nothing may remove them, whatever a template says.
var permanent = map[string]bool{
	bucket{}.resourceType(): true, repository{}.resourceType(): true, key{}.resourceType(): true, apiType: true,
	distributionType: true,
}

// Refusal says why a change set must not run, or nothing. A template of this package asks for no such change; this
// guards against what CloudFormation makes of it, and against a deployed template that is not what it was taken for.
func Refusal(deployed, want *Template, d *release.Desired, changes []release.Change) string {
	needed := needs(want, d)
	for _, change := range changes {
		if why := refusal(deployed, needed, change); why != "" {
			return why
		}
	}
	return ""
}

func refusal(deployed *Template, needed map[string]bool, change release.Change) string {
	replaced := change.Replacement == replacementTrue ||
		change.Replacement == replacementConditional && irreplaceable[change.Type]
	switch {
	case change.Action == actionRemove && permanent[change.Type]:
		return fmt.Sprintf("it would remove %s (%s), which holds what the stage cannot be without", change.LogicalID,
			change.Type)
	case change.Action == actionRemove && needed[change.LogicalID]:
		return fmt.Sprintf("it would remove %s (%s)%s, which the manifest still asks for",
			change.LogicalID, change.Type, ofFunction(deployed, change.LogicalID))
	case replaced && (irreplaceable[change.Type] || addressed[change.Type]):
		return fmt.Sprintf("it would replace %s (%s)%s, and what it holds would be left behind",
			change.LogicalID, change.Type, ofFunction(deployed, change.LogicalID))
	default:
		return ""
	}
}

// needs gives the logical ids that must not disappear: those of the wanted template, and those that
// the manifest asks for.
func needs(want *Template, d *release.Desired) map[string]bool {
	ids := map[string]bool{}
	for id := range want.Resources {
		ids[id] = true
	}
	if _, foundation := want.Outputs[release.OutputTemplateHash]; foundation {
		return ids
	}
	for id := range (App{Desired: d}).manifest().Resources {
		ids[id] = true
	}
	return ids
}

func ofFunction(t *Template, id string) string {
	if t == nil {
		return ""
	}
	if f := t.Resources[id].function(); f != "" {
		return " of function " + f
	}
	return ""
}
