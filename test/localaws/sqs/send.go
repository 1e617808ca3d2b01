package sqs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const (
	dedupWindow = 5 * time.Minute
	maxBatch    = 10
	maxBytes    = 1 << 20
)

type outgoing struct {
	MessageBody             string `wire:",required"`
	DelaySeconds            *int
	MessageAttributes       map[string]attributeValue
	MessageSystemAttributes map[string]attributeValue
	MessageGroupId          string
	MessageDeduplicationId  string
}

// sent is the answer about an accepted message.
type sent struct {
	MessageId                    string
	MD5OfMessageBody             string
	MD5OfMessageAttributes       string
	MD5OfMessageSystemAttributes string
	SequenceNumber               string
	at                           time.Time
}

type sendInput struct {
	onQueue
	outgoing
}

func (s *service) send(_ context.Context, call *wire.Call, in *sendInput) (*sent, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(call, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	answer, err := s.accept(call, q, in.outgoing)
	if err != nil {
		return nil, err
	}
	return &answer, nil
}

// accept puts a message into a queue; callers hold the lock.
func (s *service) accept(call *wire.Call, q *queue, in outgoing) (sent, error) {
	if err := q.acceptable(in); err != nil {
		return sent{}, err
	}
	now := s.env.Clock.Now()
	dedup := q.dedupID(in)
	if before, ok := q.dedup[dedup]; ok && dedup != "" && now.Sub(before.at) < dedupWindow {
		call.NoEffect()
		// The repeat gets the first message's id and number, with the digests of what it sent itself, which the SDK verifies.
		before.MD5OfMessageBody = digest(in.MessageBody)
		before.MD5OfMessageAttributes = attributesDigest(in.MessageAttributes)
		return before, nil
	}
	m := &message{
		id: wire.NewRequestID(), body: in.MessageBody, attributes: in.MessageAttributes, group: in.MessageGroupId,
		dedup: dedup, sender: call.Principal.UserID, sentAt: now, visibleAt: now.Add(q.delay(in)),
	}
	if trace := in.MessageSystemAttributes["AWSTraceHeader"].StringValue; trace != nil {
		m.trace = *trace
	}
	if q.fifo {
		q.sequence++
		m.sequence = fmt.Sprintf("1887%016d", q.sequence)
	}
	answer := sent{
		MessageId: m.id, MD5OfMessageBody: digest(m.body), MD5OfMessageAttributes: attributesDigest(m.attributes),
		MD5OfMessageSystemAttributes: attributesDigest(in.MessageSystemAttributes), SequenceNumber: m.sequence, at: now,
	}
	q.remember(dedup, answer, now)
	q.messages = append(q.messages, m)
	q.wake()
	return answer, nil
}

// size is what counts against the queue's MaximumMessageSize.
func (in outgoing) size() int {
	size := len(in.MessageBody)
	for name, value := range in.MessageAttributes {
		size += len(name) + len(value.DataType) + len(value.BinaryValue)
		if value.StringValue != nil {
			size += len(*value.StringValue)
		}
	}
	return size
}

func (q *queue) acceptable(in outgoing) error {
	if in.size() > q.number("MaximumMessageSize") {
		return failure("InvalidParameterValue", "InvalidParameterValue",
			"One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", q.number("MaximumMessageSize"))
	}
	if err := q.checkDelay(in.DelaySeconds); err != nil {
		return err
	}
	if err := checkAttributes(in.MessageAttributes); err != nil {
		return err
	}
	if !q.fifo {
		return nil
	}
	if in.MessageGroupId == "" {
		return wire.Errorf(http.StatusBadRequest, "MissingParameter",
			"The request must contain the parameter MessageGroupId.")
	}
	if q.dedupID(in) == "" {
		return failure("InvalidParameterValue", "InvalidParameterValue",
			"The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
	}
	return nil
}

func (q *queue) checkDelay(seconds *int) error {
	reason := ""
	switch {
	case seconds == nil:
		return nil
	case *seconds < 0 || *seconds > 900:
		reason = "DelaySeconds must be >= 0 and <= 900."
	case q.fifo && *seconds != 0:
		reason = "The request include parameter that is not valid for this queue type."
	default:
		return nil
	}
	return failure("InvalidParameterValue", "InvalidParameterValue",
		"Value %d for parameter DelaySeconds is invalid. Reason: %s", *seconds, reason)
}

// dedupID is the deduplication id of a message in a FIFO queue, else "".
func (q *queue) dedupID(in outgoing) string {
	if !q.fifo || in.MessageDeduplicationId != "" {
		return in.MessageDeduplicationId
	}
	if q.attribute("ContentBasedDeduplication") != "true" {
		return ""
	}
	sum := sha256.Sum256([]byte(in.MessageBody))
	return hex.EncodeToString(sum[:])
}

func (q *queue) delay(in outgoing) time.Duration {
	if in.DelaySeconds != nil && !q.fifo {
		return time.Duration(*in.DelaySeconds) * time.Second
	}
	return q.seconds("DelaySeconds")
}

func (q *queue) remember(dedup string, answer sent, now time.Time) {
	if dedup == "" || !q.fifo {
		return
	}
	for id, before := range q.dedup {
		if now.Sub(before.at) >= dedupWindow {
			delete(q.dedup, id)
		}
	}
	q.dedup[dedup] = answer
}
