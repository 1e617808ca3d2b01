package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	contract "github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/api/function/proof"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const (
	runBase    = "runs/release-1/run-1/migrate"
	claimPlace = "s3://" + bucket + "/" + runBase + ".claim"
)

// proofKey is what the operator gives with the order.
const proofKey = "a key of this command alone"

// deploy is the event of a deploy command with a claim.
func deploy(notAfter time.Time, arguments ...string) string {
	raw, err := json.Marshal(map[string]any{
		"command": arguments, "id": "migrate", "run": "run-1", "notAfter": notAfter.UTC(), "claim": claimPlace,
		"key": proofKey,
	})
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func soon() time.Time { return time.Now().Add(10 * time.Second) }

// ran is how often the counting command ran.
func (f *running) ran(t *testing.T) int {
	return strings.Count(strings.Join(f.noted(t), "\n"), "ran")
}

func TestClaimedCommandStoresClaimOutputAndResult(t *testing.T) {
	c := newCloud(t)
	f := startCLI(t, c.environment(nil))
	answered := f.command(t, deploy(soon(), appPath(t), "say", "3", "hello"))
	want := []string{runBase + ".claim", runBase + ".output.0001", runBase + ".result.json"}
	if !cmp.Equal(want, c.keys(t)) {
		t.Errorf("stored %v, want %v", c.keys(t), want)
	}
	stored, _ := c.get(t, runBase+".result.json")
	if diff := cmp.Diff(answered, decode[ended](t, stored)); diff != "" {
		t.Errorf("the answer is not the stored result:\n%s", diff)
	}
	if want := (ended{ExitCode: 3, Output: []byte("hello\nto standard error\n")}); !cmp.Equal(want, answered) {
		t.Errorf("got %+v", answered)
	}
	times := decode[struct{ StartedAt, FinishedAt time.Time }](t, stored)
	if times.StartedAt.IsZero() || times.FinishedAt.Before(times.StartedAt) {
		t.Errorf("got %+v", times)
	}
	text, _ := c.get(t, runBase+".claim")
	claim := decode[struct {
		State, Environment, Token string
		StartedAt                 time.Time
	}](t, text)
	if claim.State != "started" || claim.Environment != "2026/11/21/[7]stream" || claim.StartedAt.IsZero() ||
		!strings.HasPrefix(claim.Token, "request-1/") {
		t.Errorf("the claim is %s", text)
	}
}

func TestCommandRunsOnceWhateverHappensToItsClaim(t *testing.T) {
	conflict := &wire.Error{Code: "ConditionalRequestConflict", Message: "try again", Status: http.StatusConflict}
	broken := &wire.Error{Code: "InternalError", Message: "try again", Status: http.StatusInternalServerError}
	for name, row := range map[string]struct {
		reason string
		faults []wire.Fault
	}{
		"no fault": {"the plain case", nil},
		"answer lost": {"the SDK's retry meets the claim of its own first attempt", []wire.Fault{
			{Kind: wire.FaultLoseAnswer, Times: 1},
		}},
		"error after the deed": {"the same by a 500", []wire.Fault{
			{Kind: wire.FaultErrorAfter, Error: broken, Times: 1},
		}},
		"all answers lost": {"the SDK gives up, and the stored claim is read", []wire.Fault{
			{Kind: wire.FaultLoseAnswer, Times: 3},
		}},
		"never arrived": {"what did not arrive is put again", []wire.Fault{
			{Kind: wire.FaultDropBefore, Times: 4},
		}},
		"conflict of two puts": {"S3 decided nothing yet", []wire.Fault{
			{Kind: wire.FaultError, Error: conflict, Times: 2},
		}},
		"lost and the read failed": {"the read is repeated too", []wire.Fault{
			{Kind: wire.FaultLoseAnswer, Times: 1},
			{Call: "s3:GetObject", Kind: wire.FaultError, Error: broken, Times: 4},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			f := startCLI(t, c.environment(nil))
			for _, fault := range row.faults {
				fault.Match = ending(".claim")
				if fault.Call == "" {
					fault.Call = "s3:PutObject"
				}
				c.Faults().Inject(fault)
			}
			event := deploy(soon(), appPath(t), "count")
			first := f.invoke(t, event, 20*time.Second)
			second := f.invoke(t, event, 20*time.Second)
			if f.ran(t) != 1 {
				t.Errorf("%s: the command ran %d times", row.reason, f.ran(t))
			}
			if first.kind != "response" || first.body != second.body {
				t.Errorf("the second delivery does not answer the result of the first: %s, then %s",
					first.body, second.body)
			}
		})
	}
}

func TestOfTwoDeliveriesAtOnceOneRuns(t *testing.T) {
	c := newCloud(t)
	event := deploy(soon(), appPath(t), "count")
	a := startCLI(t, c.environment(nil))
	b := startCLI(t, c.environment(map[string]string{"NOTES": a.notes}))
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.api.next <- invocation{payload: event, timeout: 20 * time.Second}
	}()
	b.api.next <- invocation{payload: event, timeout: 20 * time.Second}
	<-done
	a.posted(t)
	b.posted(t)
	if a.ran(t) != 1 {
		t.Errorf("the command ran %d times", a.ran(t))
	}
}

