package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
	"github.com/aloft-dev/aloft/test/localaws/cloudformation/template"
)

// ParameterInput is one parameter of a request.
type ParameterInput struct {
	Key         string
	Value       string
	UsePrevious bool
}

// Content is what a stack shall become: the part that CreateStack, UpdateStack and CreateChangeSet share.
type Content struct {
	Body                string
	UsePreviousTemplate bool
	Parameters          []ParameterInput
	// Tags replace the stack's tags; nil keeps them.
	Tags         map[string]string
	Capabilities []string
}

// desired is a content that was found valid: parsed, with its parameters, conditions and graph.
type desired struct {
	template     *template.Template
	graph        *template.Graph
	conditions   map[string]bool
	submitted    map[string]string
	parameters   map[string]any
	pseudo       map[string]string
	tags         map[string]string
	capabilities []string
}

// prepare validates a content against the stack's present one; the caller holds the lock.
func (e *Engine) prepare(s *Stack, content Content) (*desired, error) {
	d := &desired{pseudo: e.pseudo(s), capabilities: content.Capabilities, tags: content.Tags}
	if d.tags == nil && s.current != nil {
		d.tags = s.current.tags
	}
	var err error
	if d.template, err = parse(s, content); err != nil {
		return nil, err
	}
	if err := d.submit(s.current, content.Parameters); err != nil {
		return nil, err
	}
	if d.conditions, err = d.template.EvaluateConditions(d.parameters, d.pseudo); err != nil {
		return nil, invalid("%v", err)
	}
	if d.graph, err = d.template.Graph(d.conditions); err != nil {
		return nil, invalid("%v", err)
	}
	if err := e.checkTypes(d.template); err != nil {
		return nil, err
	}
	if err := d.rehearse(); err != nil {
		return nil, invalid("%v", err)
	}
	return d, e.checkCapabilities(d)
}

func parse(s *Stack, content Content) (*template.Template, error) {
	if content.UsePreviousTemplate {
		if s.current == nil {
			return nil, invalid("UsePreviousTemplate cannot be true for a stack without a template")
		}
		return s.current.template, nil
	}
	if content.Body == "" {
		return nil, invalid("Either Template URL or Template Body must be specified.")
	}
	parsed, err := template.Parse(content.Body)
	if err != nil {
		return nil, invalid("%v", err)
	}
	return parsed, nil
}

// rehearse evaluates all that can be before anything exists, so that a malformed expression is refused with the call and
// does not fail a stack that is under way.
func (d *desired) rehearse() error {
	scope := d.scope(func(name string) (template.Values, bool) {
		_, part := d.graph.Needs[name]
		return template.Values{Pending: true}, part
	})
	for _, name := range template.SortedKeys(d.graph.Needs) {
		if _, err := scope.ResolveProperties(d.template.Resources[name].Properties); err != nil {
			return err
		}
	}
	exports := map[string]bool{}
	for _, name := range template.SortedKeys(d.template.Outputs) {
		output := d.template.Outputs[name]
		if output.Condition != "" && !d.conditions[output.Condition] {
			continue
		}
		value, err := scope.Resolve(output.Value)
		if err != nil {
			return err
		}
		export, err := scope.Resolve(output.ExportName)
		if err != nil {
			return err
		}
		if exported, ok := export.(string); ok && exports[exported] {
			return fmt.Errorf("Template format error: Duplicate export names found [%s]", exported)
		} else if ok {
			exports[exported] = true
		}
		switch value.(type) {
		case []any, map[string]any:
			return errors.New("Template format error: The Value field of every Outputs member must evaluate to a String and " +
				"not a List.")
		}
	}
	return nil
}

func (e *Engine) checkTypes(t *template.Template) error {
	var types []string
	for _, name := range template.SortedKeys(t.Resources) {
		types = append(types, t.Resources[name].Type)
	}
	if unknown := e.options.Types.Unknown(types); len(unknown) > 0 {
		return invalid("Template format error: Unrecognized resource types: %s", list(unknown))
	}
	for _, r := range t.AttributeReferences() {
		if known := e.options.Types[t.Resources[r.Resource].Type]; !known.HasAttribute(r.Attribute) {
			return invalid("Template error: resource %s does not support attribute type %s in Fn::GetAtt", r.Resource,
				r.Attribute)
		}
	}
	return nil
}

