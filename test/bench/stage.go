package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/cmd/manager/operator"
	sample "github.com/aloft-dev/aloft/test/sampleapp/image"
	"github.com/aloft-dev/aloft/test/sandbox"
)

// subject is the Stage that everything is measured on: three functions, a queue, a schedule and a migration.
type subject struct {
	box   *sandbox.Sandbox
	stage *v1alpha1.Stage
	api   *apiCalls
	// changes of the Stage, as its watchers see them.
	changes watch.Interface
}

// begin brings the first release of a Stage live, and tells how that went.
func begin(ctx context.Context, box *sandbox.Sandbox, name string, build sample.Variant) (*subject, released, error) {
	if err := box.Push(ctx, build); err != nil {
		return nil, released{}, err
	}
	if err := box.Prepare(ctx, name, name, box.Database.URL()); err != nil {
		return nil, released{}, err
	}
	scheme, err := operator.Scheme()
	if err != nil {
		return nil, released{}, err
	}
	watcher, err := client.NewWithWatch(box.ControlPlane.Config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, released{}, fmt.Errorf("making a client: %w", err)
	}
	changes, err := watcher.Watch(ctx, &v1alpha1.StageList{}, client.InNamespace(name))
	if err != nil {
		return nil, released{}, fmt.Errorf("watching the Stage: %w", err)
	}
	s := &subject{box: box, stage: box.SampleStage(name, "production", name, build.Version), changes: changes}
	since := box.AWS.Calls().End()
	if err := box.Client.Create(ctx, s.stage); err != nil {
		return nil, released{}, fmt.Errorf("applying the Stage: %w", err)
	}
	r := released{accepted: time.Now()}
	if r.ready, err = s.live(ctx); err != nil {
		return nil, r, err
	}
	r.calls = box.AWS.Calls().Since(since)
	r.stacks, err = s.stackTime(ctx, r.accepted)
	return s, r, err
}

// release asks for a tag and tells when the API server had accepted that and when it was Ready, as a watcher sees it.
func (s *subject) release(ctx context.Context, tag string) (accepted, ready time.Time, err error) {
	if err := s.edit(ctx, func(stage *v1alpha1.Stage) { stage.Spec.Image.Tag = tag }); err != nil {
		return accepted, ready, err
	}
	accepted = time.Now()
	ready, err = s.live(ctx)
	return accepted, ready, err
}

func (s *subject) edit(ctx context.Context, change func(*v1alpha1.Stage)) error {
	before := s.stage.DeepCopy()
	change(s.stage)
	if err := s.box.Client.Patch(ctx, s.stage, client.MergeFrom(before)); err != nil {
		return fmt.Errorf("editing the Stage: %w", err)
	}
	return nil
}

// patience is how long a release may take.
const patience = 2 * time.Minute

// live waits until what the Stage asks for is live and the clean-up is done, and tells when it became live.
func (s *subject) live(ctx context.Context) (ready time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		select {
		case <-ctx.Done():
			return ready, fmt.Errorf("waiting for the release: %w: %s", ctx.Err(), readyOf(s.stage).Message)
		case event, open := <-s.changes.ResultChan():
			stage, ok := event.Object.(*v1alpha1.Stage)
			if !open || !ok {
				return ready, errors.New("waiting for the release: the watch ended")
			}
			if stage.Generation < s.stage.Generation {
				continue
			}
			s.stage = stage
			if meta.IsStatusConditionTrue(stage.Status.Conditions, v1alpha1.ConditionStalled) {
				return ready, fmt.Errorf("the release stalled: %s", readyOf(stage).Message)
			}
			if !isLive(stage) {
				continue
			}
			if ready.IsZero() {
				ready = time.Now()
			}
			if stage.Status.Live.Cleaned {
				return ready, nil
			}
		}
	}
}

func isLive(stage *v1alpha1.Stage) bool {
	status := &stage.Status
	return readyOf(stage).Status == metav1.ConditionTrue && status.ObservedGeneration == stage.Generation &&
		status.Live.BuildID == stage.Spec.Image.Tag
}

func readyOf(stage *v1alpha1.Stage) metav1.Condition {
	if found := meta.FindStatusCondition(stage.Status.Conditions, v1alpha1.ConditionReady); found != nil {
		return *found
	}
	return metav1.Condition{}
}
