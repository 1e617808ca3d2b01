package sqs

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"io"
	"sort"
	"strconv"
	"strings"
	"time"
)

type message struct {
	id         string
	body       string
	attributes map[string]attributeValue
	group      string
	dedup      string
	sequence   string
	sender     string
	trace      string
	source     string
	sentAt     time.Time
	firstAt    time.Time
	// visibleAt is when it can be received (again).
	visibleAt time.Time
	receipt   string
	received  int
}

// attributeValue is a message attribute.
type attributeValue struct {
	DataType         string `wire:",required"`
	StringValue      *string
	BinaryValue      []byte
	StringListValues []string
	BinaryListValues [][]byte
}

// inFlight says that it was received and its visibility timeout has not ended.
func (m *message) inFlight(now time.Time) bool { return m.receipt != "" && m.visibleAt.After(now) }

func (q *queue) counts(now time.Time) (visible, hidden, delayed int) {
	for _, m := range q.messages {
		switch {
		case !m.visibleAt.After(now):
			visible++
		case m.received > 0:
			hidden++
		default:
			delayed++
		}
	}
	return visible, hidden, delayed
}

// expire drops messages older than the retention period.
func (q *queue) expire(now time.Time) {
	limit := now.Add(-q.seconds("MessageRetentionPeriod"))
	kept := q.messages[:0]
	for _, m := range q.messages {
		if m.sentAt.After(limit) {
			kept = append(kept, m)
		}
	}
	clear(q.messages[len(kept):])
	q.messages = kept
}

// wake ends the wait of every long poll, which then looks again.
func (q *queue) wake() {
	close(q.arrived)
	q.arrived = make(chan struct{})
}

func digest(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// attributesDigest is SQS's MD5 over message attributes, which the SDK verifies.
func attributesDigest(attributes map[string]attributeValue) string {
	if len(attributes) == 0 {
		return ""
	}
	names := make([]string, 0, len(attributes))
	for name := range attributes {
		names = append(names, name)
	}
	sort.Strings(names)
	h := md5.New()
	for _, name := range names {
		value := attributes[name]
		writePart(h, name)
		writePart(h, value.DataType)
		if value.StringValue != nil {
			h.Write([]byte{1})
			writePart(h, *value.StringValue)
			continue
		}
		h.Write([]byte{2})
		writePart(h, string(value.BinaryValue))
	}
	return hex.EncodeToString(h.Sum(nil))
}

func writePart(h hash.Hash, text string) {
	_ = binary.Write(h, binary.BigEndian, uint32(len(text)))
	_, _ = io.WriteString(h, text)
}

// systemAttributes are those that a receive asks for, by name or "All".
func (m *message) systemAttributes(names []string) map[string]string {
	all := map[string]string{
		"SenderId": m.sender, "SentTimestamp": millis(m.sentAt), "ApproximateReceiveCount": strconv.Itoa(m.received),
		"ApproximateFirstReceiveTimestamp": millis(m.firstAt), "MessageGroupId": m.group, "MessageDeduplicationId": m.dedup,
		"SequenceNumber": m.sequence, "AWSTraceHeader": m.trace, "DeadLetterQueueSourceArn": m.source,
	}
	out := map[string]string{}
	for _, name := range names {
		for key, value := range all {
			if value != "" && (name == "All" || name == key) {
				out[key] = value
			}
		}
	}
	if len(out) == 0 {
		return nil // which is not written
	}
	return out
}

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// userAttributes are the message attributes that a receive asks for: by name, "All", ".*", or a prefix "x.*".
func (m *message) userAttributes(names []string) map[string]attributeValue {
	out := map[string]attributeValue{}
	for _, name := range names {
		prefix, isPrefix := strings.CutSuffix(name, ".*")
		for key, value := range m.attributes {
			if name == "All" || name == key || isPrefix && strings.HasPrefix(key, prefix) {
				out[key] = value
			}
		}
	}
	if len(out) == 0 {
		return nil // which is not written
	}
	return out
}
