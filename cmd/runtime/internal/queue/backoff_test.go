package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/cmd/runtime/internal/lambdaapi"
)

// failing fails every message whose body says so.
type failing struct{}

func (failing) work(_ context.Context, r record, _ lambdaapi.Invocation) error {
	if r.Body == "fail" {
		return errors.New("it was asked to")
	}
	return nil
}

// visibility is SQS as far as it is asked here.
type visibility struct{ changes []string }

func (v *visibility) ChangeMessageVisibility(
	_ context.Context, in *sqs.ChangeMessageVisibilityInput, _ ...func(*sqs.Options),
) (*sqs.ChangeMessageVisibilityOutput, error) {
	v.changes = append(v.changes, fmt.Sprintf("%s %s %d", *in.QueueUrl, *in.ReceiptHandle, in.VisibilityTimeout))
	return &sqs.ChangeMessageVisibilityOutput{}, nil
}

func TestFailedMessagesComeBackAfterTheBackoffOfTheirAttempt(t *testing.T) {
	const standard, fifo = "default-demo", "orders-demo.fifo"
	const prefix = "https://sqs.eu-central-1.amazonaws.com/123456789012"
	type sent struct{ id, queue, group, count, body string }
	for name, row := range map[string]struct {
		reason  string
		backoff string
		sent    []sent
		want    []string
	}{
		"by attempt": {"the last value holds for all further attempts", "5,10", []sent{
			{"m1", standard, "", "1", "fail"}, {"m2", standard, "", "2", "fail"}, {"m3", standard, "", "9", "fail"},
			{"m4", standard, "", "1", "fine"},
		}, []string{
			prefix + "/default-demo r-m1 5", prefix + "/default-demo r-m2 10", prefix + "/default-demo r-m3 10",
		}},
		"not set": {"the queue's own visibility timeout decides", "", []sent{{"m1", standard, "", "1", "fail"}}, nil},
		"group": {"one invisible message blocks its whole group, so all of it come back together", "5,60", []sent{
			{"m1", fifo, "a", "1", "fail"}, {"m2", fifo, "a", "2", "fine"}, {"m3", fifo, "b", "2", "fine"},
		}, []string{prefix + "/orders-demo.fifo r-m1 5", prefix + "/orders-demo.fifo r-m2 5"}},
	} {
		t.Run(name, func(t *testing.T) {
			var records []map[string]any
			for _, m := range row.sent {
				records = append(records, map[string]any{
					"messageId": m.id, "receiptHandle": "r-" + m.id, "body": m.body,
					"eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:" + m.queue,
					"attributes":     map[string]string{"ApproximateReceiveCount": m.count, "MessageGroupId": m.group},
				})
			}
			payload, err := json.Marshal(map[string]any{"Records": records})
			if err != nil {
				t.Fatal(err)
			}
			backoff, err := ParseBackoff(row.backoff)
			if err != nil {
				t.Fatal(err)
			}
			to := &visibility{}
			h := NewHandler(Config{
				Worker: failing{}, Suffix: "-demo", Backoff: backoff, Delayer: to, Log: slog.New(slog.DiscardHandler),
			})
			if _, err := h.Handle(t.Context(), lambdaapi.Invocation{
				Payload: payload, Cut: time.Now().Add(time.Minute),
			}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, to.changes); diff != "" {
				t.Errorf("%s:\n%s", row.reason, diff)
			}
		})
	}
}

func TestBackoffIsAShortListOfSeconds(t *testing.T) {
	for name, text := range map[string]string{
		"word": "soon", "negative": "-1", "more than SQS allows": "43201", "empty part": "5,,10",
		"endless": strings.Repeat("1,", 30) + "1",
	} {
		if _, err := ParseBackoff(text); err == nil {
			t.Errorf("%s: %q was taken", name, text)
		}
	}
}

func TestAttributesAreBoundedAndFitForAnEnvironment(t *testing.T) {
	r := record{MessageAttributes: map[string]attribute{
		"trace-id": {"t", "String"}, "count": {"5", "Number.int"}, "blob": {"", "Binary"},
		"long":  {strings.Repeat("x", maxAttributeValue+1), "String"},
		"lines": {"a\nb", "String"},
	}}
	if diff := cmp.Diff(map[string]string{"TRACE_ID": "t", "COUNT": "5"}, r.attributes()); diff != "" {
		t.Error(diff)
	}
}

func TestAQueuesAddressIsThatOfItsPartition(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:sqs:eu-central-1:123456789012:jobs-x":    "https://sqs.eu-central-1.amazonaws.com/123456789012/jobs-x",
		"arn:aws-cn:sqs:cn-north-1:123456789012:jobs-x":   "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/jobs-x",
		"arn:aws-us-gov:sqs:us-gov-west-1:123456789012:x": "https://sqs.us-gov-west-1.amazonaws.com/123456789012/x",
	} {
		if got := (record{EventSourceARN: arn}).url(""); got != want {
			t.Errorf("%s is at %s, want %s", arn, got, want)
		}
	}
	if got := (record{EventSourceARN: "arn:aws:sqs:r:1:jobs-x"}).url("https://own"); got != "https://own/jobs-x" {
		t.Errorf("under the prefix that the stack gives it is at %s", got)
	}
}
