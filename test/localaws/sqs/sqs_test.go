package sqs_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/test/localaws/contract"
)

func TestAMessageComesBackUntilItIsDeleted(t *testing.T) {
	f := start(t)
	url := f.queue("orders", map[string]string{"VisibilityTimeout": "10"})
	f.send(url, "one", "", "")
	first := f.receive(url)
	f.want(first, "the message", "one")
	f.want(f.receive(url), "it is hidden")
	f.pass(11 * time.Second)
	second := f.receive(url)
	f.want(second, "its timeout ended", "one")
	if got := second[0].Attributes["ApproximateReceiveCount"]; got != "2" ||
		*first[0].ReceiptHandle == *second[0].ReceiptHandle {
		t.Errorf("it was received %s times", got)
	}
	_, err := f.client.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{
		QueueUrl: url, ReceiptHandle: second[0].ReceiptHandle,
	})
	f.must(err)
	third := f.receive(url)
	f.want(third, "it was given back", "one")
	_, err = f.client.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{
		QueueUrl: url, ReceiptHandle: second[0].ReceiptHandle, VisibilityTimeout: 10,
	})
	f.must(err) // a standard queue takes any handle of a message in flight
	_, err = f.client.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{
		QueueUrl: url, ReceiptHandle: third[0].ReceiptHandle,
	})
	f.must(err)
	f.pass(11 * time.Second)
	f.want(f.receive(url), "it was deleted")
}

func TestWhatWasReceivedTooOftenGoesToTheDeadLetterQueue(t *testing.T) {
	f := start(t)
	dead := f.queue("orders-dlq", nil)
	url := f.queue("orders", map[string]string{
		"VisibilityTimeout": "1", "RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":2}`, f.arn(dead)),
	})
	id := *f.send(url, "poison", "", "").MessageId
	for range 2 {
		f.want(f.receive(url), "within its attempts", "poison")
		f.pass(2 * time.Second)
	}
	f.want(f.receive(url), "its attempts are used up")
	letters := f.receive(dead)
	f.want(letters, "the dead letter", "poison")
	if *letters[0].MessageId != id || letters[0].Attributes["DeadLetterQueueSourceArn"] != f.arn(url) {
		t.Errorf("got %v", letters[0].Attributes)
	}
	_, err := f.client.SetQueueAttributes(t.Context(),
		&sqs.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{
			"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":"%s-absent","maxReceiveCount":2}`, f.arn(dead)),
		}})
	f.wantCode(err, "InvalidParameterValue", "a dead-letter queue that is not there")
}

func TestAFifoQueueKeepsTheOrderOfEachGroup(t *testing.T) {
	contract.Local(t, "six minutes in no time")
	f := start(t)
	url := f.queue("orders.fifo", map[string]string{"FifoQueue": "true", "VisibilityTimeout": "30"})
	f.send(url, "a1", "a", "1")
	f.send(url, "b1", "b", "2")
	got := f.receive(url)
	f.want(got, "both groups", "a1", "b1")
	f.send(url, "a2", "a", "3")
	f.want(f.receive(url), "group a is in flight")
	repeat := f.send(url, "a2 again", "a", "3")
	if *repeat.SequenceNumber == "" {
		t.Error("a repeat has no sequence number")
	}
	_, err := f.client.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{
		QueueUrl: url, ReceiptHandle: got[0].ReceiptHandle,
	})
	f.must(err)
	f.want(f.receive(url), "group a is free, the repeat was not taken", "a2")
	f.clock.Advance(6 * time.Minute)
	f.want(f.receive(url), "timeouts ended: in order again", "b1", "a2")
	_, err = f.client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("x")})
	f.wantCode(err, "MissingParameter", "no group")
}

func TestALongPollEndsWithTheFirstMessage(t *testing.T) {
	f := start(t)
	url := f.queue("orders", nil)
	got := make(chan []types.Message)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		out, err := f.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 20})
		if err != nil {
			t.Error(err)
			out = &sqs.ReceiveMessageOutput{}
		}
		got <- out.Messages
	}()
	f.send(url, "at last", "", "")
	f.want(<-got, "the clock stands still, so only the message can have ended it", "at last")
}

