package template

// references lists the names that a value refers to by Ref and Fn::GetAtt, the functions that these templates use.
func references(v any) []string {
	switch v := v.(type) {
	case []any:
		var names []string
		for _, member := range v {
			names = append(names, references(member)...)
		}
		return names
	case map[string]any:
		return objectReferences(v)
	default:
		return nil
	}
}

func objectReferences(object map[string]any) []string {
	if name, ok := object["Ref"].(string); ok && len(object) == 1 {
		return []string{name}
	}
	if arguments, ok := object["Fn::GetAtt"].([]any); ok && len(object) == 1 && len(arguments) > 0 {
		name, _ := arguments[0].(string)
		return []string{name}
	}
	var names []string
	for _, member := range object {
		names = append(names, references(member)...)
	}
	return names
}

// references lists what the resource needs: by its properties and by DependsOn.
func (r Resource) references() []string {
	return append(references(r.Properties), r.DependsOn...)
}
