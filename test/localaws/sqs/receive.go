package sqs

import (
	"context"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type receiveInput struct {
	onQueue
	AttributeNames              []string
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
	MaxNumberOfMessages         *int
	VisibilityTimeout           *int
	WaitTimeSeconds             *int
	ReceiveRequestAttemptId     string
}

type received struct {
	MessageId              string
	ReceiptHandle          string
	MD5OfBody              string
	Body                   string
	Attributes             map[string]string
	MD5OfMessageAttributes string
	MessageAttributes      map[string]attributeValue
}

type receiveOutput struct{ Messages []received }

// receive counts as mutating, for it hides what it gives out; an empty one has no effect.
func (s *service) receive(ctx context.Context, call *wire.Call, in *receiveInput) (*receiveOutput, error) {
	if err := in.complete(); err != nil {
		return nil, err
	}
	var end time.Time
	for {
		messages, next, err := s.look(call, in, &end)
		if err != nil {
			return nil, err
		}
		if len(messages) > 0 {
			return &receiveOutput{messages}, nil
		}
		if !s.env.Clock.Now().Before(end) || !s.waitFor(ctx, next, end) {
			call.NoEffect()
			return &receiveOutput{}, nil
		}
	}
}

// complete fills the default and checks the limits.
func (in *receiveInput) complete() error {
	if in.MaxNumberOfMessages == nil {
		in.MaxNumberOfMessages = new(1)
	}
	if n := *in.MaxNumberOfMessages; n < 1 || n > maxBatch {
		return failure("InvalidParameterValue", "InvalidParameterValue",
			"Value %d for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.", n)
	}
	if w := in.WaitTimeSeconds; w != nil && (*w < 0 || *w > 20) {
		return failure("InvalidParameterValue", "InvalidParameterValue",
			"Value %d for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.", *w)
	}
	return nil
}

// chance is what a long poll waits for: something arriving, or a hidden message's time.
type chance struct {
	arrived <-chan struct{}
	at      time.Time
}

func (s *service) look(call *wire.Call, in *receiveInput, end *time.Time) ([]received, chance, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(call, in.QueueUrl)
	if err != nil {
		return nil, chance{}, err
	}
	now := s.env.Clock.Now()
	if end.IsZero() {
		wait := q.number("ReceiveMessageWaitTimeSeconds")
		if in.WaitTimeSeconds != nil {
			wait = *in.WaitTimeSeconds
		}
		*end = now.Add(time.Duration(wait) * time.Second)
	}
	return s.take(q, in, now), q.nextChance(now, *end), nil
}

// waitFor waits for a chance; false means that the caller is gone.
func (s *service) waitFor(ctx context.Context, next chance, end time.Time) bool {
	if next.at.After(end) {
		next.at = end
	}
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-next.arrived:
			cancel()
		case <-waiting.Done():
		}
	}()
	_ = s.env.Clock.Sleep(waiting, next.at.Sub(s.env.Clock.Now()))
	return ctx.Err() == nil
}

func (q *queue) nextChance(now, end time.Time) chance {
	at := end
	for _, m := range q.messages {
		if m.visibleAt.After(now) && m.visibleAt.Before(at) {
			at = m.visibleAt
		}
	}
	return chance{q.arrived, at}
}

// take gives out what is visible, moves what was received too often to the dead-letter queue, and
// hides the rest of a busy group.
func (s *service) take(q *queue, in *receiveInput, now time.Time) []received {
	q.expire(now)
	busy := map[string]bool{}
	var out []received
	var dead []*message
	for _, m := range q.messages {
		if len(out) == *in.MaxNumberOfMessages {
			break
		}
		if m.visibleAt.After(now) {
			busy[m.group] = true
			continue
		}
		if q.fifo && busy[m.group] {
			continue
		}
		if q.exhausted(m) {
			dead = append(dead, m)
			continue
		}
		out = append(out, q.give(m, in, now))
	}
	s.bury(q, dead, now)
	return out
}

func (q *queue) exhausted(m *message) bool {
	policy, ok := redriveOf(q.attributes["RedrivePolicy"])
	return ok && m.received >= policy.count()
}

// give hides a message behind a new receipt handle.
func (q *queue) give(m *message, in *receiveInput, now time.Time) received {
	timeout := q.seconds("VisibilityTimeout")
	if in.VisibilityTimeout != nil {
		timeout = time.Duration(*in.VisibilityTimeout) * time.Second
	}
	if m.received == 0 {
		m.firstAt = now
	}
	m.received++
	m.receipt, m.visibleAt = m.id+"/"+wire.RandomID(""), now.Add(timeout)
	attributes := m.userAttributes(in.MessageAttributeNames)
	return received{
		MessageId: m.id, ReceiptHandle: m.receipt, MD5OfBody: digest(m.body), Body: m.body,
		Attributes:             m.systemAttributes(append(in.AttributeNames, in.MessageSystemAttributeNames...)),
		MD5OfMessageAttributes: attributesDigest(attributes), MessageAttributes: attributes,
	}
}

// bury moves messages to the dead-letter queue, where their age goes on; without one they stay.
func (s *service) bury(q *queue, dead []*message, now time.Time) {
	policy, _ := redriveOf(q.attributes["RedrivePolicy"])
	target, ok := s.queues[policy.DeadLetterTargetArn[strings.LastIndexByte(policy.DeadLetterTargetArn, ':')+1:]]
	if len(dead) == 0 || !ok {
		return
	}
	for _, m := range dead {
		q.remove(m)
		m.receipt, m.visibleAt, m.received, m.source = "", now, 0, q.arn
		target.messages = append(target.messages, m)
	}
	target.wake()
}

func (q *queue) remove(gone *message) {
	kept := make([]*message, 0, len(q.messages))
	for _, m := range q.messages {
		if m != gone {
			kept = append(kept, m)
		}
	}
	q.messages = kept
}
