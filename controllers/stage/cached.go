package stage

import (
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/aloft-dev/aloft/api/v1alpha1"
)

// Cached is a Stage as the cache keeps it: without what the operator does not read, and in no more memory than it needs.
// Its decoder has left room in every list, and a text of its own for each word, however often it occurs.
func Cached(object any) (any, error) {
	stage, ok := object.(*v1alpha1.Stage)
	if !ok {
		return object, nil // a tombstone
	}
	stage.ManagedFields = nil
	delete(stage.Annotations, corev1.LastAppliedConfigAnnotation)
	kept := stage.DeepCopy()
	for i := range kept.Status.Conditions {
		condition := &kept.Status.Conditions[i]
		condition.Type, condition.Reason = word(condition.Type), word(condition.Reason)
		condition.Status = word(condition.Status)
	}
	if target := kept.Status.Target; target != nil {
		for i := range target.Phases {
			target.Phases[i].Name, target.Phases[i].State = word(target.Phases[i].Name), word(target.Phases[i].State)
		}
	}
	return kept, nil
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
