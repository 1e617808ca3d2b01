package resource

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// Properties are conformed properties with typed access; absent ones read as nil or zero.
type Properties map[string]any

// Has says whether the property is given.
func (p Properties) Has(name string) bool { _, ok := p[name]; return ok }

// Text reads a string, "" when absent.
func (p Properties) Text(name string) string { s, _ := p[name].(string); return s }

// TextPointer reads a string, nil when absent.
func (p Properties) TextPointer(name string) *string {
	if s, ok := p[name].(string); ok {
		return &s
	}
	return nil
}

// Int32 reads an integer, nil when absent.
func (p Properties) Int32(name string) *int32 {
	if n, ok := p[name].(int64); ok {
		n32 := int32(n)
		return &n32
	}
	return nil
}

// Int32Or reads an integer with the service's default.
func (p Properties) Int32Or(name string, otherwise int32) *int32 {
	if n := p.Int32(name); n != nil {
		return n
	}
	return &otherwise
}

// Bool reads a boolean, nil when absent.
func (p Properties) Bool(name string) *bool {
	if b, ok := p[name].(bool); ok {
		return &b
	}
	return nil
}

// Object reads nested properties, empty when absent.
func (p Properties) Object(name string) Properties {
	object, _ := p[name].(map[string]any)
	return Properties(object)
}

// List reads the entries of a list.
func (p Properties) List(name string) []any { list, _ := p[name].([]any); return list }

// Objects reads a list of nested properties.
func (p Properties) Objects(name string) []Properties {
	var objects []Properties
	for _, entry := range p.List(name) {
		if object, ok := entry.(map[string]any); ok {
			objects = append(objects, object)
		}
	}
	return objects
}

// Texts reads a list of strings; nil when absent.
func (p Properties) Texts(name string) []string {
	if !p.Has(name) {
		return nil
	}
	texts := []string{}
	for _, entry := range p.List(name) {
		texts = append(texts, fmt.Sprint(entry))
	}
	return texts
}

// TextMap reads a map of strings; nil when absent.
func (p Properties) TextMap(name string) map[string]string {
	object, ok := p[name].(map[string]any)
	if !ok {
		return nil
	}
	texts := make(map[string]string, len(object))
	for key, value := range object {
		texts[key] = fmt.Sprint(value)
	}
	return texts
}

// Document renders a free document as JSON; a document given as a string is passed on as it is.
func (p Properties) Document(name string) string {
	value, ok := p[name]
	if !ok {
		return ""
	}
	if s, ok := value.(string); ok {
		return s
	}
	// Everything in a parsed template is a JSON value, so this cannot fail.
	document, _ := json.Marshal(value)
	return string(document)
}

// Tags reads a list of Key and Value.
func (p Properties) Tags() map[string]string {
	tags := map[string]string{}
	for _, tag := range p.Objects("Tags") {
		tags[tag.Text("Key")] = tag.Text("Value")
	}
	return tags
}

// Same says whether a property has the same value in both.
func (p Properties) Same(other Properties, name string) bool {
	return reflect.DeepEqual(p[name], other[name])
}

// AttributeText renders a scalar as text and anything else as JSON.
func (p Properties) AttributeText(name string) string {
	switch value := p[name].(type) {
	case int64, float64, bool:
		return fmt.Sprint(value)
	}
	return p.Document(name)
}
