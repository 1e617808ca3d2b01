// Package sqs is the local AWS's SQS: standard and FIFO queues in memory.
//
// Rules it encodes:
//   - A received message is hidden for its visibility timeout and comes back with a higher receive count and another
//     receipt handle; after maxReceiveCount receives it moves to the dead-letter queue instead, keeping its id.
//   - Long polling ends with the first message, or after WaitTimeSeconds without one.
//   - FIFO: order within a group; while one of its messages is in flight no other of the group is given out, except to
//     the same receive; a repeated deduplication id within five minutes is accepted and not delivered.
//   - CreateQueue with the same attributes answers the same queue, with others QueueNameExists (the JSON
//     protocol's name of it); a name deleted less than 60 s ago is QueueDeletedRecently. A queue that is not
//     there is QueueDoesNotExist.
//   - A batch has 1-10 entries with distinct ids.
//   - Errors carry the query protocol's code as well (x-amzn-query-error), which the SDK shows as the error code.
package sqs

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/model"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// New plugs SQS in.
func New(env *wire.Env) (*wire.Service, error) {
	s := &service{env: env, queues: map[string]*queue{}, deleted: map[string]time.Time{}}
	return &wire.Service{
		Name:     "sqs",
		Protocol: wire.JSON("AmazonSQS"),
		Invalid: func(message string) *wire.Error {
			return wire.Errorf(http.StatusBadRequest, "InvalidParameterValue", "%s", message)
		},
		Violated:   violated,
		Operations: append(s.queueOperations(), s.messageOperations()...),
		Resource:   s.resource,
	}, nil
}

// violated words what the model refuses as SQS does.
func violated(found []model.Violation) *wire.Error {
	first := found[0]
	name := strings.ToUpper(first.Path[:1]) + first.Path[1:]
	switch {
	case first.Missing:
		return failure("MissingRequiredParameterException", "MissingParameter",
			"The request must contain the parameter %s.", name)
	case first.Path == "attributes" || first.Path == "attributeNames":
		return failure("InvalidAttributeName", "InvalidAttributeName", "Unknown Attribute %s.",
			strings.Trim(first.Value, "[]"))
	default:
		return failure("InvalidParameterValueException", "InvalidParameterValue", "%s", model.Message(found))
	}
}

type service struct {
	env     *wire.Env
	mu      sync.Mutex
	queues  map[string]*queue
	deleted map[string]time.Time
}

func (s *service) queueOperations() []wire.Operation {
	return []wire.Operation{
		wire.Write("CreateQueue", s.createQueue),
		wire.Write("DeleteQueue", s.deleteQueue),
		wire.Read("GetQueueUrl", s.getQueueURL),
		wire.Read("ListQueues", s.listQueues),
		wire.Read("GetQueueAttributes", s.getAttributes),
		wire.Write("SetQueueAttributes", s.setAttributes),
		wire.Write("TagQueue", s.tag),
		wire.Write("UntagQueue", s.untag),
		wire.Read("ListQueueTags", s.listTags),
		wire.Read("ListDeadLetterSourceQueues", s.listSources),
	}
}

func (s *service) messageOperations() []wire.Operation {
	return []wire.Operation{
		wire.Write("SendMessage", s.send),
		wire.Write("ReceiveMessage", s.receive),
		wire.Write("DeleteMessage", s.deleteMessage),
		wire.Write("DeleteMessageBatch", s.deleteBatch),
		wire.Write("ChangeMessageVisibility", s.changeVisibility),
	}
}

// resource is the ARN of the queue that an operation names.
func (s *service) resource(_ *wire.Call, in any) string {
	switch named := in.(type) {
	case interface{ queueURL() string }:
		return s.env.ARN("sqs", nameOf(named.queueURL()))
	case *createQueueInput:
		return s.env.ARN("sqs", named.QueueName)
	case *getQueueURLInput:
		return s.env.ARN("sqs", named.QueueName)
	}
	return ""
}

// failure makes an error with the code of the query protocol beside the JSON protocol's.
func failure(code, queryCode, format string, args ...any) *wire.Error {
	e := wire.Errorf(http.StatusBadRequest, "com.amazonaws.sqs#"+code, format, args...)
	if queryCode != "" {
		e.Header = http.Header{"X-Amzn-Query-Error": {queryCode + ";Sender"}}
	}
	return e
}

func doesNotExist() *wire.Error {
	return failure("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
}
