package sqs

import (
	"encoding/json"
	"strconv"
	"strings"
)

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
