package lambda

import (
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	sdksqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/test/localaws/sqs"
)

// queues is a queue and what is sent to it.
type queues struct {
	*sdksqs.Client
	l   *local
	url string
	arn string
}

func (l *local) queue(name string, attributes map[string]string) *queues {
	l.t.Helper()
	q := &queues{Client: sdksqs.NewFromConfig(l.admin()), l: l, arn: "arn:aws:sqs:" + region + ":" + account + ":" + name}
	out, err := q.CreateQueue(l.t.Context(), &sdksqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		l.t.Fatal(err)
	}
	q.url = *out.QueueUrl
	return q
}

func (q *queues) send(bodies ...string) {
	q.l.t.Helper()
	for _, body := range bodies {
		if _, err := q.SendMessage(q.l.t.Context(), &sdksqs.SendMessageInput{
			QueueUrl: &q.url, MessageBody: &body,
		}); err != nil {
			q.l.t.Fatal(err)
		}
	}
}

// counts are the messages that wait and those that are hidden.
func (q *queues) counts() (visible, hidden int) {
	q.l.t.Helper()
	out, err := q.GetQueueAttributes(q.l.t.Context(), &sdksqs.GetQueueAttributesInput{
		QueueUrl: &q.url, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll},
	})
	if err != nil {
		q.l.t.Fatal(err)
	}
	visible, _ = strconv.Atoi(out.Attributes["ApproximateNumberOfMessages"])
	hidden, _ = strconv.Atoi(out.Attributes["ApproximateNumberOfMessagesNotVisible"])
	return visible, hidden
}

func (l *local) mapQueue(
	source, function string, change func(*sdk.CreateEventSourceMappingInput),
) (*sdk.CreateEventSourceMappingOutput, error) {
	in := &sdk.CreateEventSourceMappingInput{EventSourceArn: &source, FunctionName: &function,
		FunctionResponseTypes: []types.FunctionResponseType{types.FunctionResponseTypeReportBatchItemFailures}}
	if change != nil {
		change(in)
	}
	return l.CreateEventSourceMapping(l.t.Context(), in)
}

// mappingState waits until no change is under way.
func (l *local) mappingState(id string) string {
	l.t.Helper()
	for {
		out, err := l.GetEventSourceMapping(l.t.Context(), &sdk.GetEventSourceMappingInput{UUID: &id})
		if err != nil {
			l.t.Fatal(err)
		}
		if *out.State == mappingEnabled || *out.State == mappingDisabled {
			return *out.State
		}
	}
}

func TestAMappingBringsMessagesToTheAliasAndDeletesWhatSucceeded(t *testing.T) {
	seen := &journal{}
	l := start(t, nil, sqs.New, seen.plug)
	l.create("f", nil)
	version := l.publish("f")
	l.alias("f", "live", version)
	q := l.queue("jobs", map[string]string{"VisibilityTimeout": "600"})
	created, err := l.mapQueue(q.arn, "f:live", func(in *sdk.CreateEventSourceMappingInput) {
		in.ScalingConfig = &types.ScalingConfig{MaximumConcurrency: aws.Int32(2)}
	})
	if err != nil {
		t.Fatal(err)
	}
	if *created.State != mappingCreating || !strings.HasSuffix(*created.FunctionArn, ":function:f:live") {
		t.Errorf("the mapping is %s on %s", *created.State, *created.FunctionArn)
	}
	if state := l.mappingState(*created.UUID); state != mappingEnabled {
		t.Errorf("the mapping settled as %s", state)
	}
	q.send("one", "fail two", "three")
	waitFor(func() bool {
		visible, hidden := q.counts()
		return visible == 0 && hidden == 1 && seen.count("record ") >= 3
	})
	for _, r := range l.env.Gateway.Calls.Snapshot().Operation("sqs:ReceiveMessage") {
		if r.Principal.RoleARN != role {
			t.Errorf("the queue was read by %s, want the function's role", r.Principal.Name())
		}
	}
}

func TestAMappingFollowsTheAliasAndItsOwnChanges(t *testing.T) {
	seen := &journal{}
	l := start(t, nil, sqs.New, seen.plug)
	l.create("f", nil)
	l.alias("f", "live", l.publish("f"))
	l.create("g", nil)
	q := l.queue("jobs", map[string]string{"VisibilityTimeout": "600"})
	created, err := l.mapQueue(q.arn, "f:live", nil)
	if err != nil {
		t.Fatal(err)
	}
	id := created.UUID
	l.mappingState(*id)
	l.configure("f", "two")
	second := l.publish("f")
	if _, err := l.UpdateAlias(t.Context(), &sdk.UpdateAliasInput{
		FunctionName: aws.String("f"), Name: aws.String("live"), FunctionVersion: &second,
	}); err != nil {
		t.Fatal(err)
	}
	q.send("one")
	waitFor(func() bool { visible, hidden := q.counts(); return visible+hidden == 0 })
	waitFor(func() bool { return seen.count("START") == 1 })
	if !strings.HasSuffix(seen.first("START"), "Version: "+second) {
		t.Errorf("the message went to %q, want version %s", seen.first("START"), second)
	}
	updated, err := l.UpdateEventSourceMapping(t.Context(), &sdk.UpdateEventSourceMappingInput{
		UUID: id, Enabled: aws.Bool(false),
	})
	if err != nil || *updated.State != mappingDisabling {
		t.Fatalf("disabling answers %v (%v)", updated, err)
	}
	if state := l.mappingState(*id); state != mappingDisabled {
		t.Errorf("the mapping settled as %s", state)
	}
	q.send("two")
	if visible, _ := q.counts(); visible != 1 {
		t.Errorf("a disabled mapping left %d messages, want 1", visible)
	}
	if _, err := l.UpdateEventSourceMapping(t.Context(), &sdk.UpdateEventSourceMappingInput{
		UUID: id, Enabled: aws.Bool(true), FunctionName: aws.String("g"),
	}); err != nil {
		t.Fatal(err)
	}
	waitFor(func() bool { visible, hidden := q.counts(); return visible+hidden == 0 })
	if _, err := l.DeleteEventSourceMapping(t.Context(), &sdk.DeleteEventSourceMappingInput{UUID: id}); err != nil {
		t.Fatal(err)
	}
	waitFor(func() bool {
		_, err := l.GetEventSourceMapping(t.Context(), &sdk.GetEventSourceMappingInput{UUID: id})
		return err != nil
	})
	q.send("three")
	if visible, _ := q.counts(); visible != 1 {
		t.Errorf("a deleted mapping left %d messages, want 1", visible)
	}
}

