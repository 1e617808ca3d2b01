package stage

import (
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/aloft-dev/aloft/api/v1alpha1"
)

// Cached is a Stage as the cache keeps it: without what the operator does not read, and in no more memory than it
// needs. Its decoder has left room in every list, and a text of its own for each word, however often it occurs.
func Cached(object any) (any, error) {
	stage, ok := object.(*v1alpha1.Stage)
	if !ok {
		return object, nil // a tombstone
	}
	stage.ManagedFields = nil
	delete(stage.Annotations, corev1.LastAppliedConfigAnnotation)
	kept := stage.DeepCopy()
	texts := texts{}
	for i := range kept.Status.Conditions {
		condition := &kept.Status.Conditions[i]
		condition.Type, condition.Reason = word(condition.Type), word(condition.Reason)
		condition.Status = word(condition.Status)
		texts.once(&condition.Message)
	}
	if target := kept.Status.Target; target != nil {
		for i := range target.Phases {
			target.Phases[i].Name, target.Phases[i].State = word(target.Phases[i].Name), word(target.Phases[i].State)
			texts.once(&target.Phases[i].Message)
		}
		texts.once(&target.ReleaseID, &target.BuildID, &target.ImageDigest, &target.DeployedDigest, &target.AssetsDigest,
			&target.ConfigHash, &target.TemplateRevision)
		texts.ofFunctions(target.Functions)
	}
	if kept.Status.Live != nil {
		texts.ofRelease(kept.Status.Live)
	}
	for i := range kept.Status.History {
		texts.ofRelease(&kept.Status.History[i])
	}
	return kept, nil
}

// texts are those of one Stage: its releases have most of them in common, and so have phases and conditions.
type texts map[string]string

// once lets equal texts be one.
func (t texts) once(fields ...*string) {
	for _, field := range fields {
		if known, ok := t[*field]; ok {
			*field = known
			continue
		}
		t[*field] = *field
	}
}

func (t texts) ofRelease(r *v1alpha1.Release) {
	t.once(&r.ID, &r.BuildID, &r.ImageDigest, &r.DeployedDigest, &r.AssetsDigest, &r.ConfigHash, &r.TemplateRevision)
	t.ofFunctions(r.Functions)
}

func (t texts) ofFunctions(functions []v1alpha1.FunctionVersion) {
	for i := range functions {
		t.once(&functions[i].Name, &functions[i].Version)
	}
}

// vocabulary holds the words of statuses once: types and reasons of conditions, phases and their states.
var vocabulary struct {
	sync.Mutex
	words map[string]string
}

// maxWords is far beyond what the operator has: whoever else writes statuses must not fill the memory.
const maxWords = 1000

func word[T ~string](text T) T {
	vocabulary.Lock()
	defer vocabulary.Unlock()
	if known, ok := vocabulary.words[string(text)]; ok {
		return T(known)
	}
	if vocabulary.words == nil {
		vocabulary.words = map[string]string{}
	}
	if len(vocabulary.words) < maxWords {
		vocabulary.words[string(text)] = string(text)
	}
	return text
}
