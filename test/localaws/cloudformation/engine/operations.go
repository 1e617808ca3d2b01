package engine

import (
	"context"
	"maps"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// CreateInput asks for a new stack.
type CreateInput struct {
	Name    string
	Content Content
	Role    string
	Token   string
	// OnFailure is ROLLBACK (the default), DO_NOTHING or DELETE.
	OnFailure            string
	RetainExceptOnCreate bool
}

// UpdateInput asks for a new content of a stack.
type UpdateInput struct {
	Name                 string
	Content              Content
	Role                 string
	Token                string
	NoRollback           bool
	RetainExceptOnCreate bool
}

var stackName = regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]{0,127}$`)

// Create starts the creation of a stack and returns its id. The caller's configuration acts where
// the stack has no role.
func (e *Engine) Create(ctx context.Context, caller aws.Config, in CreateInput) (string, error) {
	if !stackName.MatchString(in.Name) {
		return "", invalid("1 validation error detected: Value '%s' at 'stackName' failed to satisfy constraint: Member "+
			"must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*", in.Name)
	}
	acting, err := e.acting(ctx, caller, "", in.Role)
	if err != nil {
		return "", err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.find(in.Name); s != nil {
		replayed, err := s.replayed(in.Token, "CreateStack", in)
		if err != nil || replayed {
			return s.ID, err
		}
		return "", refuse(CodeExists, "Stack [%s] already exists", in.Name)
	}
	next, err := e.prepare(e.draft(in.Name), in.Content)
	if err != nil {
		return "", err
	}
	s := e.newStack(in.Name)
	next.pseudo = e.pseudo(s)
	s.Role = in.Role
	s.remember(in.Token, "CreateStack", in)
	e.create(s, next, &run{
		config: acting, token: in.Token, onFailure: in.OnFailure, retainExceptOnCreate: in.RetainExceptOnCreate,
	})
	return s.ID, nil
}

// draft is a stack that a content can be checked against before the real one exists.
func (e *Engine) draft(name string) *Stack {
	return &Stack{Name: name, ID: e.arn("stack/" + name + "/draft")}
}

func (e *Engine) create(s *Stack, next *desired, r *run) {
	r.stack, r.next, r.before = s, next, map[string]*Resource{}
	r.keepFailed = r.keepFailed || r.onFailure == "DO_NOTHING"
	s.current, s.NoRollback = next, r.keepFailed
	s.began("CREATE_STACK")
	e.setStatus(s, CreateInProgress, "User Initiated", r.token)
	e.start(r, func(ctx context.Context) { r.deploy(ctx, true) })
}

// Update starts an update and returns the stack's id.
func (e *Engine) Update(ctx context.Context, caller aws.Config, in UpdateInput) (string, error) {
	acting, err := e.acting(ctx, caller, in.Name, in.Role)
	if err != nil {
		return "", err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	s, err := e.existing(in.Name)
	if err != nil {
		return "", err
	}
	replayed, err := s.replayed(in.Token, "UpdateStack", in)
	if err != nil || replayed {
		return s.ID, err
	}
	if err := s.updatable(); err != nil {
		return "", err
	}
	next, err := e.prepare(s, in.Content)
	if err != nil {
		return "", err
	}
	plan, err := e.plan(s, next)
	if err != nil {
		return "", err
	}
	if plan.empty() {
		return "", invalid("No updates are to be performed.")
	}
	s.adopt(in.Role)
	s.remember(in.Token, "UpdateStack", in)
	s.outdateChangeSets()
	e.update(s, next, &run{
		config: acting, token: in.Token, keepFailed: in.NoRollback, retainExceptOnCreate: in.RetainExceptOnCreate,
	})
	return s.ID, nil
}

func (s *Stack) adopt(role string) {
	if role != "" {
		s.Role = role
	}
}

func (s *Stack) updatable() error {
	if s.Status.Updatable() {
		return nil
	}
	return invalid("Stack:%s is in %s state and can not be updated.", s.ID, s.Status)
}

func (e *Engine) update(s *Stack, next *desired, r *run) {
	r.stack, r.next = s, next
	r.before, r.beforeContent, r.beforeOutputs = maps.Clone(s.Resources), s.current, s.Outputs
	if f := s.failed; f != nil {
		// The last stable state is what an update over a failed one rolls back to.
		r.before, r.beforeContent, r.made, r.superseded = f.before, f.beforeContent, f.made, f.superseded
		s.failed = nil
	}
	s.current, s.Updated, s.NoRollback = next, e.options.Now(), r.keepFailed
	s.began("UPDATE_STACK")
	e.setStatus(s, UpdateInProgress, "User Initiated", r.token)
	e.start(r, func(ctx context.Context) { r.deploy(ctx, false) })
}

// acting gives the configuration of the given role, else of the stack's role, else the caller's.
func (e *Engine) acting(ctx context.Context, caller aws.Config, stack, role string) (aws.Config, error) {
	if role == "" && stack != "" {
		e.mu.Lock()
		if s := e.find(stack); s != nil {
			role = s.Role
		}
		e.mu.Unlock()
	}
	if role == "" || e.options.Assume == nil {
		return caller, nil
	}
	config, err := e.options.Assume(ctx, role)
	if err == nil {
		_, err = config.Credentials.Retrieve(ctx)
	}
	if err != nil {
		return aws.Config{}, invalid("Role %s is invalid or cannot be assumed", role)
	}
	return config, nil
}
