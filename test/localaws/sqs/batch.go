package sqs

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

var entryID = regexp.MustCompile(`^[\w-]{1,80}$`)

// validBatch checks the ids of a batch.
func validBatch(ids []string) error {
	const prefix = "AWS.SimpleQueueService."
	if len(ids) == 0 {
		return failure("EmptyBatchRequest", prefix+"EmptyBatchRequest", "There should be at least one DeleteMessageBatchRequestEntry in the request.")
	}
	if len(ids) > maxBatch {
		return failure("TooManyEntriesInBatchRequest", prefix+"TooManyEntriesInBatchRequest",
			"Maximum number of entries per request are %d. You have sent %d.", maxBatch, len(ids))
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if !entryID.MatchString(id) {
			return failure("InvalidBatchEntryId", prefix+"InvalidBatchEntryId",
				"A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 "+
					"letters long.")
		}
		if seen[id] {
			return failure("BatchEntryIdsNotDistinct", prefix+"BatchEntryIdsNotDistinct", "Id %s repeated.", id)
		}
		seen[id] = true
	}
	return nil
}

// failedEntry is an entry of a batch that was refused.
type failedEntry struct {
	Id          string
	Code        string
	Message     string
	SenderFault bool
}

// refused is the entry of a batch that failed with an error.
func refused(id string, err error) failedEntry {
	out := failedEntry{Id: id, Code: "InternalError", Message: err.Error(), SenderFault: true}
	if e := new(wire.Error); errors.As(err, &e) {
		out.Code, out.Message = e.Code[strings.IndexByte(e.Code, '#')+1:], e.Message
	}
	return out
}

type receiptEntry struct {
	Id            string `wire:",required"`
	ReceiptHandle string `wire:",required"`
}

type receiptBatchInput struct {
	onQueue
	Entries []receiptEntry `wire:",required"`
}

type doneEntry struct{ Id string }

type receiptBatchOutput struct {
	Successful []doneEntry   `wire:",required"`
	Failed     []failedEntry `wire:",required"`
}

func (s *service) deleteBatch(_ context.Context, call *wire.Call, in *receiptBatchInput) (*receiptBatchOutput, error) {
	ids := make([]string, len(in.Entries))
	for i, e := range in.Entries {
		ids[i] = e.Id
	}
	if err := validBatch(ids); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(call, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	out := &receiptBatchOutput{Successful: []doneEntry{}, Failed: []failedEntry{}}
	for _, e := range in.Entries {
		if _, err := s.drop(q, e.ReceiptHandle); err != nil {
			out.Failed = append(out.Failed, refused(e.Id, err))
			continue
		}
		out.Successful = append(out.Successful, doneEntry{e.Id})
	}
	return out, nil
}
