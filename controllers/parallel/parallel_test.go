package parallel_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/controllers/parallel"
)

func TestAPanicOfAPartIsTheErrorOfAllAndEndsTheOthers(t *testing.T) {
	group, ctx := parallel.WithContext(t.Context())
	group.Go(func() error {
		<-ctx.Done()
		return ctx.Err()
	})
	group.Go(func() error { panic("index out of range") })
	err := group.Wait()
	panicked, ok := errors.AsType[*parallel.Panic](err)
	if !ok || !strings.Contains(err.Error(), "a fault of the operator ended it: index out of range") {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(panicked.Stack, "parallel_test.go") {
		t.Errorf("the stack does not tell where: %s", panicked.Stack)
	}
	if !errors.As(context.Cause(ctx), &panicked) {
		t.Errorf("the others end for %v", context.Cause(ctx))
	}
}

func TestPartsOfAGroupWithoutAContextGoOnToTheirEnd(t *testing.T) {
	group := parallel.New()
	group.SetLimit(1) // a part that panicked gives its place back
	done := 0
	for i := range 3 {
		group.Go(func() error {
			if i == 0 {
				panic("the first")
			}
			done++
			return nil
		})
	}
	if err := group.Wait(); err == nil || done != 2 {
		t.Errorf("got %v, and %d of the others are done", err, done)
	}
}

func TestWhatDoesNotPanicFailsOrSucceedsByItself(t *testing.T) {
	failure := errors.New("connection reset")
	for _, want := range []error{nil, failure} {
		if got := parallel.Recovered(func() error { return want }); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}
