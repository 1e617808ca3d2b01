package resource

import (
	"context"
	"fmt"
	"slices"
	"sort"
)

// Handler performs the three operations of a resource type against its service, through the SDK.
type Handler interface {
	// Create makes the resource; the state's PhysicalID is set as soon as anything exists, also beside an error.
	Create(ctx context.Context, request *Request) (State, error)
	// Update applies Properties over Previous to the resource PhysicalID.
	Update(ctx context.Context, request *Request) (State, error)
	// Delete removes the resource PhysicalID, whose properties are Properties.
	Delete(ctx context.Context, request *Request) error
}

// State is what a resource is after an operation.
type State struct {
	PhysicalID string
	Attributes map[string]any
}

// Type is one resource type.
type Type struct {
	Name       string
	Properties Schema
	// Attributes are the names that Fn::GetAtt may ask for.
	Attributes []string
	// Taggable types are updated when the stack's tags change.
	Taggable bool
	// NeedsIAM types are refused without CAPABILITY_IAM; with NameProperty set they need CAPABILITY_NAMED_IAM.
	NeedsIAM bool
	// NameProperty is the property that names the resource itself, where there is one.
	NameProperty string
	// Limited says that the limits of the type's schema are known.
	Limited bool
	Handler Handler
}

// HasAttribute says whether Fn::GetAtt supports the attribute.
func (t *Type) HasAttribute(name string) bool {
	return slices.Contains(t.Attributes, name)
}

// Registry holds the known types by name.
type Registry map[string]*Type

// NewRegistry indexes types by name; a name registered twice is a programming error.
func NewRegistry(types ...*Type) (Registry, error) {
	table, err := limits()
	if err != nil {
		return nil, err
	}
	registry := Registry{}
	for _, t := range types {
		limits, known := table[t.Name]
		t.Properties, t.Limited = t.Properties.bounded(limits, ""), known
		if _, ok := registry[t.Name]; ok {
			return nil, fmt.Errorf("registering the resource type %s twice", t.Name)
		}
		registry[t.Name] = t
	}
	return registry, nil
}

// Unknown returns those of the names that are not registered, in order and once.
func (r Registry) Unknown(names []string) []string {
	missing := map[string]bool{}
	for _, name := range names {
		if _, ok := r[name]; !ok {
			missing[name] = true
		}
	}
	list := make([]string, 0, len(missing))
	for name := range missing {
		list = append(list, name)
	}
	sort.Strings(list)
	return list
}
