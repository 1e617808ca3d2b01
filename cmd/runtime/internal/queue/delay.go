package queue

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/aloft-dev/aloft/api/function"
)

// maxDelay is SQS's own bound: twelve hours.
const maxDelay = 12 * 60 * 60

// maxBackoff bounds the list.
const maxBackoff = 20

// Delayer is SQS, as far as back-off needs it.
type Delayer interface {
	ChangeMessageVisibility(
		context.Context, *sqs.ChangeMessageVisibilityInput, ...func(*sqs.Options),
	) (*sqs.ChangeMessageVisibilityOutput, error)
}

var _ Delayer = (*sqs.Client)(nil)

type delay struct {
	record
	seconds int32
}

// ParseBackoff reads the value of function.VariableQueueBackoff; an empty one means that the queue's own visibility
// timeout decides.
func ParseBackoff(text string) ([]int32, error) {
	if text == "" {
		return nil, nil
	}
	var list []int32
	for part := range strings.SplitSeq(text, ",") {
		seconds, err := strconv.ParseInt(strings.TrimSpace(part), 10, 32)
		if err != nil || seconds < 0 || seconds > maxDelay || len(list) == maxBackoff {
			return nil, fmt.Errorf("reading %s %.100q: it must be at most %d numbers of seconds up to %d, "+
				"separated by commas", function.VariableQueueBackoff, text, maxBackoff, maxDelay)
		}
		list = append(list, int32(seconds))
	}
	return list, nil
}

// postpone tells SQS when to deliver failed messages again. Where that fails, the queue's visibility timeout does it
// later.
func (h *Handler) postpone(ctx context.Context, delays []delay) {
	for _, d := range delays {
		url := d.url(h.Prefix)
		_, err := h.Delayer.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
			QueueUrl: &url, ReceiptHandle: &d.ReceiptHandle, VisibilityTimeout: d.seconds,
		})
		if err != nil {
			h.Log.Warn("a failed message could not be postponed", "messageId", d.MessageID, "error", err.Error())
		}
	}
}