func TestNamesOfQueues(t *testing.T) {
	f := start(t)
	url := f.queue("orders", map[string]string{"VisibilityTimeout": "45"})
	if again := f.queue("orders", map[string]string{"VisibilityTimeout": "45"}); *again != *url {
		t.Errorf("the same attributes answered %s", *again)
	}
	_, err := f.client.CreateQueue(t.Context(), &sqs.CreateQueueInput{
		QueueName: f.name("orders"), Attributes: map[string]string{"VisibilityTimeout": "46"},
	})
	f.wantCode(err, "QueueAlreadyExists", "other attributes")
	_, err = f.client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: f.name("orders.fifo")})
	f.wantCode(err, "InvalidParameterValue", "the suffix without the attribute")
	_, err = f.client.CreateQueue(t.Context(), &sqs.CreateQueueInput{
		QueueName: f.name("odd"), Attributes: map[string]string{"Nonsense": "1"},
	})
	f.wantCode(err, "InvalidAttributeName", "an unknown attribute")
}

func TestANameIsFreeAMinuteAfterItsQueueWasDeleted(t *testing.T) {
	contract.Local(t, "a minute in no time")
	f := start(t)
	url := f.queue("orders", map[string]string{"VisibilityTimeout": "45"})
	_, err := f.client.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: url})
	f.must(err)
	_, err = f.client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: f.name("orders")})
	f.wantCode(err, "AWS.SimpleQueueService.QueueDeletedRecently", "within a minute")
	_, err = f.client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("x")})
	f.wantCode(err, "AWS.SimpleQueueService.NonExistentQueue", "a deleted queue")
	if _, ok := errors.AsType[*types.QueueDoesNotExist](err); !ok {
		t.Errorf("%T is not the SDK's own type", err)
	}
	f.clock.Advance(time.Minute)
	f.queue("orders", nil)
}

func TestABatchAnswersPerEntry(t *testing.T) {
	f := start(t)
	url := f.queue("orders", nil)
	_, err := f.client.SendMessage(t.Context(), &sqs.SendMessageInput{
		QueueUrl: url, MessageBody: aws.String("x"), MessageAttributes: map[string]types.MessageAttributeValue{
			"text":  {DataType: aws.String("String"), StringValue: aws.String("v")},
			"bytes": {DataType: aws.String("Binary"), BinaryValue: []byte{1, 2}},
		},
	})
	f.must(err)
	got := f.receive(url)
	if len(got) != 1 || len(got[0].MessageAttributes) != 2 {
		t.Fatalf("got %v", got)
	}
	entry := func(id string, receipt *string) types.DeleteMessageBatchRequestEntry {
		return types.DeleteMessageBatchRequestEntry{Id: &id, ReceiptHandle: receipt}
	}
	remove := func(entries ...types.DeleteMessageBatchRequestEntry) (*sqs.DeleteMessageBatchOutput, error) {
		return f.client.DeleteMessageBatch(t.Context(), &sqs.DeleteMessageBatchInput{QueueUrl: url, Entries: entries})
	}
	_, err = remove(entry("1", got[0].ReceiptHandle), entry("1", got[0].ReceiptHandle))
	f.wantCode(err, "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", "the same id twice")
	out, err := remove(entry("fine", got[0].ReceiptHandle), entry("none", aws.String("no receipt")))
	f.must(err)
	if len(out.Successful) != 1 || len(out.Failed) != 1 || *out.Failed[0].Id != "none" {
		t.Errorf("got %v and %v", out.Successful, out.Failed)
	}
}

func TestAMessageHasAtMostTheQueuesSize(t *testing.T) {
	f := start(t)
	url := f.queue("orders", map[string]string{"MaximumMessageSize": "1024"})
	_, err := f.client.SendMessage(t.Context(), &sqs.SendMessageInput{
		QueueUrl: url, MessageBody: aws.String(strings.Repeat("x", 1025)),
	})
	f.wantCode(err, "InvalidParameterValue", "a byte too many")
}

func TestAnEmptyReceiveHasNoEffect(t *testing.T) {
	contract.Local(t, "the call log")
	f := start(t)
	url := f.queue("orders", nil)
	mark := f.server.Calls().End()
	f.receive(url)
	f.send(url, "x", "", "")
	f.receive(url)
	if got := f.server.Calls().Since(mark).Effects().Names(); !cmp.Equal(got, []string{
		"sqs:SendMessage", "sqs:ReceiveMessage",
	}) {
		t.Errorf("effects: %v", got)
	}
}
