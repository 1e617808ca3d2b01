package cloud

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"
)

// spending is an account's budget for Lambda's control plane, and when each of those who come for it had their turn.
type spending struct {
	*line
	come  atomic.Int64
	noted sync.Mutex
	turns map[Urgency][]time.Time
}

// someone is a stage of a namespace.
func (s *spending) someone(namespace string) caller {
	return caller{namespace, fmt.Sprint(s.come.Add(1))}
}

func spends(t *testing.T, story func(*testing.T, *spending)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		story(t, &spending{line: newLine(lambdaControl), turns: map[Urgency][]time.Time{}})
	})
}

// comes asks for a call again and again until it may be made, as a reconcile does.
func (s *spending) comes(ctx context.Context, urgency Urgency) {
	who := s.someone("clouder")
	for {
		err := s.take(ForStep(ctx, urgency), who)
		after, busy := AsBusy(err)
		switch {
		case err == nil:
			s.noted.Lock()
			s.turns[urgency] = append(s.turns[urgency], time.Now())
			s.noted.Unlock()
			return
		case !busy:
			return
		}
		time.Sleep(after)
	}
}

func TestAnAccountsCallsKeepWithinItsQuota(t *testing.T) {
	spends(t, func(t *testing.T, s *spending) {
		const calls = 1400
		began := time.Now()
		var all sync.WaitGroup
		for range 200 {
			all.Go(func() {
				for range calls / 200 {
					s.comes(t.Context(), Works)
				}
			})
		}
		all.Wait()
		took := time.Since(began).Seconds()
		if least := float64(calls-lambdaControl.burst) / 15; took < least {
			t.Errorf("they took %.0f s, and AWS would have throttled what is quicker than %.0f s", took, least)
		}
		if most := float64(calls) / (15 * 0.9); took > most {
			t.Errorf("they took %.0f s, more than %.0f s: nine tenths of the quota are not used", took, most)
		}
	})
}

func TestNobodyIsHeldUpWhereThereIsNoRoom(t *testing.T) {
	spends(t, func(t *testing.T, s *spending) {
		for range lambdaControl.burst {
			s.comes(t.Context(), Moves)
		}
		began := time.Now()
		err := s.take(ForStep(t.Context(), Later), s.someone("clouder"))
		if after, busy := AsBusy(err); !busy || after <= 0 || after > 3*time.Second || time.Since(began) > patience {
			t.Errorf("after %s it is told %v, to come back in %s", time.Since(began), err, after)
		}
	})
}

func TestWhatEndsSomethingComesFirst(t *testing.T) {
	spends(t, func(t *testing.T, s *spending) {
		order := []Urgency{Later, Looks, Works, Moves}
		var all sync.WaitGroup
		for _, urgency := range order {
			for range 40 {
				all.Go(func() { s.comes(t.Context(), urgency) })
			}
		}
		all.Wait()
		middle := map[Urgency]time.Time{}
		for _, urgency := range order {
			middle[urgency] = s.turns[urgency][20]
		}
		if !middle[Moves].Before(middle[Works]) || !middle[Works].Before(middle[Later]) {
			t.Errorf("half of them had their turn at %v", middle)
		}
	})
}

