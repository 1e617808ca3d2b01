package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/api/v1alpha1"
)

// wave is how a number of releases went that were asked for at the same time.
type wave struct {
	began time.Time
	// ready are the times at which they were, in their order; failed are those that were not.
	ready  []time.Time
	failed []string
}

// swing is when the wave was in full swing: from the first tenth of the releases to the last.
func (w wave) swing() (from, to time.Time) {
	tenth := len(w.ready) / 10
	if len(w.ready) < 3 {
		return w.began, time.Now()
	}
	return w.ready[tenth], w.ready[len(w.ready)-1-tenth]
}

// perSecond is how many releases became ready in a second of full swing.
func (w wave) perSecond() float64 {
	from, to := w.swing()
	return float64(len(w.ready)-1-2*(len(w.ready)/10)) / to.Sub(from).Seconds()
}

func (w wave) took() time.Duration {
	if len(w.ready) == 0 {
		return 0
	}
	return w.ready[len(w.ready)-1].Sub(w.began)
}

// longest is how long a wave may take.
const longest = 6 * time.Minute

// release asks for a tag in all of these Stages, and waits until each is ready and cleaned up, or has failed.
func (m *mass) release(ctx context.Context, tag string, stages ...types.NamespacedName) (wave, error) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	w, open := wave{began: time.Now()}, map[types.NamespacedName]bool{}
	asking, askingContext := errgroup.WithContext(ctx)
	asking.SetLimit(parallelCopies)
	for _, key := range stages {
		open[key] = false
	}
	go func() {
		for _, key := range stages {
			asking.Go(func() error { return m.ask(askingContext, key, tag) })
		}
	}()
	for len(open) > 0 {
		if ctx.Err() != nil {
			return w, fmt.Errorf("waiting for %d of %d releases: %w", len(open), len(stages), ctx.Err())
		}
		if err := m.follow(ctx, tag, &w, open); err != nil {
			return w, err
		}
	}
	return w, asking.Wait()
}

// follow notes what becomes of Stages, until none is waited for or the API server has closed the watch: the next one
// begins with how they are. open are those that are waited for, and whether each was ready.
func (m *mass) follow(ctx context.Context, tag string, w *wave, open map[types.NamespacedName]bool) error {
	changes, err := m.watcher.Watch(ctx, &v1alpha1.StageList{})
	if err != nil {
		return fmt.Errorf("watching Stages: %w", err)
	}
	defer changes.Stop()
	for len(open) > 0 {
		event, more := <-changes.ResultChan()
		if !more {
			return nil
		}
		stage, ok := event.Object.(*v1alpha1.Stage)
		if !ok {
			continue
		}
		key := client.ObjectKeyFromObject(stage)
		switch ready, waited := open[key]; {
		case !waited || stage.Spec.Image.Tag != tag:
		case meta.IsStatusConditionTrue(stage.Status.Conditions, v1alpha1.ConditionStalled):
			w.failed = append(w.failed, fmt.Sprintf("%s: %s", key, readyOf(stage).Message))
			delete(open, key)
		case isLive(stage):
			if !ready {
				open[key], w.ready = true, append(w.ready, time.Now())
			}
			if stage.Status.Live.Cleaned {
				delete(open, key)
			}
		}
	}
	return nil
}

func (m *mass) ask(ctx context.Context, key types.NamespacedName, tag string) error {
	stage := &v1alpha1.Stage{}
	stage.Namespace, stage.Name = key.Namespace, key.Name
	patch := fmt.Appendf(nil, `{"spec":{"image":{"tag":%q}}}`, tag)
	if err := m.box.Client.Patch(ctx, stage, client.RawPatch(types.MergePatchType, patch)); err != nil {
		return fmt.Errorf("editing a Stage: %w", err)
	}
	return nil
}
