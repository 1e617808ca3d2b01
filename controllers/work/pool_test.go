package work

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/aloft-dev/aloft/controllers/release"
)

// queueing is a pool of eight slots, of which a namespace has two, in which those who enter are noted.
type queueing struct {
	*pool
	entered []string
}

func queue(t *testing.T, story func(*queueing)) {
	t.Helper()
	synctest.Test(t, func(*testing.T) { story(&queueing{pool: newPool(release.PoolUpload, 8)}) })
}

// enters has someone of a namespace ask for a slot, and gives what ends their patience.
func (q *queueing) enters(namespace string) (giveUp context.CancelFunc) {
	ctx, giveUp := context.WithCancel(context.Background())
	go func() {
		if q.enter(ctx, namespace) == nil {
			q.mu.Lock()
			defer q.mu.Unlock()
			q.entered = append(q.entered, namespace)
		}
	}()
	synctest.Wait()
	return giveUp
}

func (q *queueing) leaves(namespace string) {
	q.leave(namespace)
	synctest.Wait()
}

func TestANamespaceHasItsShareAndNoMore(t *testing.T) {
	queue(t, func(q *queueing) {
		for range 24 {
			defer q.enters("tarpit")()
		}
		if len(q.entered) != 2 {
			t.Errorf("%d of them have entered", len(q.entered))
		}
		q.enters("clouder")
		if q.entered[len(q.entered)-1] != "clouder" {
			t.Error("another namespace waits behind them")
		}
		q.leaves("tarpit")
		if len(q.entered) != 4 || q.held["tarpit"] != 2 {
			t.Errorf("entered are %v", q.entered)
		}
	})
}

func TestNamespacesHaveTheirTurnsOneAfterAnother(t *testing.T) {
	queue(t, func(q *queueing) {
		for i := range 4 { // all slots are taken
			for range 2 {
				q.enters(fmt.Sprint("busy-", i))
			}
		}
		q.entered = nil
		for _, namespace := range []string{"a", "a", "a", "b", "c"} {
			defer q.enters(namespace)()
		}
		for i := range 4 {
			q.leaves(fmt.Sprint("busy-", i))
		}
		if want := []string{"a", "b", "c", "a"}; !slices.Equal(q.entered, want) {
			t.Errorf("they have entered in the order %v", q.entered)
		}
	})
}

func TestWhoGivesUpWaitsNoMoreAndHoldsNothing(t *testing.T) {
	queue(t, func(q *queueing) {
		q.enters("a")
		q.enters("a")
		giveUp := q.enters("a")
		stays := q.enters("a")
		giveUp()
		synctest.Wait()
		q.leaves("a")
		if len(q.entered) != 3 {
			t.Errorf("entered are %v", q.entered)
		}
		stays()
		q.leaves("a")
		q.leaves("a")
		if q.free != 8 || len(q.held) != 0 || len(q.waiting) != 0 || len(q.turns) != 0 {
			t.Errorf("%d slots are free, held are %v, waiting %v, turns %v", q.free, q.held, q.waiting, q.turns)
		}
	})
}

func TestASlotThatComesWithTheEndOfPatienceIsGivenBack(t *testing.T) {
	q := newPool(release.PoolUpload, 8)
	turn := q.queue("a") // it has the slot, and gives up at the same moment
	q.giveUp("a", turn)
	if q.free != 8 || len(q.held) != 0 {
		t.Errorf("%d slots are free, held are %v", q.free, q.held)
	}
}

func TestWhoHasGivenUpBeforeDoesNotBegin(t *testing.T) {
	q := newPool(release.PoolUpload, 8)
	q.free = 0
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := q.enter(ctx, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// shown are the jobs that wait for a slot to upload, and those that have one.
func shown() []float64 {
	counts := map[string]float64{}
	families, _ := metrics.Registry.Gather()
	for _, family := range families {
		for _, series := range family.GetMetric() {
			if family.GetName() == "aloft_work_jobs" && series.GetLabel()[0].GetValue() == "upload" {
				counts[series.GetLabel()[1].GetValue()] = series.GetGauge().GetValue()
			}
		}
	}
	return []float64{counts[jobWaiting], counts[jobRunning]}
}

func TestMetricsTellWhatRunsAndWhatWaits(t *testing.T) {
	queue(t, func(q *queueing) {
		before := shown()
		for range 3 {
			q.enters("a")
		}
		if got := shown(); got[0]-before[0] != 1 || got[1]-before[1] != 2 {
			t.Errorf("shown is %v, before it was %v", got, before)
		}
		for range 3 {
			q.leaves("a")
		}
		if got := shown(); !slices.Equal(got, before) {
			t.Errorf("shown is %v, before it was %v", got, before)
		}
	})
}