// checkCapabilities wants CAPABILITY_IAM for IAM resources and CAPABILITY_NAMED_IAM for named ones.
func (e *Engine) checkCapabilities(d *desired) error {
	given := strings.Join(d.capabilities, " ")
	for _, name := range template.SortedKeys(d.graph.Needs) {
		definition := d.template.Resources[name]
		known := e.options.Types[definition.Type]
		if !known.NeedsIAM || strings.Contains(given, "CAPABILITY_NAMED_IAM") {
			continue
		}
		if _, named := definition.Properties[known.NameProperty]; named && known.NameProperty != "" {
			return refuse(CodeCapabilities, "Requires capabilities : [CAPABILITY_NAMED_IAM]")
		}
		if !strings.Contains(given, "CAPABILITY_IAM") {
			return refuse(CodeCapabilities, "Requires capabilities : [CAPABILITY_IAM]")
		}
	}
	return nil
}

// submit settles the parameter values: given, previous or default.
func (d *desired) submit(current *desired, given []ParameterInput) error {
	d.submitted, d.parameters = map[string]string{}, map[string]any{}
	var unknown []string
	for _, p := range given {
		value := p.Value
		if _, ok := d.template.Parameters[p.Key]; !ok {
			unknown = append(unknown, p.Key)
			continue
		}
		if p.UsePrevious {
			var ok bool
			if value, ok = current.previously(p.Key); !ok {
				return invalid("Invalid input for parameter key %s. Cannot specify usePreviousValue as true for a parameter key "+
					"not in the previous template", p.Key)
			}
		}
		d.submitted[p.Key] = value
	}
	if len(unknown) > 0 {
		return invalid("Parameters: %s do not exist in the template", list(unknown))
	}
	return d.settle()
}

func (d *desired) settle() error {
	var missing []string
	for _, name := range template.SortedKeys(d.template.Parameters) {
		declared := d.template.Parameters[name]
		value, ok := d.submitted[name]
		if !ok && declared.Default == nil {
			missing = append(missing, name)
			continue
		}
		if !ok {
			value = *declared.Default
			d.submitted[name] = value
		}
		if err := declared.Check(name, value); err != nil {
			return invalid("%v", err)
		}
		d.parameters[name] = declared.Value(value)
	}
	if len(missing) > 0 {
		return invalid("Parameters: %s must have values", list(missing))
	}
	return nil
}

func (d *desired) previously(name string) (string, bool) {
	if d == nil {
		return "", false
	}
	value, ok := d.submitted[name]
	return value, ok
}

func (d *desired) visibleParameters() []Parameter {
	var visible []Parameter
	for _, name := range template.SortedKeys(d.submitted) {
		value := d.submitted[name]
		if d.template.Parameters[name].NoEcho {
			value = "****"
		}
		visible = append(visible, Parameter{name, value})
	}
	return visible
}

// scope evaluates expressions of this content; the lookup gives deployed or planned resources.
func (d *desired) scope(lookup func(string) (template.Values, bool)) *template.Scope {
	return &template.Scope{
		Parameters: d.parameters, Pseudo: d.pseudo, Mappings: d.template.Mappings, Conditions: d.conditions, Resource: lookup,
	}
}

// effectiveTags are the tags that a resource of the stack gets: aws:cloudformation ones, the stack's, its own.
func (d *desired) effectiveTags(
	known *resource.Type, logicalID string, properties resource.Properties,
) map[string]string {
	if !known.Taggable {
		return nil
	}
	tags := map[string]string{
		"aws:cloudformation:stack-name": d.pseudo["AWS::StackName"], "aws:cloudformation:stack-id": d.pseudo["AWS::StackId"],
		"aws:cloudformation:logical-id": logicalID,
	}
	maps.Copy(tags, d.tags)
	maps.Copy(tags, ownTags(properties))
	return tags
}

// ownTags reads a type's Tags property in either of its forms: a list of Key and Value, or a map.
func ownTags(properties resource.Properties) map[string]string {
	if tags := properties.TextMap("Tags"); tags != nil {
		return tags
	}
	return properties.Tags()
}

// values are what expressions may read of a deployed resource.
func (r *Resource) values() template.Values {
	return template.Values{Ref: r.PhysicalID, Attributes: r.Attributes}
}

func jsonText(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(encoded)
}

func equal(a, b any) bool { return reflect.DeepEqual(a, b) }
