package template

import (
	"fmt"
	"regexp"
	"strings"
)

var resourceKeys = map[string]bool{
	"Type": true, "Properties": true, "Metadata": true, "Condition": true, "DependsOn": true,
	"DeletionPolicy": true, "UpdateReplacePolicy": true,
}

var outputKeys = map[string]bool{"Value": true, "Description": true, "Condition": true, "Export": true}

var deletionPolicies = map[string]bool{"": true, "Delete": true, "Retain": true, "RetainExceptOnCreate": true}

var replacePolicies = map[string]bool{"": true, "Delete": true, "Retain": true}

func parseResources(root map[string]any) (map[string]Resource, error) {
	entries, err := section(root, "Resources")
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("Template format error: At least one Resources member must be defined.")
	}
	if len(entries) > MaxResources {
		return nil, fmt.Errorf("Template format error: Number of resources, %d, is greater than maximum allowed, %d",
			len(entries), MaxResources)
	}
	resources := make(map[string]Resource, len(entries))
	for _, name := range SortedKeys(entries) {
		if !alphanumeric.MatchString(name) {
			return nil, fmt.Errorf("Template format error: Resource name %s is non alphanumeric.", name)
		}
		if resources[name], err = parseResource(name, entries[name]); err != nil {
			return nil, err
		}
	}
	return resources, nil
}

func parseResource(name string, value any) (Resource, error) {
	var r Resource
	object, ok := value.(map[string]any)
	if !ok {
		return r, fmt.Errorf("Template format error: [/Resources/%s] resource definition is malformed", name)
	}
	if unknown := unknownKeys(object, resourceKeys); len(unknown) > 0 {
		return r, fmt.Errorf("Invalid template resource property '%s'", unknown[0])
	}
	if r.Type, _ = object["Type"].(string); r.Type == "" {
		return r, fmt.Errorf("Template format error: [/Resources/%s] Every Resources object must contain a Type member.",
			name)
	}
	r.Properties = map[string]any{}
	if properties, given := object["Properties"]; given && properties != nil {
		if r.Properties, ok = properties.(map[string]any); !ok {
			return r, fmt.Errorf("Template format error: [/Resources/%s/Properties] Properties must be an object", name)
		}
	}
	r.Metadata = object["Metadata"]
	r.Condition, _ = object["Condition"].(string)
	r.DeletionPolicy, _ = object["DeletionPolicy"].(string)
	r.UpdateReplacePolicy, _ = object["UpdateReplacePolicy"].(string)
	if !deletionPolicies[r.DeletionPolicy] {
		return r, fmt.Errorf("Template format error: Unrecognized DeletionPolicy %s for resource %s", r.DeletionPolicy, name)
	}
	if !replacePolicies[r.UpdateReplacePolicy] {
		return r, fmt.Errorf("Template format error: Unrecognized UpdateReplacePolicy %s for resource %s",
			r.UpdateReplacePolicy, name)
	}
	var err error
	r.DependsOn, err = stringList(object["DependsOn"], "DependsOn")
	return r, err
}

func stringList(value any, what string) ([]string, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{v}, nil
	case []any:
		list := make([]string, 0, len(v))
		for _, entry := range v {
			s, ok := entry.(string)
			if !ok {
				return nil, fmt.Errorf("Template format error: %s must be a string or list of strings.", what)
			}
			list = append(list, s)
		}
		return list, nil
	}
	return nil, fmt.Errorf("Template format error: %s must be a string or list of strings.", what)
}

func parseOutputs(root map[string]any) (map[string]Output, error) {
	entries, err := section(root, "Outputs")
	if err != nil {
		return nil, err
	}
	if len(entries) > MaxOutputs {
		return nil, fmt.Errorf("Template format error: Number of outputs, %d, is greater than maximum allowed, %d",
			len(entries), MaxOutputs)
	}
	outputs := make(map[string]Output, len(entries))
	for name, value := range entries {
		object, ok := value.(map[string]any)
		if !ok || object["Value"] == nil {
			return nil, fmt.Errorf("Template format error: [/Outputs/%s] Every Outputs member must contain a Value object", name)
		}
		if !alphanumeric.MatchString(name) {
			return nil, fmt.Errorf("Template format error: Output name %s is non alphanumeric.", name)
		}
		if unknown := unknownKeys(object, outputKeys); len(unknown) > 0 {
			return nil, fmt.Errorf("Template format error: Invalid output property or properties [%s]",
				strings.Join(unknown, ", "))
		}
		output := Output{Value: object["Value"]}
		output.Description, _ = object["Description"].(string)
		output.Condition, _ = object["Condition"].(string)
		if export, ok := object["Export"].(map[string]any); ok {
			output.ExportName = export["Name"]
		}
		outputs[name] = output
	}
	return outputs, nil
}

var mappingKey = regexp.MustCompile(`^[a-zA-Z0-9.-]{1,255}$`)

// checkMappings holds the section to its three levels: a map of names, of keys, of texts or lists (CloudFormation user
// guide, mappings-section-structure).
func checkMappings(mappings map[string]any) error {
	for _, name := range SortedKeys(mappings) {
		if !alphanumeric.MatchString(name) {
			return fmt.Errorf("Template format error: Mappings element name '%s' must be non-empty and contain only "+
				"alphanumerics.", name)
		}
		keys, _ := mappings[name].(map[string]any)
		for _, key := range SortedKeys(keys) {
			values, ok := keys[key].(map[string]any)
			if !ok || !mappingKey.MatchString(key) {
				return fmt.Errorf("Template format error: Mappings element name '%s' must be non-empty and contain only "+
					"alphanumerics, '-' or '.'", key)
			}
			for _, attribute := range SortedKeys(values) {
				if _, nested := values[attribute].(map[string]any); nested {
					return fmt.Errorf("Template format error: Every Mappings attribute must be a String or a List.")
				}
			}
		}
		if len(keys) == 0 {
			return fmt.Errorf("Template format error: Every Mappings member %s must be a map", name)
		}
	}
	return nil
}
