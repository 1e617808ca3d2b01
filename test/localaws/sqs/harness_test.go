package sqs_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/contract"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type fixture struct {
	*testing.T
	client *sqs.Client
	// server and clock are those of a local AWS in this process; outside they are nil.
	server *localaws.Server
	clock  *wire.ManualClock
	run    string
}

func start(t *testing.T) fixture {
	t.Helper()
	f := fixture{T: t, run: contract.Name()}
	config := contract.Config(t, func() aws.Config {
		f.clock = wire.NewManualClock(time.Now())
		server, err := localaws.New(localaws.Options{Clock: f.clock})
		f.must(err)
		t.Cleanup(func() { server.Close() })
		f.server = server
		return server.Config()
	})
	f.client = sqs.NewFromConfig(config)
	return f
}

// pass lets time go by: the local AWS's own, or real time outside.
func (f fixture) pass(d time.Duration) {
	if f.clock == nil {
		time.Sleep(d)
		return
	}
	f.clock.Advance(d)
}

func (f fixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func (f fixture) wantCode(err error, want, why string) {
	f.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != want {
		f.Errorf("%s: got %v, want %s", why, err, want)
	}
}

// name is that of a queue of this run.
func (f fixture) name(short string) *string { return aws.String(f.run + "-" + short) }

func (f fixture) queue(short string, attributes map[string]string) *string {
	f.Helper()
	out, err := f.client.CreateQueue(f.Context(), &sqs.CreateQueueInput{QueueName: f.name(short), Attributes: attributes})
	f.must(err)
	f.Cleanup(func() {
		_, _ = f.client.DeleteQueue(context.Background(), &sqs.DeleteQueueInput{QueueUrl: out.QueueUrl})
	})
	return out.QueueUrl
}

func (f fixture) arn(url *string) string {
	f.Helper()
	out, err := f.client.GetQueueAttributes(f.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: url, AttributeNames: []types.QueueAttributeName{"QueueArn"},
	})
	f.must(err)
	return out.Attributes["QueueArn"]
}

func (f fixture) send(url *string, body, group, dedup string) *sqs.SendMessageOutput {
	f.Helper()
	in := &sqs.SendMessageInput{QueueUrl: url, MessageBody: &body}
	if group != "" {
		in.MessageGroupId, in.MessageDeduplicationId = &group, &dedup
	}
	out, err := f.client.SendMessage(f.Context(), in)
	f.must(err)
	return out
}

func (f fixture) receive(url *string) []types.Message {
	f.Helper()
	var wait int32
	if contract.Outside() {
		wait = 2 // a short poll asks only some of AWS's servers
	}
	out, err := f.client.ReceiveMessage(f.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: wait,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}, MessageAttributeNames: []string{"All"},
	})
	f.must(err)
	return out.Messages
}

func bodies(messages []types.Message) []string {
	var out []string
	for _, m := range messages {
		out = append(out, *m.Body)
	}
	return out
}

func (f fixture) want(messages []types.Message, why string, want ...string) {
	f.Helper()
	if diff := cmp.Diff(want, bodies(messages)); diff != "" {
		f.Errorf("%s: %s", why, diff)
	}
}