func TestWhoGivesUpWaitsNoMore(t *testing.T) {
	spends(t, func(t *testing.T, s *spending) {
		for range lambdaControl.burst {
			s.comes(t.Context(), Moves)
		}
		ctx, cancel := context.WithCancel(ForStep(t.Context(), Moves))
		cancel()
		if err := s.take(ctx, s.someone("clouder")); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestWhichCallsCountToWhichQuota(t *testing.T) {
	for call, want := range map[[2]string]string{
		{"Lambda", "PublishVersion"}:           lambdaControl.family,
		{"Lambda", "GetAlias"}:                 lambdaControl.family,
		{"Lambda", "GetFunctionConfiguration"}: lambdaControl.family,
		{"Lambda", "GetFunction"}:              lambdaRead.family,
		{"Lambda", "Invoke"}:                   "",
		{"CloudFormation", "DescribeStacks"}:   cloudFormation.family,
		{"S3", "PutObject"}:                    "",
		{"ECR", "DescribeImages"}:              "",
	} {
		if q, limited := quotaOf(call[0], call[1]); q.family != want || limited != (want != "") {
			t.Errorf("%v counts to %q", call, q.family)
		}
	}
}

func TestStagesOfAnAccountShareItsBudgetsAndOthersHaveTheirOwn(t *testing.T) {
	b := newBudgets(1)
	of := func(account, region string) *line { return b.line(account, region, lambdaControl) }
	first := of("1", "a")
	if again := of("1", "a"); again != first || first == of("2", "a") || first == of("1", "b") {
		t.Error("budgets are of an account and a region")
	}
}

func TestAStepThatHasBegunIsFinished(t *testing.T) {
	spends(t, func(t *testing.T, s *spending) {
		for _, others := range []int{0, 3} { // alone in the account, or beside other steps
			var all sync.WaitGroup
			var refused atomic.Int64
			for range 1 + others {
				all.Go(func() {
					ctx := ForStep(t.Context(), Looks) // at the aliases of thirty functions, eight at a time
					if s.take(ctx, s.someone("clouder")) != nil {
						return // it is put off before it has begun
					}
					group := errgroup.Group{}
					group.SetLimit(8)
					for range 29 {
						group.Go(func() error {
							err := s.take(ctx, s.someone("clouder"))
							if err != nil {
								refused.Add(1)
							}
							return err
						})
					}
					_ = group.Wait()
				})
			}
			all.Wait()
			if refused.Load() > 0 {
				t.Errorf("beside %d others %d of its calls were refused", others, refused.Load())
			}
		}
	})
}

func TestWorkBesideTheReconcilesWaitsForItsTurn(t *testing.T) {
	spends(t, func(t *testing.T, s *spending) {
		ctx := ForWork(t.Context(), Later)
		for range 50 {
			if err := s.take(ctx, s.someone("clouder")); err != nil {
				t.Fatal(err)
			}
		}
		if left := s.limiter.TokensAt(time.Now()); left < float64(lambdaControl.burst)/2-1 {
			t.Errorf("%.1f tokens are left for what is more urgent", left)
		}
	})
}

func TestAPartOfAQuotaIsEnoughForEveryUrgency(t *testing.T) {
	for _, row := range []struct {
		share float64
		rate  rate.Limit
		burst int
	}{{1, 14.25, 10}, {0.5, 7.125, 5}, {0.01, 0.1425, 2}} {
		q := lambdaControl.shared(row.share)
		if q.burst != row.burst || math.Abs(float64(q.rate-row.rate)) > 1e-9 {
			t.Errorf("a share of %v is %+v", row.share, q)
		}
		synctest.Test(t, func(t *testing.T) {
			budget := newLine(q)
			for _, urgency := range []Urgency{Moves, Works, Looks, Later} {
				time.Sleep(time.Hour) // the bucket is full
				if err := budget.take(ForStep(t.Context(), urgency), caller{"clouder", "production"}); err != nil {
					t.Errorf("with a share of %v nothing of urgency %d is ever done: %v", row.share, urgency, err)
				}
			}
		})
	}
}

func TestWhoeverComesBackAndLooksAgainMakesItsWay(t *testing.T) {
	for _, share := range []float64{1, 0.2, 0.05} {
		for _, full := range []quota{lambdaControl, cloudFormation} {
			q := full.shared(share)
			synctest.Test(t, func(t *testing.T) {
				budget, who := newLine(q), caller{"clouder", "production"}
				reconcile := func() error { // it looks at five things, and then does one
					ctx := ForReconcile(t.Context())
					look := ForStep(ctx, Looks)
					for range 5 {
						if err := budget.take(look, who); err != nil {
							return err
						}
					}
					return budget.take(ForStep(ctx, Works), who)
				}
				for times := 1; ; times++ {
					err := reconcile()
					if err == nil {
						return
					}
					if times == 5 {
						t.Fatalf("with %v of %s it has come back %d times: %v", share, q.family, times, err)
					}
					after, _ := AsBusy(err)
					time.Sleep(after)
				}
			})
		}
	}
}
