package phase_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/controllers/parallel"
	"github.com/aloft-dev/aloft/controllers/phase"
	"github.com/aloft-dev/aloft/controllers/release"
)

var errReplaced = errors.New("the Stage is about something else by now")

// clock is a time that is set by hand; each answer of the hold is counted.
type clock struct {
	now    time.Time
	asked  int
	answer error
}

func (c *clock) hold() *phase.Hold {
	return &phase.Hold{
		Ask: func(context.Context) error { c.asked++; return c.answer },
		Now: func() time.Time { return c.now },
	}
}

func TestAHoldIsAskedForAgainOnlyAfterAWhile(t *testing.T) {
	c := &clock{now: time.Now()}
	hold := c.hold()
	for _, row := range []struct {
		why   string
		after time.Duration
		asked int
	}{
		{"nobody has asked yet", 0, 1},
		{"that was a moment ago", 4 * time.Second, 1},
		{"an operator that stood still knows nothing of what happened meanwhile", 2 * time.Second, 2},
	} {
		c.now = c.now.Add(row.after)
		if err := hold.Check(t.Context()); err != nil || c.asked != row.asked {
			t.Errorf("%s: it was asked %d times, want %d: %v", row.why, c.asked, row.asked, err)
		}
	}
	c.answer = errReplaced
	c.now = c.now.Add(time.Minute)
	for range 2 { // a refusal is not kept
		if err := hold.Check(t.Context()); !errors.Is(err, errReplaced) {
			t.Errorf("got %v", err)
		}
	}
	if c.asked != 4 {
		t.Errorf("it was asked %d times", c.asked)
	}
}

func TestAClockThatIsSetIsNoProof(t *testing.T) {
	c := &clock{now: time.Now()}
	hold := c.hold()
	for range 2 {
		if err := hold.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.now = c.now.Round(0).Add(time.Hour) // the machine was suspended: the monotonic clock has nothing to tell
	}
	if c.asked != 2 {
		t.Errorf("it was asked %d times", c.asked)
	}
}

func TestAnUploadThatIsNotWantedAnyMoreWritesNothing(t *testing.T) {
	c := &clock{now: time.Now(), answer: errReplaced}
	s, _ := sending(t)
	s.Hold = c.hold()
	since := s.Local.Calls().End()
	if err := s.fails(upload); !errors.Is(err, errReplaced) {
		t.Errorf("got %v", err)
	}
	sent := s.Local.Calls().Since(since).Effects().Names()
	sent = slices.DeleteFunc(sent, func(call string) bool { return call == "kms:GenerateDataKey" })
	if len(sent) > 0 {
		t.Errorf("written was %v", sent)
	}
}

func TestAnUploadThatStoodStillDoesNotWriteItsIndex(t *testing.T) {
	c := &clock{now: time.Now()}
	s, _ := sending(t)
	s.Hold = c.hold()
	s.done(upload)
	s.Discard(release.MarkerKey("v2"))
	s.Discard("_aloft/assets/v2/app.js")
	c.answer = errReplaced
	c.now = c.now.Add(time.Minute)
	s.fails(upload)
	if got := s.Keys("_aloft/assets/v2/"); !slices.Equal(got, []string{"_aloft/assets/v2/css/site.css"}) {
		t.Errorf("there is %v", got)
	}
}

func TestAPanicOfAPartFailsTheStepAndNothingElse(t *testing.T) {
	s, _ := sending(t)
	s.Hold = &phase.Hold{Now: time.Now, Ask: func(context.Context) error { panic("index out of range") }}
	_, err := s.perform(upload)
	if panicked, ok := errors.AsType[*parallel.Panic](err); !ok || !strings.Contains(panicked.Stack, "hold.go") {
		t.Errorf("got %v", err)
	}
	s.Hold = nil
	s.done(upload)
}
