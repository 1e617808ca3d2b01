package sqs

import (
	"context"
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/policy"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// bound is the range of a numeric attribute and its default.
type bound struct{ low, high, standard int }

var numeric = map[string]bound{
	"VisibilityTimeout":             {0, 43200, 30},
	"DelaySeconds":                  {0, 900, 0},
	"MaximumMessageSize":            {1024, 1048576, 1048576},
	"MessageRetentionPeriod":        {60, 1209600, 345600},
	"ReceiveMessageWaitTimeSeconds": {0, 20, 0},
	"KmsDataKeyReusePeriodSeconds":  {60, 86400, 300},
}

// textual are the other attributes that can be set, with their defaults; FIFO queues alone have those of fifoOnly.
var textual = map[string]string{"RedrivePolicy": "", "RedriveAllowPolicy": "", "Policy": "", "KmsMasterKeyId": "",
	"SqsManagedSseEnabled": "true"}

var fifoOnly = map[string]string{"ContentBasedDeduplication": "false", "DeduplicationScope": "queue",
	"FifoThroughputLimit": "perQueue"}

// settable checks attributes and returns them in the form in which they are kept.
func settable(in map[string]string, fifo bool) (map[string]string, error) {
	out := map[string]string{}
	for name, value := range in {
		if name == "FifoQueue" {
			continue
		}
		if err := valid(name, value, fifo); err != nil {
			return nil, err
		}
		if name == "RedrivePolicy" {
			value = countAsNumber(value)
		}
		out[name] = value
	}
	if out["KmsMasterKeyId"] != "" && out["SqsManagedSseEnabled"] == "true" {
		return nil, failure("InvalidAttributeValue", "InvalidAttributeValue", "You can use one type of server-side "+
			"encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.")
	}
	return out, nil
}

func valid(name, value string, fifo bool) error {
	if limit, ok := numeric[name]; ok {
		return limit.check(name, value)
	}
	if standard, ok := fifoOnly[name]; ok {
		if !fifo && value != standard {
			return failure("InvalidAttributeName", "InvalidAttributeName", "Unknown Attribute %s.", name)
		}
		return nil
	}
	if _, ok := textual[name]; !ok {
		return failure("InvalidAttributeName", "InvalidAttributeName", "Unknown Attribute %s.", name)
	}
	if name == "SqsManagedSseEnabled" && value != "true" && value != "false" {
		return badAttribute(name)
	}
	if name == "Policy" && value != "" {
		if _, err := policy.Parse(policy.OfQueue, value); err != nil {
			return badAttribute(name)
		}
	}
	return nil
}

func (b bound) check(name, value string) error {
	if n, err := strconv.Atoi(value); err != nil || n < b.low || n > b.high {
		return badAttribute(name)
	}
	return nil
}

func badAttribute(name string) error {
	return failure("InvalidAttributeValue", "InvalidAttributeValue", "Invalid value for the parameter %s.", name)
}

// attribute is the value of one that can be set.
func (q *queue) attribute(name string) string {
	if value, ok := q.attributes[name]; ok {
		return value
	}
	if name == "SqsManagedSseEnabled" && q.attributes["KmsMasterKeyId"] != "" {
		return "false"
	}
	if limit, ok := numeric[name]; ok {
		return strconv.Itoa(limit.standard)
	}
	if value, ok := fifoOnly[name]; ok {
		return value
	}
	return textual[name]
}

func (q *queue) number(name string) int {
	n, _ := strconv.Atoi(q.attribute(name))
	return n
}

func (q *queue) seconds(name string) time.Duration {
	return time.Duration(q.number(name)) * time.Second
}

// redrive is a RedrivePolicy; the count may be written as a number or a text.
type redrive struct {
	DeadLetterTargetArn string      `json:"deadLetterTargetArn"`
	MaxReceiveCount     json.Number `json:"maxReceiveCount"`
}

func (r redrive) count() int {
	n, _ := strconv.Atoi(r.MaxReceiveCount.String())
	return n
}

func redriveOf(text string) (redrive, bool) {
	var r redrive
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if text == "" || d.Decode(&r) != nil {
		return redrive{}, false
	}
	return r, true
}

// countAsNumber writes a policy whose count is a text with a number, as SQS gives it back.
func countAsNumber(text string) string {
	r, ok := redriveOf(text)
	if !ok || !strings.Contains(text, `"`+r.MaxReceiveCount.String()+`"`) {
		return text
	}
	written, err := json.Marshal(r)
	if err != nil {
		return text
	}
	return string(written)
}

// validRedrive wants an existing dead-letter queue of the same kind; callers hold the lock.
func (s *service) validRedrive(text string, fifo bool) error {
	if text == "" {
		return nil
	}
	r, ok := redriveOf(text)
	if !ok || r.count() < 1 || r.count() > 1000 {
		return failure("InvalidParameterValue", "InvalidParameterValue",
			"Value %s for parameter RedrivePolicy is invalid. Reason: Invalid value for maxReceiveCount: must be an integer "+
				"between 1 and 1000.", text)
	}
	target, ok := s.queues[r.DeadLetterTargetArn[strings.LastIndexByte(r.DeadLetterTargetArn, ':')+1:]]
	if !ok || target.arn != r.DeadLetterTargetArn {
		return failure("InvalidParameterValue", "InvalidParameterValue",
			"Value %s for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.", text)
	}
	if target.fifo != fifo {
		return failure("InvalidParameterValue", "InvalidParameterValue",
			"Value %s for parameter RedrivePolicy is invalid. Reason: Dead-letter queue must be same type of queue as the "+
				"source.", text)
	}
	return nil
}

type setAttributesInput struct {
	onQueue
	Attributes map[string]string `wire:",required"`
}

func (s *service) setAttributes(_ context.Context, call *wire.Call, in *setAttributesInput) (*wire.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(call, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	attributes, err := settable(in.Attributes, q.fifo)
	if err != nil {
		return nil, err
	}
	if err := s.validRedrive(attributes["RedrivePolicy"], q.fifo); err != nil {
		return nil, err
	}
	maps.Copy(q.attributes, attributes)
	q.modified = s.env.Clock.Now()
	q.wake()
	return nil, nil
}

type getAttributesInput struct {
	onQueue
	AttributeNames []string
}

type getAttributesOutput struct{ Attributes map[string]string }

func (s *service) getAttributes(
	_ context.Context, call *wire.Call, in *getAttributesInput,
) (*getAttributesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(call, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	all := q.allAttributes(s.env.Clock.Now())
	out := &getAttributesOutput{Attributes: map[string]string{}}
	for _, name := range in.AttributeNames {
		if name == "All" {
			return &getAttributesOutput{Attributes: all}, nil
		}
		value, set := all[name]
		if _, known := textual[name]; !set && !known && fifoOnly[name] == "" && name != "FifoQueue" {
			return nil, failure("InvalidAttributeName", "InvalidAttributeName", "Unknown Attribute %s.", name)
		}
		if set {
			out.Attributes[name] = value
		}
	}
	return out, nil
}

func (q *queue) allAttributes(now time.Time) map[string]string {
	visible, hidden, delayed := q.counts(now)
	all := map[string]string{
		"QueueArn": q.arn, "CreatedTimestamp": strconv.FormatInt(q.created.Unix(), 10),
		"LastModifiedTimestamp":       strconv.FormatInt(q.modified.Unix(), 10),
		"ApproximateNumberOfMessages": strconv.Itoa(visible), "ApproximateNumberOfMessagesNotVisible": strconv.Itoa(hidden),
		"ApproximateNumberOfMessagesDelayed": strconv.Itoa(delayed),
	}
	for name := range numeric {
		if name != "KmsDataKeyReusePeriodSeconds" || q.attribute("KmsMasterKeyId") != "" {
			all[name] = q.attribute(name)
		}
	}
	for name := range textual {
		if value := q.attribute(name); value != "" {
			all[name] = value
		}
	}
	if q.fifo {
		all["FifoQueue"] = "true"
		for name := range fifoOnly {
			all[name] = q.attribute(name)
		}
	}
	return all
}
