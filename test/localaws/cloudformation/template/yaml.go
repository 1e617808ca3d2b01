package template

import (
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// decodeYAML reads a YAML template; the short forms (!Ref, !Sub, ...) become their long forms.
func decodeYAML(body string) (map[string]any, error) {
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(body), &node); err != nil {
		return nil, fmt.Errorf("Template format error: YAML not well-formed. (%v)", err)
	}
	if len(node.Content) == 0 {
		return nil, fmt.Errorf("Template format error: unsupported structure.")
	}
	value, err := fromYAML(node.Content[0])
	if err != nil {
		return nil, err
	}
	root, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("Template format error: unsupported structure.")
	}
	return root, nil
}

func fromYAML(node *yaml.Node) (any, error) {
	value, err := plainYAML(node)
	if err != nil || !strings.HasPrefix(node.Tag, "!") || strings.HasPrefix(node.Tag, "!!") {
		return value, err
	}
	name := strings.TrimPrefix(node.Tag, "!")
	switch name {
	case "Ref", "Condition":
		return map[string]any{name: value}, nil
	case "GetAtt":
		if s, ok := value.(string); ok {
			resource, attribute, _ := strings.Cut(s, ".")
			value = []any{resource, attribute}
		}
	}
	return map[string]any{"Fn::" + name: value}, nil
}

func plainYAML(node *yaml.Node) (any, error) {
	switch node.Kind {
	case yaml.AliasNode:
		return nil, fmt.Errorf("Template format error: YAML aliases are not allowed in CloudFormation templates")
	case yaml.MappingNode:
		object := make(map[string]any, len(node.Content)/2)
		for i := 0; i+1 < len(node.Content); i += 2 {
			value, err := fromYAML(node.Content[i+1])
			if err != nil {
				return nil, err
			}
			object[node.Content[i].Value] = value
		}
		return object, nil
	case yaml.SequenceNode:
		list := make([]any, 0, len(node.Content))
		for _, entry := range node.Content {
			value, err := fromYAML(entry)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	}
	return scalarYAML(node), nil
}

func scalarYAML(node *yaml.Node) any {
	switch node.ShortTag() {
	case "!!bool":
		return strings.EqualFold(node.Value, "true")
	case "!!int", "!!float":
		return json.Number(node.Value)
	case "!!null":
		return nil
	}
	return node.Value
}
