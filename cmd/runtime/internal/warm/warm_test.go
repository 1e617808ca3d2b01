package warm

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/aloft-dev/aloft/api/function"
)

func TestOnlyWarmEventsAreTakenForWarmEvents(t *testing.T) {
	for name, row := range map[string]struct {
		reason, payload string
		warm            bool
	}{
		"ping":        {"the operator's ping", `{"warmer_ping":true,"hold":"20"}`, true},
		"fan-out":     {"the schedule's order", `{"warmer":true,"containers":3}`, true},
		"switched":    {"false is not a ping", `{"warmer_ping":false}`, false},
		"command":     {"a command may mention the words", `{"command":["echo","\"warmer_ping\":true"]}`, false},
		"other types": {"what is no boolean is another's event", `{"warmer_ping":"yes"}`, false},
		"no object":   {"any JSON may come", `["warmer_ping"]`, false},
	} {
		t.Run(name, func(t *testing.T) {
			if _, ok := Parse([]byte(row.payload)); ok != row.warm {
				t.Errorf("%s: got %v", row.reason, ok)
			}
		})
	}
}

func TestHoldIsReadFromStringsAndNumbersAndBounded(t *testing.T) {
	for text, want := range map[string]time.Duration{
		`"250"`: 250 * time.Millisecond, `250`: 250 * time.Millisecond, ``: 0, `-5`: 0, `"x"`: 0,
		`9000000000000000000`: maxHold,
	} {
		if got := (Event{Hold: json.RawMessage(text)}).hold(); got != want {
			t.Errorf("hold %s is %s, want %s", text, got, want)
		}
	}
}

// recorder is Lambda as far as it is asked here.
type recorder struct {
	mu   sync.Mutex
	sent []lambda.InvokeInput
}

func (r *recorder) Invoke(
	_ context.Context, in *lambda.InvokeInput, _ ...func(*lambda.Options),
) (*lambda.InvokeOutput, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, *in)
	return &lambda.InvokeOutput{}, nil
}

func TestFanOutPingsItsOwnVersionOnceLessThanContainers(t *testing.T) {
	for containers, want := range map[int]int{-1: 0, 0: 0, 1: 0, 3: 2, 100000: maxContainers - 1} {
		to := &recorder{}
		sender := Sender{Lambda: to, Function: "demo-http", Version: "7", Log: slog.New(slog.DiscardHandler)}
		sender.FanOut(t.Context(), Event{WarmEvent: function.WarmEvent{Order: true, Containers: containers}})
		if len(to.sent) != want {
			t.Errorf("%d pings for %d containers, want %d", len(to.sent), containers, want)
		}
		for _, in := range to.sent {
			if _, ok := Parse(in.Payload); !ok || *in.FunctionName != "demo-http" || *in.Qualifier != "7" {
				t.Errorf("sent %s to %s:%s", in.Payload, *in.FunctionName, *in.Qualifier)
			}
		}
	}
}
