package plan_test

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
)

// operationTime is how long a stack's operation takes.
const operationTime = 30 * time.Second

// stackState is a stack with what only CloudFormation knows.
type stackState struct {
	part       release.Part
	stack      release.Stack
	tokens     map[string]bool
	changeSets map[string]*changeSetState
	made       int
}

type changeSetState struct {
	set  release.ChangeSet
	step release.StackStep
}

// seen gives a copy, as a look does: while an operation goes on nothing more than that is known.
func (s *stackState) seen(step release.Step, name string) *release.Stack {
	copied, changeSet := s.stack, step.ChangeSet
	goesOn := strings.HasSuffix(copied.Status, "_IN_PROGRESS") && copied.Status != "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
	if goesOn || s.part == release.PartFoundation && !step.Template {
		copied.Template = nil
	}
	if goesOn {
		copied.Token, changeSet = "", ""
	}
	copied.Name = name
	copied.Outputs, copied.Parameters = maps.Clone(s.stack.Outputs), maps.Clone(s.stack.Parameters)
	if changeSet != "" {
		copied.ChangeSet = &release.ChangeSet{Name: changeSet}
		if made := s.changeSets[changeSet]; made != nil {
			set := made.set
			copied.ChangeSet = &set
		}
	}
	return &copied
}

// operate does one stack operation. A token that was seen before has no effect, as with CloudFormation.
func (w *world) operate(step *release.StackStep) {
	s := w.app
	if step.Part == release.PartFoundation {
		s = w.foundation
	}
	if s.stack.Exists && s.stack.Foreign != "" {
		w.t.Fatalf("%s on a stack of someone else", step.Operation)
	}
	switch step.Operation {
	case release.StackCreateChangeSet:
		w.makeChangeSet(s, step)
		return
	case release.StackDeleteChangeSet:
		delete(s.changeSets, step.Token)
		return
	case release.StackCreate:
		if s.stack.Exists {
			return
		}
		s.made++
		s.tokens, s.changeSets = map[string]bool{}, map[string]*changeSetState{}
		s.stack = release.Stack{Exists: true, ID: fmt.Sprintf("%s/%d", s.part, s.made)}
	}
	if s.tokens[step.Token] {
		return
	}
	s.tokens[step.Token] = true
	s.stack.Token, s.stack.ChangedAt = step.Token, w.now
	w.begin(s, step)
}

func (w *world) begin(s *stackState, step *release.StackStep) {
	fails := w.rollBack[s.part]
	delete(w.rollBack, s.part)
	switch step.Operation {
	case release.StackCreate:
		w.run(s, step, "CREATE_IN_PROGRESS", "CREATE_COMPLETE", "ROLLBACK_COMPLETE", fails)
	case release.StackUpdate:
		w.run(s, step, "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", fails)
	case release.StackExecuteChangeSet:
		made := s.changeSets[step.Token]
		if made == nil {
			w.t.Fatalf("the change set %s does not exist", step.Token)
		}
		s.changeSets = map[string]*changeSetState{}
		w.run(s, &made.step, "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", fails)
	case release.StackContinueRollback:
		s.stack.Status = "UPDATE_ROLLBACK_IN_PROGRESS"
		w.later(operationTime, func() { s.stack.Status = "UPDATE_ROLLBACK_COMPLETE" })
	case release.StackDelete:
		s.stack.Status = "DELETE_IN_PROGRESS"
		w.later(operationTime, func() { s.stack = release.Stack{} })
	default:
		w.t.Fatalf("there is no operation %q", step.Operation)
	}
}

func (w *world) run(s *stackState, step *release.StackStep, going, done, undone string, fails bool) {
	s.stack.Status = going
	w.later(operationTime, func() {
		if fails {
			s.stack.Status, s.stack.Failure = undone, "the quota is used up"
			return
		}
		s.stack.Status, s.stack.Adopted = done, false
		w.apply(s, step)
	})
}

// apply makes what a template asks for: outputs, and code and configuration of the functions that changed.
func (w *world) apply(s *stackState, step *release.StackStep) {
	before, after := w.parse(s.stack.Template), w.parse(step.Template)
	for id, r := range after.Resources {
		if r.Type == "AWS::Lambda::Function" && !cmp.Equal(before.Resources[id].Properties, r.Properties) {
			name, _ := r.Metadata["Function"].(string)
			text, _ := r.Properties["Description"].(string)
			d, ok := release.ParseDescription(text)
			if !ok {
				w.t.Fatalf("function %s would be described as %q", name, text)
			}
			w.update(name, d)
		}
	}
	for id, r := range before.Resources {
		if _, stays := after.Resources[id]; !stays && r.Type == "AWS::Lambda::Function" {
			name, _ := r.Metadata["Function"].(string)
			delete(w.functions, name)
		}
	}
	_, had := s.stack.Parameters[release.ParameterOriginSecret]
	_, declared := after.Parameters[release.ParameterOriginSecret]
	if kept := step.Secret == release.SecretKept; declared != (step.Secret != release.SecretNone) || kept && !had {
		w.t.Fatalf("CloudFormation refuses: the secret is %q, the stack has one: %v", step.Secret, had)
	}
	s.stack.Template, s.stack.Parameters = step.Template, maps.Clone(step.Parameters)
	if declared {
		s.stack.Parameters[release.ParameterOriginSecret] = "****"
	}
	s.stack.Outputs = map[string]string{"BucketName": "bucket", "RepositoryUri": "repository", "HttpRoleArn": "role"}
	for _, name := range []string{release.OutputRendering, release.OutputTemplateHash} {
		if hash, ok := after.Outputs[name].Value.(string); ok {
			s.stack.Outputs[name] = hash
		}
	}
}

func (w *world) parse(body []byte) *template.Template {
	if len(body) == 0 {
		return &template.Template{}
	}
	t, err := template.Parse(body)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	return t
}

func (w *world) makeChangeSet(s *stackState, step *release.StackStep) {
	if s.changeSets[step.Token] != nil {
		return
	}
	made := &changeSetState{set: release.ChangeSet{Name: step.Token, Status: "CREATE_IN_PROGRESS"}, step: *step}
	s.changeSets[step.Token] = made
	w.later(time.Second, func() {
		made.set.Status, made.set.Execution = "CREATE_COMPLETE", "AVAILABLE"
		made.set.Changes = changes(w.parse(s.stack.Template), w.parse(step.Template))
	})
}

func changes(before, after *template.Template) []release.Change {
	var list []release.Change
	for id, r := range after.Resources {
		was, had := before.Resources[id]
		switch {
		case !had:
			list = append(list, release.Change{LogicalID: id, Type: r.Type, Action: "Add"})
		case !cmp.Equal(was, r):
			list = append(list, release.Change{LogicalID: id, Type: r.Type, Action: "Modify", Replacement: "False"})
		}
	}
	for id, r := range before.Resources {
		if _, stays := after.Resources[id]; !stays {
			list = append(list, release.Change{LogicalID: id, Type: r.Type, Action: "Remove"})
		}
	}
	return list
}