func TestMappingsHoldLambdasRules(t *testing.T) {
	l := start(t, map[string]string{"lambda.mapping": "1h"}, sqs.New)
	l.create("f", func(in *sdk.CreateFunctionInput) { in.Timeout = aws.Int32(60) })
	short := l.queue("short", map[string]string{"VisibilityTimeout": "30"})
	q := l.queue("jobs", map[string]string{"VisibilityTimeout": "600"})
	for _, tc := range []struct {
		reason, source, function string
		change                   func(*sdk.CreateEventSourceMappingInput)
		code, message            string
	}{
		{"an absent function", q.arn, "absent", nil, "ResourceNotFoundException", "Function not found"},
		{"an absent alias", q.arn, "f:live", nil, "ResourceNotFoundException", "f:live"},
		{"an absent queue", q.arn + "-absent", "f", nil, "InvalidParameterValueException", "SQS Error Code: "},
		{"messages that come back too early", short.arn, "f", nil, "InvalidParameterValueException",
			"Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds"},
		{"a stream", "arn:aws:kinesis:" + region + ":" + account + ":stream/s", "f", nil, "InvalidParameterValueException",
			"Unrecognized event source"},
		{"concurrency of one", q.arn, "f", func(in *sdk.CreateEventSourceMappingInput) {
			in.ScalingConfig = &types.ScalingConfig{MaximumConcurrency: aws.Int32(1)}
		}, "ValidationException", "maximumConcurrency"},
		{"a large batch without a window", q.arn, "f",
			func(in *sdk.CreateEventSourceMappingInput) {
				in.BatchSize = aws.Int32(11)
			}, "InvalidParameterValueException", "Maximum batch window"},
	} {
		_, err := l.mapQueue(tc.source, tc.function, tc.change)
		refused(t, tc.reason, err, tc.code, tc.message)
	}
	created, err := l.mapQueue(q.arn, "f", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.mapQueue(q.arn, "f", nil)
	refused(t, "the same queue and function again", err, "ResourceConflictException",
		"already exists. Please update or delete the existing mapping with UUID "+*created.UUID)
	_, err = l.UpdateEventSourceMapping(t.Context(), &sdk.UpdateEventSourceMappingInput{
		UUID: created.UUID, BatchSize: aws.Int32(5),
	})
	refused(t, "updating while it is made", err, "ResourceInUseException", "in use")
	_, err = l.DeleteEventSourceMapping(t.Context(), &sdk.DeleteEventSourceMappingInput{UUID: created.UUID})
	refused(t, "deleting while it is made", err, "ResourceInUseException", "in use")
	list, err := l.ListEventSourceMappings(t.Context(), &sdk.ListEventSourceMappingsInput{EventSourceArn: &q.arn})
	if err != nil || len(list.EventSourceMappings) != 1 {
		t.Errorf("the queue's mappings are %v (%v)", list, err)
	}
}

func TestBatchFailuresAreReadStrictly(t *testing.T) {
	messages := []sqstypes.Message{{MessageId: aws.String("a")}, {MessageId: aws.String("b")}}
	for _, tc := range []struct{ reason, answer, done string }{
		{"an empty list is a success", `{"batchItemFailures":[]}`, "a b"},
		{"no list is a success", `{}`, "a b"},
		{"null is a success", `null`, "a b"},
		{"nothing is a success", ``, "a b"},
		{"a named message failed", `{"batchItemFailures":[{"itemIdentifier":"a"}]}`, "b"},
		{"an unknown message fails the batch", `{"batchItemFailures":[{"itemIdentifier":"c"}]}`, ""},
		{"an empty name fails the batch", `{"batchItemFailures":[{"itemIdentifier":""}]}`, ""},
		{"another key fails the batch", `{"batchItemFailures":[{"id":"a"}]}`, ""},
		{"what is no object fails the batch", `"fine"`, ""},
	} {
		var done []string
		for _, m := range succeeded(messages, []byte(tc.answer)) {
			done = append(done, *m.MessageId)
		}
		if diff := cmp.Diff(tc.done, strings.Join(done, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
		}
	}
}
