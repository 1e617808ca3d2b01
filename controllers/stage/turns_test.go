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

// occupied are turns of which an account's are all taken.
func occupied(account string, now time.Time) *turns {
	t := &turns{}
	for i := range parallelStacks {
		t.take(account, types.UID(fmt.Sprint(i)), now)
	}
	return t
}

func TestSoManyStacksOfAnAccountAreOperatedOnAtTheSameTimeAndNoMore(t *testing.T) {
	noon := time.Now()
	turns := occupied("a", noon)
	for _, row := range []struct {
		why     string
		account string
		stage   types.UID
		after   time.Duration
		want    bool
	}{
		{"all turns are taken", "a", "late", 0, false},
		{"whoever has one keeps it", "a", "3", 0, true},
		{"those of another account are its own", "b", "late", 0, true},
		{"nobody has given one back for long: they were lost", "a", "late", turnLasts + time.Second, true},
	} {
		if got := turns.take(row.account, row.stage, noon.Add(row.after)); got != row.want {
			t.Errorf("%s: it is %t", row.why, got)
		}
	}
	turns = occupied("a", noon)
	turns.end("a", "3")
	if !turns.take("a", "late", noon) || turns.take("a", "later", noon) {
		t.Error("one turn was given back")
	}
	for i := range parallelStacks {
		turns.end("a", types.UID(fmt.Sprint(i)))
	}
	turns.end("a", "late")
	if len(turns.held) != 0 {
		t.Errorf("held are %v", turns.held)
	}
}

var _ = Describe("The stacks of an account", func() {
	It("are operated on in turns, and the Stage says what it waits for", func(ctx context.Context) {
		s := play(ctx)
		full := occupied(account+"/"+region, time.Now())
		s.turns.held = full.held
		Expect(s.reconciles().RequeueAfter).To(Equal(turnPoll))
		Expect(s.says(v1alpha1.ConditionFoundationReady)).To(because(v1alpha1.ReasonStackBusy, "10 stacks of the account"))
		Expect(s.asksAWS()).NotTo(ContainElement("cloudformation:CreateStack"))
		s.turns.end(account+"/"+region, "7")
		s.untilFounded()
		Expect(s.turns.take(account+"/"+region, "another", time.Now())).To(BeTrue(), "the turn was given back")
	})
})
