package stage

import (
	"context"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/aloft-dev/aloft/api/v1alpha1"
)

func named(namespace string, number int) types.NamespacedName {
	return types.NamespacedName{Namespace: namespace, Name: fmt.Sprint(number)}
}

// occupied are turns of which an account's are all taken, by Stages 0 to 4 of the namespaces a and b.
func occupied(account string, now time.Time) *turns {
	t := &turns{}
	for i := range namespaceStacks {
		t.take(account, named("a", i), now)
		t.take(account, named("b", i), now)
	}
	return t
}

func TestSoManyStacksOfAnAccountAreOperatedOnAtTheSameTimeAndNoMore(t *testing.T) {
	noon := time.Now()
	late := named("c", 1)
	turns := occupied("1", noon)
	for _, row := range []struct {
		why     string
		account string
		stage   types.NamespacedName
		after   time.Duration
		want    bool
	}{
		{"all turns are taken", "1", late, 0, false},
		{"whoever has one keeps it", "1", named("a", 3), 0, true},
		{"those of another account are its own", "2", named("d", 1), 0, true},
		{"nobody has given one back for long: they were lost", "1", late, turnLasts + time.Second, true},
	} {
		if got := turns.take(row.account, row.stage, noon.Add(row.after)); got != row.want {
			t.Errorf("%s: it is %t", row.why, got)
		}
	}
}

func TestTurnsComeInTheOrderInWhichTheyWereAskedFor(t *testing.T) {
	noon := time.Now()
	turns := occupied("1", noon)
	for i := range 3 {
		turns.take("1", named("c", i), noon)
	}
	turns.end(named("a", 1))
	if turns.take("1", named("c", 2), noon) || turns.waits(named("c", 0), noon) || !turns.waits(named("c", 1), noon) {
		t.Error("the last has its turn before the first")
	}
	turns.leave(named("c", 0)) // it has no need of it any more
	if turns.waits(named("c", 1), noon) || !turns.take("1", named("c", 1), noon) {
		t.Error("the turn of whoever left is lost")
	}
	if !turns.waits(named("c", 2), noon) {
		t.Error("one turn was given twice")
	}
}

func TestANamespaceHasHalfOfTheTurns(t *testing.T) {
	noon := time.Now()
	turns := &turns{}
	for i := range 30 {
		turns.take("1", named("greedy", i), noon)
	}
	if len(turns.held) != namespaceStacks || !turns.take("1", named("other", 1), noon) {
		t.Errorf("%d are held, and another namespace waits behind them", len(turns.held))
	}
}

func TestANamespaceThatHasFewerTurnsComesFirst(t *testing.T) {
	noon := time.Now()
	turns := occupied("1", noon)
	for i := range 20 {
		turns.take("1", named("a", 100+i), noon)
		turns.take("1", named("b", 100+i), noon)
	}
	only := named("only", 1)
	turns.take("1", only, noon)
	turns.end(named("a", 1))
	if turns.waits(only, noon) || !turns.waits(named("a", 100), noon) {
		t.Error("it waits behind forty others of namespaces that have five turns each")
	}
	turns.take("1", only, noon)
	turns.end(named("a", 2))
	if turns.waits(named("a", 100), noon) || !turns.waits(named("a", 101), noon) || !turns.waits(named("b", 100), noon) {
		t.Error("the next is not the first of the namespace that has fewer")
	}
}

func TestWhatIsSeenInProgressHasATurnAndWhatIsAtRestHasNone(t *testing.T) {
	noon := time.Now()
	turns := &turns{}
	for i := range 12 { // they had begun before the operator was started
		turns.note("1", named("a", i), true, noon)
	}
	if len(turns.held) != 12 || turns.take("1", named("b", 1), noon) {
		t.Errorf("held are %v", turns.held)
	}
	for i := range 12 {
		turns.note("1", named("a", i), false, noon)
	}
	if len(turns.held) != 0 || !turns.take("1", named("b", 1), noon) {
		t.Errorf("held are %v", turns.held)
	}
}

var _ = Describe("The stacks of an account", func() {
	It("are operated on in turns, and whoever waits asks AWS nothing and says what for", func(ctx context.Context) {
		s := play(ctx)
		full := occupied(account+"/"+region, time.Now())
		s.turns.held = full.held
		Expect(s.reconciles().RequeueAfter).To(Equal(turnPoll))
		Expect(s.says(v1alpha1.ConditionFoundationReady)).To(because(v1alpha1.ReasonStackBusy, "10 stacks of the account"))
		s.noted()
		for range 3 {
			Expect(s.reconciles().RequeueAfter).To(Equal(turnPoll))
		}
		_, changes, calls := s.noted()
		Expect(calls).To(BeEmpty())
		Expect(changes).To(BeEmpty())
		s.turns.end(named("a", 2))
		s.untilFounded()
		Expect(s.turns.held).NotTo(HaveKey(keyOf(s.stage)), "the turn was given back")
		Expect(s.turns.queued).To(BeEmpty())
	})

	It("wait for nobody who is gone", func(ctx context.Context) {
		s := play(ctx)
		full := occupied(account+"/"+region, time.Now())
		s.turns.held = full.held
		s.reconciles()
		Expect(s.turns.queued).To(HaveLen(1))
		s.edit(func(stage *v1alpha1.Stage) { stage.Finalizers = nil })
		Expect(admin.Delete(ctx, s.now())).To(Succeed())
		s.reconciles()
		Expect(s.turns.queued).To(BeEmpty())
	})
})
