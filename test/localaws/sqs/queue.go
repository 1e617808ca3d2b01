package sqs

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"sort"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type queue struct {
	name     string
	arn      string
	url      string
	fifo     bool
	created  time.Time
	modified time.Time
	// attributes are those that can be set, in their text form.
	attributes map[string]string
	tags       map[string]string
	messages   []*message
	// dedup holds the deduplication ids of the last five minutes with the answer that a repeat gets.
	dedup    map[string]sent
	sequence uint64
	// arrived is closed and replaced when something may be receivable earlier than known.
	arrived chan struct{}
}

// onQueue is the input of every operation on a queue.
type onQueue struct {
	QueueUrl string `wire:",required"`
}

func (in *onQueue) queueURL() string { return in.QueueUrl }

func nameOf(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }

var queueName = regexp.MustCompile(`^[\w-]{1,80}$`)

const (
	deletedRecently = 60 * time.Second
	pageSize        = 1000
)

type createQueueInput struct {
	QueueName  string `wire:",required"`
	Attributes map[string]string
	Tags       map[string]string `wire:"tags"`
}

type queueURLOutput struct{ QueueUrl string }

func (s *service) createQueue(_ context.Context, call *wire.Call, in *createQueueInput) (*queueURLOutput, error) {
	call.On(in.QueueName)
	if err := s.validName(in); err != nil {
		return nil, err
	}
	fifo := in.Attributes["FifoQueue"] == "true"
	attributes, err := settable(in.Attributes, fifo)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if q, exists := s.queues[in.QueueName]; exists {
		call.NoEffect()
		return s.sameQueue(q, attributes)
	}
	now := s.env.Clock.Now()
	if at, ok := s.deleted[in.QueueName]; ok && now.Sub(at) < deletedRecently {
		return nil, failure("QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently",
			"You must wait 60 seconds after deleting a queue before you can create another with the same name.")
	}
	if err := s.validRedrive(attributes["RedrivePolicy"], fifo); err != nil {
		return nil, err
	}
	q := &queue{
		name: in.QueueName, arn: s.env.ARN("sqs", in.QueueName), fifo: fifo, created: now, modified: now,
		attributes: attributes,
		url:        fmt.Sprintf("https://sqs.%s.amazonaws.com/%s/%s", s.env.Region, s.env.AccountID, in.QueueName),
		tags:       maps.Clone(in.Tags), dedup: map[string]sent{}, arrived: make(chan struct{}),
	}
	s.queues[q.name] = q
	return &queueURLOutput{q.url}, nil
}

func (s *service) validName(in *createQueueInput) error {
	base, suffixed := strings.CutSuffix(in.QueueName, ".fifo")
	if !queueName.MatchString(base) || len(in.QueueName) > 80 {
		return failure("InvalidParameterValue", "InvalidParameterValue",
			"Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	if suffixed != (in.Attributes["FifoQueue"] == "true") {
		return failure("InvalidParameterValue", "InvalidParameterValue",
			"The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo "+
				"suffix and be 1 to 80 in length.")
	}
	return nil
}

// sameQueue answers a repeated CreateQueue: every attribute that it names must have the value that the queue has.
func (s *service) sameQueue(q *queue, attributes map[string]string) (*queueURLOutput, error) {
	for name, value := range attributes {
		if q.attribute(name) != value {
			return nil, failure("QueueNameExists", "QueueAlreadyExists",
				"A queue already exists with the same name and a different value for attribute %s", name)
		}
	}
	return &queueURLOutput{q.url}, nil
}

// find is the queue of a URL; callers hold the lock.
func (s *service) find(call *wire.Call, url string) (*queue, error) {
	name := nameOf(url)
	call.On(name)
	q, ok := s.queues[name]
	// SQS takes the bare name of a queue of the caller's account as well.
	if !ok || url != name && !strings.HasSuffix(url, "/"+s.env.AccountID+"/"+name) {
		return nil, doesNotExist()
	}
	return q, nil
}

func (s *service) deleteQueue(_ context.Context, call *wire.Call, in *onQueue) (*wire.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(call, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	delete(s.queues, q.name)
	s.deleted[q.name] = s.env.Clock.Now()
	q.wake()
	return nil, nil
}

type getQueueURLInput struct {
	QueueName              string `wire:",required"`
	QueueOwnerAWSAccountId string
}

func (s *service) getQueueURL(_ context.Context, call *wire.Call, in *getQueueURLInput) (*queueURLOutput, error) {
	call.On(in.QueueName)
	s.mu.Lock()
	defer s.mu.Unlock()
	q, ok := s.queues[in.QueueName]
	if !ok || in.QueueOwnerAWSAccountId != "" && in.QueueOwnerAWSAccountId != s.env.AccountID {
		return nil, doesNotExist()
	}
	return &queueURLOutput{q.url}, nil
}

type listQueuesInput struct {
	QueueNamePrefix string
	MaxResults      int
	NextToken       string
}

type listQueuesOutput struct {
	QueueUrls []string
	NextToken string
}

func (s *service) listQueues(_ context.Context, _ *wire.Call, in *listQueuesInput) (*listQueuesOutput, error) {
	limit := in.MaxResults
	if limit <= 0 || limit > pageSize {
		limit = pageSize
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for name := range s.queues {
		if strings.HasPrefix(name, in.QueueNamePrefix) && name > in.NextToken {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	out := &listQueuesOutput{}
	if len(names) > limit && in.MaxResults > 0 {
		out.NextToken = names[limit-1]
	}
	for _, name := range names[:min(limit, len(names))] {
		out.QueueUrls = append(out.QueueUrls, s.queues[name].url)
	}
	return out, nil
}
