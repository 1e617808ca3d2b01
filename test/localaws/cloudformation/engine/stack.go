package engine

import (
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

// Stack is one stack; the engine's lock guards it.
type Stack struct {
	ID, Name    string
	Status      Status
	Reason      string
	Created     time.Time
	Updated     time.Time
	Deleted     time.Time
	Role        string
	NoRollback  bool
	ChangeSetID string
	Outputs     []Output
	Resources   map[string]*Resource
	Events      []Event
	Operations  []Operation

	current    *desired
	changeSets []*ChangeSet
	tokens     map[string]tokenUse
	running    *run
	failed     *run
}

// Operation is one operation that a stack went through; the newest is the last.
type Operation struct{ ID, Kind string }

// began gives the operation that starts an id; the caller holds the lock.
func (s *Stack) began(kind string) {
	s.Operations = append(s.Operations, Operation{uuid.NewString(), kind})
}

// Output is one evaluated output.
type Output struct{ Key, Value, Description, ExportName string }

// Resource is one resource as deployed.
type Resource struct {
	LogicalID, Type, PhysicalID string
	Properties                  resource.Properties
	Attributes                  map[string]any
	Tags                        map[string]string
	Needs                       []string
	DeletionPolicy              string
	UpdateReplacePolicy         string
	Metadata                    any
	Status                      Status
	Reason                      string
	Changed                     time.Time

	// attempted are the properties of an update that failed: what the resource now has is uncertain.
	attempted resource.Properties
}

func (r *Resource) clone() *Resource { c := *r; return &c }

// keptOnDelete says whether removing the resource from the stack leaves it in place.
func (r *Resource) keptOnDelete() bool {
	return r.DeletionPolicy == "Retain" || r.DeletionPolicy == "RetainExceptOnCreate"
}

// Event is one stack event.
type Event struct {
	ID, StackID, StackName string
	LogicalID, PhysicalID  string
	Type                   string
	Status                 Status
	Reason                 string
	Properties             string
	Token                  string
	Operation              string
	Time                   time.Time
}

// StackType is the resource type that stack events about the stack itself carry.
const StackType = "AWS::CloudFormation::Stack"

// View is a copy of a stack for answering requests.
type View struct {
	Stack
	Description  string
	TemplateBody string
	Parameters   []Parameter
	Tags         map[string]string
	Capabilities []string
}

// Parameter is one submitted parameter, its value masked where the template says NoEcho.
type Parameter struct{ Key, Value string }

func (s *Stack) view() View {
	v := View{Stack: *s}
	v.Resources = make(map[string]*Resource, len(s.Resources))
	for name, r := range s.Resources {
		v.Resources[name] = r.clone()
	}
	v.Events = slices.Clip(s.Events)
	v.Outputs = append([]Output(nil), s.Outputs...)
	if s.current != nil {
		v.Description = s.current.template.Description
		v.TemplateBody = s.current.template.Body
		v.Parameters = s.current.visibleParameters()
		v.Tags = maps.Clone(s.current.tags)
		v.Capabilities = s.current.capabilities
	}
	return v
}
