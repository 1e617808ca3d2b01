package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aloft-dev/aloft/cmd/runtime/internal/lambdaapi"
)

// Worker does the work of one message. An error says that the message shall be delivered again.
type Worker interface {
	work(ctx context.Context, r record, in lambdaapi.Invocation) error
}

// Config is how messages are handled.
type Config struct {
	Worker Worker
	// Prefix and Suffix are the values of function.VariableQueuePrefix and function.VariableQueueSuffix.
	Prefix, Suffix string
	// Backoff is after how many seconds a message is delivered again, by the number of its deliveries; the last value
	// holds for all further ones.
	Backoff []int32
	Delayer Delayer
	Log     *slog.Logger
}

// Handler handles batches.
type Handler struct{ Config }

// NewHandler returns a handler.
func NewHandler(config Config) *Handler { return &Handler{Config: config} }

// failures is the answer that makes SQS deliver messages again.
type failures struct {
	BatchItemFailures []failure `json:"batchItemFailures"`
}

type failure struct {
	ItemIdentifier string `json:"itemIdentifier"`
}

// Why a message was not handled at all.
var (
	errOrder = errors.New("an earlier message of its group failed")
	errTime  = errors.New("the function's time was over")
)

// Handle handles a batch, one message after the other.
func (h *Handler) Handle(ctx context.Context, in lambdaapi.Invocation) ([]byte, error) {
	var batch event
	if err := json.Unmarshal(in.Payload, &batch); err != nil {
		return nil, fmt.Errorf("reading the event: %w", err)
	}
	if len(batch.Records) == 0 {
		return nil, errors.New("the event is no batch of messages: it has no Records")
	}
	answer := failures{BatchItemFailures: []failure{}}
	failedGroups := map[string]int32{}
	var delays []delay
	for _, r := range batch.Records {
		err := h.one(ctx, r, in, failedGroups)
		if err == nil {
			continue
		}
		h.Log.Error("a message failed", "requestId", in.RequestID, "messageId", r.MessageID,
			"queue", r.shortName(h.Suffix), "receiveCount", r.receiveCount(), "error", err.Error())
		answer.BatchItemFailures = append(answer.BatchItemFailures, failure{ItemIdentifier: r.MessageID})
		if seconds, ok := h.after(r, failedGroups); ok {
			delays = append(delays, delay{record: r, seconds: seconds})
		}
	}
	h.postpone(ctx, delays)
	return json.Marshal(answer)
}

func (h *Handler) one(ctx context.Context, r record, in lambdaapi.Invocation, failedGroups map[string]int32) error {
	if _, failed := failedGroups[r.group()]; failed && r.fifo() {
		return errOrder
	}
	if !time.Now().Before(in.Cut) || ctx.Err() != nil {
		return errTime
	}
	return h.Worker.work(ctx, r, in)
}

// group tells message groups of several queues apart.
func (r record) group() string { return r.EventSourceARN + " " + r.Attributes.Group }

// after is when a failed message shall be delivered again. All of a failed group get the delay of its first failure:
// SQS delivers nothing of a group while any of its messages is invisible.
func (h *Handler) after(r record, failedGroups map[string]int32) (seconds int32, ok bool) {
	if len(h.Backoff) > 0 {
		seconds = h.Backoff[min(r.receiveCount(), len(h.Backoff))-1]
	}
	if r.fifo() {
		if first, failed := failedGroups[r.group()]; failed {
			seconds = first
		}
		failedGroups[r.group()] = seconds
	}
	return seconds, len(h.Backoff) > 0
}
