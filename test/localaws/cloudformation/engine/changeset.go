package engine

import (
	"context"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/uuid"
)

// ChangeSet is one change set of a stack.
type ChangeSet struct {
	ID, Name, StackID, StackName string
	Description                  string
	Kind                         string
	Status                       string
	Reason                       string
	Execution                    string
	OnFailure                    string
	Created                      time.Time
	Changes                      []Change
	Parameters                   []Parameter
	Tags                         map[string]string
	Capabilities                 []string

	role   string
	token  tokenUse
	client string
	next   *desired
}

// ChangeSetInput asks for a change set.
type ChangeSetInput struct {
	Name        string
	Stack       string
	Description string
	// Kind is CREATE or UPDATE (the default).
	Kind      string
	Content   Content
	Role      string
	Token     string
	OnFailure string
}

// EmptyChangeSet is the reason of a change set without changes.
const EmptyChangeSet = "The submitted information didn't contain changes. Submit different information to create a " +
	"change set."

var changeSetName = regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]{0,127}$`)

// CreateChangeSet registers a change set and computes it; returns the ids of the change set and its stack.
func (e *Engine) CreateChangeSet(
	ctx context.Context, caller aws.Config, in ChangeSetInput,
) (id, stackID string, err error) {
	if !changeSetName.MatchString(in.Name) {
		return "", "", invalid("1 validation error detected: Value '%s' at 'changeSetName' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*", in.Name)
	}
	if _, err := e.acting(ctx, caller, in.Stack, in.Role); err != nil {
		return "", "", err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.find(in.Stack)
	if c := s.liveChangeSet(in.Name); c != nil {
		if in.Token != "" && c.client == in.Token && c.token == (tokenUse{"CreateChangeSet", digest(in)}) {
			return c.ID, c.StackID, nil
		}
		return "", "", refuse(CodeExists, "ChangeSet %s already exists", c.ID)
	}
	if err := e.changeSetTarget(s, in); err != nil {
		return "", "", err
	}
	target := s
	if s == nil {
		target = e.draft(in.Stack)
	}
	next, err := e.prepare(target, in.Content)
	if err != nil {
		return "", "", err
	}
	if s == nil {
		s = e.newStack(in.Stack)
		s.tokens = map[string]tokenUse{}
		next.pseudo = e.pseudo(s)
		e.setStatus(s, ReviewInProgress, "User Initiated", in.Token)
	}
	c := e.newChangeSet(s, next, in)
	return c.ID, s.ID, nil
}

// changeSetTarget checks that the stack's existence and status fit the kind of the change set.
func (e *Engine) changeSetTarget(s *Stack, in ChangeSetInput) error {
	if in.Kind == "CREATE" {
		if s == nil && !stackName.MatchString(in.Stack) {
			return invalid("1 validation error detected: Value '%s' at 'stackName' failed to satisfy constraint: Member must "+
				"satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*", in.Stack)
		}
		if s != nil && s.Status != ReviewInProgress {
			return invalid("Stack [%s] already exists and cannot be created again with the changeSet [%s].", s.Name, in.Name)
		}
		return nil
	}
	if s == nil {
		return invalid("Stack [%s] does not exist", in.Stack)
	}
	return s.updatable()
}

func (e *Engine) newChangeSet(s *Stack, next *desired, in ChangeSetInput) *ChangeSet {
	c := &ChangeSet{
		ID: e.arn("changeSet/" + in.Name + "/" + uuid.NewString()), Name: in.Name, StackID: s.ID, StackName: s.Name,
		Description: in.Description, Kind: in.Kind, Status: "CREATE_PENDING", Execution: "UNAVAILABLE",
		OnFailure: in.OnFailure, Created: e.options.Now(), Parameters: next.visibleParameters(), Tags: next.tags,
		Capabilities: in.Content.Capabilities,
		role:         in.Role, client: in.Token, token: tokenUse{"CreateChangeSet", digest(in)}, next: next,
	}
	s.changeSets = append(s.changeSets, c)
	if s.Status == ReviewInProgress {
		s.ChangeSetID = c.ID
	}
	if e.options.ChangeSetTime <= 0 {
		e.compute(s, c)
		return c
	}
	e.background(func() {
		select {
		case <-time.After(e.options.ChangeSetTime):
		case <-e.ctx.Done():
			return
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		e.compute(s, c)
	})
	return c
}

// compute fills in the changes; the caller holds the lock.
func (e *Engine) compute(s *Stack, c *ChangeSet) {
	if c.Status == "DELETE_COMPLETE" || c.Execution == "OBSOLETE" {
		return
	}
	found, err := e.plan(s, c.next)
	switch {
	case err != nil:
		c.Status, c.Reason = "FAILED", err.(*Error).Message
	case found.empty():
		c.Status, c.Reason = "FAILED", EmptyChangeSet
	default:
		c.Status, c.Execution, c.Changes = "CREATE_COMPLETE", "AVAILABLE", found.changes
	}
}

// liveChangeSet finds a change set that was not executed yet by its name; nil where the stack is nil.
func (s *Stack) liveChangeSet(name string) *ChangeSet {
	if s == nil {
		return nil
	}
	for _, c := range s.changeSets {
		if c.Name == name && !c.executed() {
			return c
		}
	}
	return nil
}

func (c *ChangeSet) executed() bool {
	switch c.Execution {
	case "EXECUTE_IN_PROGRESS", "EXECUTE_COMPLETE", "EXECUTE_FAILED":
		return true
	}
	return false
}

// outdateChangeSets makes the open change sets useless after a direct update.
func (s *Stack) outdateChangeSets() {
	for _, c := range s.changeSets {
		if !c.executed() {
			c.Execution = "OBSOLETE"
		}
	}
}
