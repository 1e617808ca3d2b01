package events

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const ruleARN = "arn:aws:events:eu-central-1:123456789012:rule/r"

func TestARateFiresOncePerInterval(t *testing.T) {
	l := start(t, Options{Manual: true})
	l.rule(t, "r", "rate(5 minutes)", to("cli", function))
	for _, row := range []struct {
		advance time.Duration
		want    int
		why     string
	}{
		{0, 0, "not at once"},
		{5*time.Minute - time.Second, 0, "not before the interval is over"},
		{time.Second, 1, "when it is over"},
		{0, 0, "not twice for one due time"},
		{time.Hour, 1, "missed times are not caught up with"},
		{5 * time.Minute, 1, "and so on"},
	} {
		l.clock.Advance(row.advance)
		l.tick(t.Context())
		if got := len(l.taken()); got != row.want {
			t.Errorf("after %s: fired %d times, want %d: %s", row.advance, got, row.want, row.why)
		}
	}
}

func TestADisabledRuleRestsAndStartsAnewWhenEnabled(t *testing.T) {
	l := start(t, Options{Manual: true})
	l.rule(t, "r", "rate(1 minute)", to("cli", function))
	turn := func(state types.RuleState) {
		_, err := l.PutRule(t.Context(), &sdk.PutRuleInput{
			Name: aws.String("r"), ScheduleExpression: aws.String("rate(1 minute)"), State: state,
		})
		must(t, err)
	}
	turn(types.RuleStateDisabled)
	l.clock.Advance(90 * time.Second)
	l.tick(t.Context())
	if got := l.taken(); len(got) != 0 {
		t.Fatalf("disabled, yet fired %d times", len(got))
	}
	turn(types.RuleStateEnabled)
	l.clock.Advance(59 * time.Second)
	l.tick(t.Context())
	early := len(l.taken())
	l.clock.Advance(time.Second)
	l.tick(t.Context())
	if got := len(l.taken()); early != 0 || got != 1 {
		t.Errorf("fired %d times before and %d times at a minute after enabling", early, got)
	}
}

func TestACronRuleFiresInItsMinute(t *testing.T) {
	l := start(t, Options{Manual: true})
	now := l.clock.Now()
	l.clock.Advance(now.Truncate(time.Hour).Add(time.Hour).Sub(now))
	l.rule(t, "r", "cron(0/10 * * * ? *)", to("cli", function))
	fired := 0
	for range 60 {
		l.clock.Advance(time.Minute)
		l.tick(t.Context())
		fired += len(l.taken())
	}
	if fired != 6 {
		t.Errorf("fired %d times in an hour", fired)
	}
}

func TestTheTargetGetsItsConstantInputFromTheRule(t *testing.T) {
	l := start(t, Options{Manual: true})
	target := to("cli", function)
	target.Input = aws.String(`{"command":["/app","schedule"]}`)
	l.rule(t, "r", "rate(1 minute)", target)
	must(t, Fire(t.Context(), l.admin, "r"))
	want := []invocation{{"events.amazonaws.com", ruleARN, function, `{"command":["/app","schedule"]}`}}
	if diff := cmp.Diff(want, l.taken(), cmp.AllowUnexported(invocation{})); diff != "" {
		t.Error(diff)
	}
}

func TestATargetWithoutInputGetsTheScheduledEvent(t *testing.T) {
	l := start(t, Options{Manual: true})
	path := to("path", function)
	path.InputPath = aws.String("$.detail-type")
	l.rule(t, "r", "rate(1 minute)", to("whole", function), path)
	must(t, Fire(t.Context(), l.admin, "r"))
	got := l.taken()
	var event map[string]any
	must(t, json.Unmarshal([]byte(got[0].payload), &event))
	delete(event, "id")
	want := map[string]any{
		"version": "0", "detail-type": "Scheduled Event", "source": "aws.events", "account": account, "region": region,
		"time": l.clock.Now().Format(time.RFC3339), "resources": []any{ruleARN}, "detail": map[string]any{},
	}
	if diff := cmp.Diff(want, event); diff != "" {
		t.Error(diff)
	}
	if got[1].payload != `"Scheduled Event"` {
		t.Errorf("InputPath picked %s", got[1].payload)
	}
}

func TestATargetThatRefusesHindersNoOther(t *testing.T) {
	refused := errors.New("no permission")
	var reached []string
	l := start(t, Options{Manual: true, Invoke: func(_ context.Context, _, _, function string, _ []byte) error {
		reached = append(reached, function)
		if function == "arn:first" {
			return refused
		}
		return nil
	}})
	l.rule(t, "r", "rate(1 minute)", to("1", "arn:first"), to("2", "arn:second"))
	must(t, Fire(t.Context(), l.admin, "r"))
	if diff := cmp.Diff([]string{"arn:first", "arn:second"}, reached); diff != "" {
		t.Error(diff)
	}
}

func TestTheSchedulerFiresByItself(t *testing.T) {
	l := start(t, Options{RateMinute: time.Second})
	l.rule(t, "r", "rate(1 minute)", to("cli", function))
	deadline := time.After(30 * time.Second)
	for {
		l.clock.Advance(time.Second)
		select {
		case <-l.invoked:
			return
		case <-deadline:
			t.Fatal("the scheduler never fired")
		case <-time.After(time.Millisecond):
		}
	}
}

func TestDeletedAndDisabledRulesWakeNoOne(t *testing.T) {
	l := start(t, Options{Manual: true})
	l.rule(t, "r", "rate(1 minute)", to("cli", function))
	_, err := l.RemoveTargets(t.Context(), &sdk.RemoveTargetsInput{Rule: aws.String("r"), Ids: []string{"cli"}})
	must(t, err)
	_, err = l.DeleteRule(t.Context(), &sdk.DeleteRuleInput{Name: aws.String("r")})
	must(t, err)
	l.clock.Advance(time.Hour)
	l.tick(t.Context())
	if got := l.taken(); len(got) != 0 {
		t.Errorf("fired %d times", len(got))
	}
	if err := Fire(t.Context(), l.admin, "r"); err == nil || !strings.Contains(err.Error(), "ResourceNotFoundException") {
		t.Errorf("firing a deleted rule: %v", err)
	}
}

func TestOverTheWireTheInvocationIsAsynchronousAndCarriesItsPrincipal(t *testing.T) {
	l := start(t, Options{Manual: true})
	var seen []string
	l.env.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scope, _ := wire.ScopeOf(r)
		p, _ := l.env.Identities.Lookup(scope.AccessKeyID)
		seen = append(seen, p.Service, p.SourceARN, r.URL.Path, r.Header.Get("X-Amz-Invocation-Type"))
		w.WriteHeader(http.StatusAccepted)
	})
	must(t, l.invokeOverTheWire(t.Context(), principal, ruleARN, function, []byte("{}")))
	want := []string{"events.amazonaws.com", ruleARN, "/2015-03-31/functions/" + function + "/invocations", "Event"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
}
