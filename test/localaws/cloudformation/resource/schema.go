package resource

// Kind is the JSON type of a property.
type Kind string

// The kinds of property values.
const (
	String  Kind = "String"
	Integer Kind = "Integer"
	Number  Kind = "Number"
	Boolean Kind = "Boolean"
	List    Kind = "JSONArray"
	Object  Kind = "JSONObject"
	// Map is an object with free keys whose values follow Items.
	Map Kind = "Map"
	// JSON is any document, for example a policy; it is not looked into.
	JSON Kind = "JSON"
)

// Recreation says what changing a property does to the resource; the words are those of DescribeChangeSet.
type Recreation string

// The kinds of update behaviour.
const (
	Never  Recreation = "Never"
	Always Recreation = "Always"
)

// Schema declares the properties of an object.
type Schema map[string]Property

// Property declares one property.
type Property struct {
	Kind     Kind
	Fields   Schema
	Items    *Property
	Required bool
	Recreate Recreation
	Enum     []string
	// Limits are those of the type's schema, which NewRegistry adds.
	Limits Limits
}

// Text declares a string property; like all of these, it is updated in place unless Replaces is added.
func Text() Property { return Property{Kind: String} }

// Int declares an integer property.
func Int() Property { return Property{Kind: Integer} }

// Num declares a number property.
func Num() Property { return Property{Kind: Number} }

// Bool declares a boolean property.
func Bool() Property { return Property{Kind: Boolean} }

// Doc declares a free JSON document.
func Doc() Property { return Property{Kind: JSON} }

// Texts declares a list of strings.
func Texts() Property { return ListOf(Text()) }

// TextMap declares an object with free keys and string values.
func TextMap() Property { item := Text(); return Property{Kind: Map, Items: &item} }

// ListOf declares a list.
func ListOf(item Property) Property { return Property{Kind: List, Items: &item} }

// Fields declares an object with known fields.
func Fields(fields Schema) Property { return Property{Kind: Object, Fields: fields} }

// Tags declares the usual list of Key and Value.
func Tags() Property {
	return ListOf(Fields(Schema{"Key": Text().Must(), "Value": Text().Must()}))
}

// OneOf declares a string with known values.
func OneOf(values ...string) Property { return Property{Kind: String, Enum: values} }

// Must makes the property required.
func (p Property) Must() Property { p.Required = true; return p }

// Replaces makes a change of the property replace the resource.
func (p Property) Replaces() Property { p.Recreate = Always; return p }

// Recreation is the update behaviour, Never by default.
func (p Property) Recreation() Recreation {
	if p.Recreate == "" {
		return Never
	}
	return p.Recreate
}
