package engine

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// DeleteInput asks for the end of a stack.
type DeleteInput struct {
	Name   string
	Role   string
	Token  string
	Retain []string
}

// Delete starts the deletion of a stack. A stack that does not exist is deleted already.
func (e *Engine) Delete(ctx context.Context, caller aws.Config, in DeleteInput) error {
	acting, err := e.acting(ctx, caller, in.Name, in.Role)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.find(in.Name)
	if s == nil || s.Status == DeleteComplete || s.Status == DeleteInProgress {
		return nil
	}
	replayed, err := s.replayed(in.Token, "DeleteStack", in)
	if err != nil || replayed {
		return err
	}
	if err := s.deletable(in); err != nil {
		return err
	}
	s.remember(in.Token, "DeleteStack", in)
	s.adopt(in.Role)
	retain := map[string]bool{}
	for _, name := range in.Retain {
		retain[name] = true
	}
	r := &run{stack: s, config: acting, token: in.Token}
	creation := s.running
	s.began("DELETE_STACK")
	e.setStatus(s, DeleteInProgress, "User Initiated", in.Token)
	e.start(r, func(ctx context.Context) {
		if creation != nil {
			<-creation.done
		}
		r.deleteStack(ctx, retain)
	})
	if creation != nil {
		creation.abandoned = true
		creation.cancel()
	}
	return nil
}

func (s *Stack) deletable(in DeleteInput) error {
	switch {
	case s.Status.Running() && s.Status != CreateInProgress:
		return invalid("Stack [%s] cannot be deleted while in status %s", s.ID, s.Status)
	case len(in.Retain) > 0 && s.Status != DeleteFailed:
		return invalid(
			"Invalid operation on stack [%s]. RetainResources can only be specified for stacks in DELETE_FAILED state", s.ID,
		)
	}
	for _, name := range in.Retain {
		if res := s.Resources[name]; res == nil || res.Status == DeleteComplete {
			return invalid("The specified resources to retain must be in a valid state. Do not specify resources that are in " +
				"the DELETE_COMPLETE state.")
		}
	}
	return nil
}

// ContinueRollback tries a failed rollback again, leaving the skipped resources as they are.
func (e *Engine) ContinueRollback(
	ctx context.Context, caller aws.Config, name, role, token string, skip []string,
) error {
	acting, err := e.acting(ctx, caller, name, role)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	s, err := e.existing(name)
	if err != nil {
		return err
	}
	request := append([]string{name, role}, skip...)
	replayed, err := s.replayed(token, "ContinueUpdateRollback", request)
	if err != nil || replayed {
		return err
	}
	if s.Status != UpdateRollbackFailed {
		return invalid("Stack:%s is in %s state and can not continue rolling back an update.", s.ID, s.Status)
	}
	skipped := map[string]bool{}
	for _, logicalID := range skip {
		if res := s.Resources[logicalID]; res == nil || res.Status != UpdateFailed {
			return invalid("ResourcesToSkip can only contain resources in the UPDATE_FAILED state; [%s] is not.", logicalID)
		}
		skipped[logicalID] = true
	}
	s.remember(token, "ContinueUpdateRollback", request)
	s.adopt(role)
	e.resume(s, &run{config: acting, token: token, skip: skipped})
	return nil
}

// resume rolls back what the failed operation left; the caller holds the lock.
func (e *Engine) resume(s *Stack, r *run) {
	f := s.failed
	r.stack, r.next, r.made = s, f.next, f.made
	r.before, r.beforeContent, r.beforeOutputs = f.before, f.beforeContent, f.beforeOutputs
	r.retainExceptOnCreate = f.retainExceptOnCreate
	s.began("CONTINUE_ROLLBACK")
	e.setStatus(s, UpdateRollbackInProgress, "User Initiated", r.token)
	e.start(r, r.rollback)
}
