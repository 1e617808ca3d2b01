package cloud

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// release makes its way as a reconcile does: it looks, and then does something, so many times. Whoever is refused comes
// back and looks again. It gives how long that took.
func (s *spending) release(ctx context.Context, who caller, steps int) time.Duration {
	began := time.Now()
	for done := 0; done < steps; {
		ctx := ForReconcile(ctx)
		look, err := ForStep(ctx, Looks), error(nil)
		for range 3 {
			if err == nil {
				err = s.take(look, who)
			}
		}
		if err == nil {
			err = s.take(ForStep(ctx, Works), who)
		}
		if err == nil {
			done++
			continue
		}
		after, busy := AsBusy(err)
		if !busy {
			break
		}
		time.Sleep(after)
	}
	return time.Since(began)
}

func TestANamespaceWithAHundredReleasesDoesNotHoldUpAnotherOnesOnlyRelease(t *testing.T) {
	spends(t, func(t *testing.T, s *spending) {
		alone := s.release(t.Context(), caller{"only", "1"}, 5)
		time.Sleep(time.Hour)
		ctx, stop := context.WithCancel(t.Context())
		var others sync.WaitGroup
		for i := range 100 {
			others.Go(func() { s.release(ctx, caller{"many", fmt.Sprint(i)}, 1_000) })
		}
		time.Sleep(30 * time.Second)
		if beside := s.release(ctx, caller{"only", "1"}, 5); beside > 4*alone {
			t.Errorf("alone it takes %s, and beside a hundred %s", alone, beside)
		}
		stop()
		others.Wait()
	})
}

func TestReleasesOfANamespaceHaveTheirTurnsAndNoneStarves(t *testing.T) {
	spends(t, func(t *testing.T, s *spending) {
		const releases, steps, callsOfAStep = 50, 5, 4
		took, began := make([]time.Duration, releases), time.Now()
		var all sync.WaitGroup
		for i := range releases {
			all.Go(func() { took[i] = s.release(t.Context(), caller{"many", fmt.Sprint(i)}, steps) })
		}
		all.Wait()
		slices.Sort(took)
		if first, last := took[0], took[releases-1]; last > 4*first {
			t.Errorf("the first takes %s, and the last %s", first, last)
		}
		least := time.Duration(float64(releases*steps*callsOfAStep) / float64(lambdaControl.rate) * float64(time.Second))
		if all := time.Since(began); all > least*10/9 {
			t.Errorf("all take %s, and with all of the budget it would be %s", all, least)
		}
	})
}

func TestWhoeverDoesNotComeBackLosesItsPlace(t *testing.T) {
	spends(t, func(t *testing.T, s *spending) {
		for range s.burst {
			s.comes(t.Context(), Moves)
		}
		for range 50 {
			if err := s.take(ForStep(t.Context(), Works), s.someone("gone")); err == nil {
				t.Fatal("there was room")
			}
		}
		time.Sleep(time.Minute)
		if err := s.take(ForStep(t.Context(), Works), s.someone("clouder")); err != nil {
			t.Error(err)
		}
		if len(s.waiting) != 0 {
			t.Errorf("%d places are kept", len(s.waiting))
		}
	})
}

func TestOfANamespaceWhoeverHasWaitedLongestComesFirst(t *testing.T) {
	spends(t, func(t *testing.T, s *spending) {
		for range s.burst {
			s.comes(t.Context(), Moves)
		}
		first, second := caller{"clouder", "first"}, caller{"clouder", "second"}
		for _, who := range []caller{first, second} {
			if err := s.take(ForStep(t.Context(), Works), who); err == nil {
				t.Fatal("there was room")
			}
			time.Sleep(time.Millisecond)
		}
		time.Sleep(s.takes(1 + reserves[Works]*float64(s.burst)))
		for _, row := range []struct {
			who   caller
			taken bool
		}{{second, false}, {first, true}} {
			p := purposeOf(ForStep(t.Context(), Works))
			if _, taken := s.ask(row.who, &p); taken != row.taken {
				t.Errorf("the %s has its turn: %t", row.who.stage, taken)
			}
		}
	})
}

func TestWorkBesideTheReconcilesDoesNotStarveBehindThoseWhoComeBack(t *testing.T) {
	spends(t, func(t *testing.T, s *spending) {
		ctx, stop := context.WithCancel(t.Context())
		var others sync.WaitGroup
		for i := range 30 {
			others.Go(func() {
				for who := (caller{"clouder", fmt.Sprint(i)}); ctx.Err() == nil; {
					if after, busy := AsBusy(s.take(ForStep(ctx, Later), who)); busy {
						time.Sleep(after)
					}
				}
			})
		}
		time.Sleep(10 * time.Second)
		began := time.Now()
		for call := range 5 {
			if err := s.take(ForWork(ctx, Later), caller{"clouder", "work"}); err != nil {
				t.Errorf("call %d, after %s: %v", call, time.Since(began), err)
			}
		}
		if took, fair := time.Since(began), s.takes(5*31); took > 2*fair {
			t.Errorf("five calls took %s, and its share would have been there after %s", took, fair)
		}
		stop()
		others.Wait()
	})
}

func TestCleanUpsOfManyStagesEndAlthoughEachLooksAgainWhenItComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const stages, looks = 25, 6
		s := &spending{line: newLine(cloudFormation)}
		began := time.Now()
		var all sync.WaitGroup
		for i := range stages {
			all.Go(func() {
				for who, done := (caller{"clouder", fmt.Sprint(i)}), false; !done; {
					ctx := ForReconcile(t.Context())
					look, err := ForStep(ctx, Later), error(nil)
					for range looks {
						if err == nil {
							err = s.take(look, who)
						}
					}
					if err == nil {
						err = s.take(ForStep(ctx, Later), who)
					}
					after, busy := AsBusy(err)
					if done = !busy; busy {
						time.Sleep(after)
					}
				}
			})
		}
		all.Wait()
		if took, least := time.Since(began), s.takes(stages*(looks+1)); took > 3*least {
			t.Errorf("they took %s, and their calls %s", took, least)
		}
	})
}
