package lambda

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/aloft-dev/aloft/test/localaws/lambda/environment"
)

const (
	// pollers is how many batches of a mapping without a limit run at once: where AWS begins, too.
	pollers = 5
	// receiveWait is the long poll, in seconds.
	receiveWait = 20
	// maxReceive is the most messages of one ReceiveMessage call.
	maxReceive = 10
	// pause is the wait after a poll that failed.
	pause = time.Second
)

// checkSource holds that the target exists, that its role may read the queue, and that messages stay hidden as
// long as the function may run.
func (l *Lambda) checkSource(ctx context.Context, m *mapping) error {
	config, timeout, err := l.target(m.target)
	if err != nil {
		return err
	}
	client := sqs.NewFromConfig(config)
	url, err := l.queueURL(ctx, client, m.source)
	if err != nil {
		return sourceError(err)
	}
	out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url,
		AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameVisibilityTimeout}})
	if err != nil {
		return sourceError(err)
	}
	hidden, err := strconv.Atoi(out.Attributes[string(types.QueueAttributeNameVisibilityTimeout)])
	if err == nil && hidden < timeout {
		return invalidValue(fmt.Sprintf("Queue visibility timeout: %d seconds is less than Function timeout: %d seconds",
			hidden, timeout))
	}
	return nil
}

// target is the role's configuration and the timeout, in seconds, of what a mapping invokes.
func (l *Lambda) target(ref reference) (aws.Config, int, error) {
	l.mu.Lock()
	f, err := l.find(ref)
	if err != nil {
		l.mu.Unlock()
		return aws.Config{}, 0, err
	}
	v := f.version(ref.qualifier)
	if v == nil {
		l.mu.Unlock()
		return aws.Config{}, 0, noFunction(l.arn(ref.String()))
	}
	role, timeout := v.role, v.timeout
	l.mu.Unlock()
	config, err := l.env.RoleConfig(service, role, ref.name)
	return config, timeout, err
}

func (l *Lambda) queueURL(ctx context.Context, client *sqs.Client, arn string) (string, error) {
	name := queueName(arn)
	out, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.QueueUrl), nil
}

func sourceError(err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return fmt.Errorf("looking at the queue: %w", err)
	}
	if api.ErrorCode() == "AccessDenied" || api.ErrorCode() == "AccessDeniedException" {
		return invalidValue("The provided execution role does not have permissions to call ReceiveMessage on SQS")
	}
	return invalidValue("Error occurred while ReceiveMessage. SQS Error Code: " + api.ErrorCode() +
		". SQS Error Message: " + api.ErrorMessage())
}

// poll starts a mapping's poller; callers hold the lock.
func (l *Lambda) poll(m *mapping) {
	ctx, stop := context.WithCancel(l.background)
	m.stop = stop
	p := &poller{lambda: l, mapping: m, source: m.source, target: m.target, reading: m.reading}
	places := pollers
	set(&places, m.concurrency)
	p.places = make(chan struct{}, places)
	l.later(func(context.Context) { p.run(ctx) })
}

// poller reads one queue as the function's role and hands batches to the function, as many at once as it has places.
type poller struct {
	lambda  *Lambda
	mapping *mapping
	source  string
	target  reference
	reading
	places chan struct{}

	// client and url are kept until a call fails.
	client *sqs.Client
	url    string
}

func (p *poller) run(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case p.places <- struct{}{}:
		case <-ctx.Done():
			return
		}
		messages, err := p.receive(ctx)
		if err != nil || len(messages) == 0 {
			<-p.places
			p.failed(ctx, err)
			continue
		}
		client, url := p.client, p.url
		p.lambda.later(func(ctx context.Context) {
			defer func() { <-p.places }()
			p.handle(ctx, client, url, messages)
		})
	}
}

// failed waits a while after a poll that could not be done.
func (p *poller) failed(ctx context.Context, err error) {
	if err == nil || ctx.Err() != nil {
		return
	}
	p.client = nil
	p.note("PROBLEM: " + err.Error())
	_ = p.lambda.env.Clock.Sleep(ctx, pause)
}

// connect finds the queue as the role of the function.
func (p *poller) connect(ctx context.Context) error {
	config, _, err := p.lambda.target(p.target)
	if err != nil {
		return err
	}
	client := sqs.NewFromConfig(config)
	if p.url, err = p.lambda.queueURL(ctx, client, p.source); err != nil {
		return err
	}
	p.client = client
	return nil
}

// receive waits for a batch: until it is full, or the window is over.
func (p *poller) receive(ctx context.Context) ([]types.Message, error) {
	if p.client == nil {
		if err := p.connect(ctx); err != nil {
			return nil, err
		}
	}
	var batch []types.Message
	wait, until := receiveWait, time.Time{}
	for len(batch) < p.batch {
		out, err := p.client.ReceiveMessage(ctx,
			&sqs.ReceiveMessageInput{QueueUrl: &p.url, MaxNumberOfMessages: int32(min(maxReceive, p.batch-len(batch))),
				WaitTimeSeconds: int32(wait), MessageAttributeNames: []string{"All"},
				MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}})
		if err != nil {
			return nil, err
		}
		batch = append(batch, out.Messages...)
		if len(batch) == 0 || p.window == 0 {
			break
		}
		now := p.lambda.env.Clock.Now()
		if until.IsZero() {
			until = now.Add(seconds(p.window))
		}
		if wait = int(min(until.Sub(now), receiveWait*time.Second) / time.Second); wait <= 0 {
			break
		}
	}
	return batch, nil
}

// handle invokes the function and deletes what it did not fail on. What it failed on comes back when its
// visibility timeout is over.
func (p *poller) handle(ctx context.Context, client *sqs.Client, url string, messages []types.Message) {
	payload, err := p.event(messages)
	if err != nil {
		p.note("PROBLEM: " + err.Error())
		return
	}
	result, _, err := p.lambda.run(p.target, environment.Invocation{RequestID: newID(), Payload: payload})
	if err != nil {
		p.note("PROBLEM: " + err.Error())
		return
	}
	if result.Failed {
		p.note("PROBLEM: Function call failed")
		return
	}
	done := messages
	if p.reports() {
		done = succeeded(messages, result.Payload)
	}
	if err := remove(ctx, client, url, done); err != nil {
		p.note("PROBLEM: " + err.Error())
		return
	}
	p.note("OK")
}

func (p *poller) note(result string) {
	p.lambda.mu.Lock()
	defer p.lambda.mu.Unlock()
	p.mapping.result = result
}

func remove(ctx context.Context, client *sqs.Client, url string, done []types.Message) error {
	for len(done) > 0 {
		n := min(len(done), maxReceive)
		var entries []types.DeleteMessageBatchRequestEntry
		for i, message := range done[:n] {
			entries = append(entries, types.DeleteMessageBatchRequestEntry{
				Id: aws.String(strconv.Itoa(i)), ReceiptHandle: message.ReceiptHandle,
			})
		}
		if _, err := client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{
			QueueUrl: &url, Entries: entries,
		}); err != nil {
			return fmt.Errorf("deleting the messages: %w", err)
		}
		done = done[n:]
	}
	return nil
}