func TestCommandNeverRunsWithoutItsOwnClaim(t *testing.T) {
	denied := &wire.Error{Code: "AccessDenied", Message: "no", Status: http.StatusForbidden}
	for name, row := range map[string]struct {
		reason   string
		stored   string
		fault    *wire.Fault
		notAfter time.Duration
		kind     string
		answer   string
	}{
		"void": {
			"the operator took the claim", `{"state":"void","reason":"superseded"}`, nil, 10 * time.Second, "response",
			`{"state":"void","reason":"superseded"}`,
		},
		"started": {
			"another delivery runs it", `{"state":"started","token":"other/1","environment":"elsewhere"}`, nil,
			10 * time.Second, "response", `{"state":"started","environment":"elsewhere"}`,
		},
		"too late": {"the last moment has passed", "", nil, -time.Second, "response", `"state":"late"`},
		"S3 out of reach": {
			"the last moment passed while S3 failed", "", &wire.Fault{Call: "s3:PutObject", Kind: wire.FaultDropBefore},
			700 * time.Millisecond, "response", `"state":"late"`,
		},
		"not permitted": {
			"the remedy is the role's", "", &wire.Fault{Call: "s3:PutObject", Kind: wire.FaultError, Error: denied},
			10 * time.Second, "error", "s3:PutObject",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			if row.stored != "" {
				c.put(t, runBase+".claim", row.stored)
			}
			if row.fault != nil {
				row.fault.Match = ending(".claim")
				c.Faults().Inject(*row.fault)
			}
			f := startCLI(t, c.environment(nil))
			got := f.invoke(t, deploy(time.Now().Add(row.notAfter), appPath(t), "count"), 20*time.Second)
			if got.kind != row.kind || !strings.Contains(got.body, row.answer) {
				t.Errorf("%s: got %+v", row.reason, got)
			}
			if f.ran(t) != 0 {
				t.Error("the command ran")
			}
			if stored, found := c.get(t, runBase+".claim"); stored != row.stored || found != (row.stored != "") {
				t.Errorf("the claim is now %q", stored)
			}
		})
	}
}

func TestLateCommandDoesNotAskS3(t *testing.T) {
	c := newCloud(t)
	f := startCLI(t, c.environment(nil))
	before := c.Calls().End()
	f.invoke(t, deploy(time.Now().Add(-time.Second), appPath(t), "count"), 10*time.Second)
	if calls := c.Calls().Since(before); len(calls) != 0 {
		t.Errorf("calls: %v", calls.Names())
	}
}

func TestClaimAndResultAreProvenToTheOperatorAndToNobodyElse(t *testing.T) {
	c := newCloud(t)
	f := startCLI(t, c.environment(nil))
	answered := f.invoke(t, deploy(soon(), appPath(t), "say", "3", "hello"), patience)
	claim, _ := c.get(t, runBase+".claim")
	result, _ := c.get(t, runBase+".result.json")
	if !proof.ClaimHolds(proofKey, decode[contract.Claim](t, claim)) {
		t.Errorf("the claim is not proven: %s", claim)
	}
	if !proof.ResultHolds(proofKey, decode[contract.Result](t, result)) {
		t.Errorf("the result is not proven: %s", result)
	}
	for _, key := range c.keys(t) {
		if content, _ := c.get(t, key); strings.Contains(content+answered.body+f.output(), proofKey) {
			t.Errorf("the key is in %s, in the answer or in the log", key)
		}
	}
}
