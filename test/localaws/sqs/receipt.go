package sqs

import (
	"context"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type receiptInput struct {
	onQueue
	ReceiptHandle string `wire:",required"`
}

func (s *service) deleteMessage(_ context.Context, call *wire.Call, in *receiptInput) (*wire.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(call, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	found, err := s.drop(q, in.ReceiptHandle)
	if !found {
		call.NoEffect()
	}
	return nil, err
}

// drop deletes a message. A standard queue takes any of its receipt handles, a FIFO queue only the newest while it is
// in flight; a message that is gone already counts as deleted.
func (s *service) drop(q *queue, receipt string) (bool, error) {
	m, err := q.byReceipt(receipt)
	if m == nil || err != nil {
		return false, err
	}
	if q.fifo && (m.receipt != receipt || !m.inFlight(s.env.Clock.Now())) {
		return false, failure("InvalidParameterValue", "InvalidParameterValue",
			"Value %s for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.", receipt)
	}
	q.remove(m)
	q.wake()
	return true, nil
}

func (q *queue) byReceipt(receipt string) (*message, error) {
	id, _, ok := strings.Cut(receipt, "/")
	if !ok {
		return nil, failure("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid",
			"The input receipt handle \"%s\" is not a valid receipt handle.", receipt)
	}
	for _, m := range q.messages {
		if m.id == id {
			return m, nil
		}
	}
	return nil, nil
}

type changeVisibilityInput struct {
	onQueue
	ReceiptHandle     string `wire:",required"`
	VisibilityTimeout int
}

func (s *service) changeVisibility(_ context.Context, call *wire.Call, in *changeVisibilityInput) (*wire.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(call, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return nil, s.hide(q, in.ReceiptHandle, in.VisibilityTimeout)
}

// hide sets the visibility timeout of a message in flight anew; zero gives it back at once.
func (s *service) hide(q *queue, receipt string, seconds int) error {
	if seconds < 0 || seconds > 43200 {
		return failure("InvalidParameterValue", "InvalidParameterValue",
			"Value %d for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an integer between 0 and "+
				"43200.", seconds)
	}
	m, err := q.byReceipt(receipt)
	if err != nil {
		return err
	}
	now := s.env.Clock.Now()
	// A standard queue takes an earlier handle too, as it does for a deletion.
	if m == nil || q.fifo && m.receipt != receipt || !m.inFlight(now) {
		return failure("MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight",
			"Value %s for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for "+
				"visibility timeout change.", receipt)
	}
	m.visibleAt = now.Add(time.Duration(seconds) * time.Second)
	q.wake()
	return nil
}
