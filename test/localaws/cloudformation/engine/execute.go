package engine

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// ExecuteInput asks for the execution of a change set.
type ExecuteInput struct {
	// Name is the change set's name or id; with an id the stack may be left out.
	Name, Stack          string
	Token                string
	NoRollback           bool
	RetainExceptOnCreate bool
}

// lookUpChangeSet finds a change set by id or by name within a stack; the caller holds the lock.
func (e *Engine) lookUpChangeSet(name, stack string) (*Stack, *ChangeSet, error) {
	if stack == "" && !strings.HasPrefix(name, "arn:") {
		return nil, nil, invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
	}
	for _, s := range e.stacks {
		if stack != "" && s.ID != stack && (s.Name != stack || s.Status == DeleteComplete) {
			continue
		}
		if c := s.changeSet(name); c != nil {
			return s, c, nil
		}
	}
	if stack != "" && e.find(stack) == nil {
		return nil, nil, invalid("Stack [%s] does not exist", stack)
	}
	return nil, nil, refuse(CodeNoChangeSet, "ChangeSet [%s] does not exist", name)
}

// changeSet prefers an open change set over an executed one of the same name.
func (s *Stack) changeSet(name string) *ChangeSet {
	if c := s.liveChangeSet(name); c != nil {
		return c
	}
	for _, v := range slices.Backward(s.changeSets) {
		if c := v; c.ID == name || c.Name == name {
			return c
		}
	}
	return nil
}

// ChangeSet describes a change set.
func (e *Engine) ChangeSet(name, stack string) (ChangeSet, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, c, err := e.lookUpChangeSet(name, stack)
	if err != nil {
		return ChangeSet{}, err
	}
	return *c, nil
}

// ChangeSets lists the change sets of a stack that were not executed.
func (e *Engine) ChangeSets(stack string) ([]ChangeSet, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, err := e.existing(stack)
	if err != nil {
		return nil, err
	}
	var open []ChangeSet
	for _, c := range s.changeSets {
		if !c.executed() {
			open = append(open, *c)
		}
	}
	return open, nil
}

// Body is the original template of the change set.
func (c ChangeSet) Body() string { return c.next.template.Body }

// DeleteChangeSet removes a change set; one that does not exist is deleted already.
func (e *Engine) DeleteChangeSet(name, stack string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, c, err := e.lookUpChangeSet(name, stack)
	if refused, ok := err.(*Error); ok && refused.Code == CodeNoChangeSet {
		return nil
	}
	if err != nil {
		return err
	}
	if c.Execution == "EXECUTE_IN_PROGRESS" || c.Status == "CREATE_PENDING" {
		return refuse(CodeChangeSetBusy, "Changeset %s is in %s state and cannot be deleted", c.ID, c.Execution)
	}
	c.Status = "DELETE_COMPLETE"
	s.dropChangeSets(func(other *ChangeSet) bool { return other == c })
	return nil
}

func (s *Stack) dropChangeSets(drop func(*ChangeSet) bool) {
	var kept []*ChangeSet
	for _, c := range s.changeSets {
		if !drop(c) {
			kept = append(kept, c)
		}
	}
	s.changeSets = kept
}

// Execute starts what a change set announces. The stack's other change sets are deleted.
func (e *Engine) Execute(ctx context.Context, caller aws.Config, in ExecuteInput) error {
	role, err := e.changeSetRole(in)
	if err != nil {
		return err
	}
	acting, err := e.acting(ctx, caller, in.Stack, role)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	s, c, err := e.lookUpChangeSet(in.Name, in.Stack)
	if err != nil {
		return err
	}
	request := in
	request.Name, request.Stack = c.ID, s.ID
	replayed, err := s.replayed(in.Token, "ExecuteChangeSet", request)
	if err != nil || replayed {
		return err
	}
	if err := s.executable(c); err != nil {
		return err
	}
	s.remember(in.Token, "ExecuteChangeSet", request)
	s.adopt(c.role)
	s.ChangeSetID = c.ID
	s.dropChangeSets(func(other *ChangeSet) bool { return other != c && !other.executed() })
	c.Execution = "EXECUTE_IN_PROGRESS"
	r := &run{
		config: acting, token: in.Token, keepFailed: in.NoRollback || c.OnFailure == "DO_NOTHING", changeSet: c,
		onFailure: c.OnFailure, retainExceptOnCreate: in.RetainExceptOnCreate,
	}
	if s.Status == ReviewInProgress {
		e.create(s, c.next, r)
		return nil
	}
	e.update(s, c.next, r)
	return nil
}

// changeSetRole gives the role that the execution acts as: the change set's, else the stack's.
func (e *Engine) changeSetRole(in ExecuteInput) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, c, err := e.lookUpChangeSet(in.Name, in.Stack)
	if err != nil {
		return "", err
	}
	if c.role != "" {
		return c.role, nil
	}
	return s.Role, nil
}

func (s *Stack) executable(c *ChangeSet) error {
	if c.Status != "CREATE_COMPLETE" {
		return refuse(CodeChangeSetBusy, "ChangeSet [%s] cannot be executed in its current status of [%s]", c.ID, c.Status)
	}
	if c.Execution != "AVAILABLE" {
		return refuse(CodeChangeSetBusy, "ChangeSet [%s] cannot be executed in its current execution status of [%s]", c.ID,
			c.Execution)
	}
	if s.Status == ReviewInProgress {
		return nil
	}
	return s.updatable()
}

// changeSetEnded notes how the execution went; the caller holds the lock.
func (s *Stack) changeSetEnded(c *ChangeSet, status Status) {
	switch {
	case c == nil:
	case status == CreateComplete || status == UpdateComplete:
		c.Execution = "EXECUTE_COMPLETE"
	default:
		c.Execution = "EXECUTE_FAILED"
	}
}
