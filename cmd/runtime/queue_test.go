package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
)

// message is a record of an SQS event.
type message struct {
	id, body, queue, group, receipt string
	attributes                      map[string]string
}

func batch(messages ...message) string {
	var records []map[string]any
	for _, m := range messages {
		if m.queue == "" {
			m.queue = "default-demo"
		}
		attributes := map[string]any{}
		for name, value := range m.attributes {
			attributes[name] = map[string]string{"stringValue": value, "dataType": "String"}
		}
		records = append(records, map[string]any{
			"messageId": m.id, "receiptHandle": m.receipt, "body": m.body, "messageAttributes": attributes,
			"attributes":     map[string]string{"ApproximateReceiveCount": "2", "MessageGroupId": m.group},
			"eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:" + m.queue,
		})
	}
	raw, err := json.Marshal(map[string]any{"Records": records})
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func startWorker(t *testing.T) *running {
	argv, err := json.Marshal([]string{appPath(t), "work"})
	if err != nil {
		t.Fatal(err)
	}
	return start(t, map[string]string{
		"ALOFT_ROLE": "queue", "ALOFT_HTTP_PORT": "", "ALOFT_QUEUE_COMMAND": string(argv), "SQS_SUFFIX": "-demo",
	})
}

// failed are the messages that SQS shall deliver again.
func failed(t *testing.T, got answer) []string {
	t.Helper()
	if got.kind != "response" {
		t.Fatalf("the invocation failed: %s", got.body)
	}
	reply := decode[struct {
		BatchItemFailures []struct{ ItemIdentifier string }
	}](t, got.body)
	if reply.BatchItemFailures == nil {
		t.Fatalf("no list of failures in %s", got.body)
	}
	ids := []string{}
	for _, failure := range reply.BatchItemFailures {
		ids = append(ids, failure.ItemIdentifier)
	}
	return ids
}

func TestWorkerGetsEachMessageAndFailuresAreReportedOneByOne(t *testing.T) {
	f := startWorker(t)
	got := failed(t, f.invoke(t, batch(
		message{id: "m1", body: `{"job":1}`, attributes: map[string]string{"trace-id": "t1"}},
		message{id: "m2", body: "fail"},
		message{id: "m3", body: "third", queue: "orders-demo.fifo", group: "g"},
	), 20*time.Second))
	if want := []string{"m2"}; !cmp.Equal(want, got) {
		t.Errorf("failed: %v, want %v", got, want)
	}
	if diff := cmp.Diff(
		[]string{`{"job":1} m1 default 2 t1`, "fail m2 default 2 ", "third m3 orders 2 "}, f.noted(t),
	); diff != "" {
		t.Errorf("the worker got something else:\n%s", diff)
	}
}

func TestSuccessIsAnEmptyList(t *testing.T) {
	f := startWorker(t)
	if got := f.invoke(t, batch(message{id: "m1", body: "x"}), 20*time.Second); got.body != `{"batchItemFailures":[]}` {
		t.Errorf("got %s", got.body)
	}
}

func TestNothingOfAFifoGroupIsHandledAfterItsFirstFailure(t *testing.T) {
	f := startWorker(t)
	const fifo = "orders-demo.fifo"
	got := failed(t, f.invoke(t, batch(
		message{id: "a1", body: "fail", queue: fifo, group: "a"},
		message{id: "b1", body: "b1", queue: fifo, group: "b"},
		message{id: "a2", body: "a2", queue: fifo, group: "a"}, message{id: "b2", body: "b2", queue: fifo, group: "b"},
	), 20*time.Second))
	if want := []string{"a1", "a2"}; !cmp.Equal(want, got) {
		t.Errorf("failed: %v, want %v", got, want)
	}
	if strings.Contains(strings.Join(f.noted(t), "\n"), "a2") {
		t.Error("a message was handled out of order")
	}
}

func TestMessagesForWhichTheTimeIsOverAreDeliveredAgain(t *testing.T) {
	f := startWorker(t)
	got := failed(t, f.invoke(t, batch(
		message{id: "m1", body: "one"}, message{id: "m2", body: "hang"}, message{id: "m3", body: "three"},
	), 4*time.Second))
	if want := []string{"m2", "m3"}; !cmp.Equal(want, got) {
		t.Errorf("failed: %v, want %v", got, want)
	}
	if notes := f.noted(t); len(notes) != 2 {
		t.Errorf("handled: %v", notes)
	}
}

func TestWorkerMayBeAPathOfTheApplication(t *testing.T) {
	f := start(t, map[string]string{"ALOFT_ROLE": "queue", "ALOFT_QUEUE_HTTP_PATH": "/work", "SQS_SUFFIX": "-demo",
		"ASSET_URL": "https://shop.example/_aloft/assets/v1"})
	got := failed(t, f.invoke(t, batch(
		message{id: "m1", body: "one"}, message{id: "m2", body: "fail"}, message{id: "m3", body: "three"},
	), 20*time.Second))
	if want := []string{"m2"}; !cmp.Equal(want, got) {
		t.Errorf("failed: %v, want %v", got, want)
	}
	if diff := cmp.Diff(
		[]string{
			"POST one m1 default shop.example https", "POST fail m2 default shop.example https",
			"POST three m3 default shop.example https",
		}, f.noted(t),
	); diff != "" {
		t.Errorf("the application got something else:\n%s", diff)
	}
}

func TestWorkerWithoutWorkIsAnInitError(t *testing.T) {
	for name, environment := range map[string]map[string]string{
		"nothing to do":   {"ALOFT_ROLE": "queue"},
		"broken command":  {"ALOFT_ROLE": "queue", "ALOFT_QUEUE_COMMAND": "work"},
		"broken back-off": {"ALOFT_ROLE": "queue", "ALOFT_QUEUE_COMMAND": `["work"]`, "ALOFT_QUEUE_BACKOFF": "soon"},
		"no role":         {"ALOFT_ROLE": "", "AWS_LAMBDA_FUNCTION_NAME": "demo"},
		"no port":         {"ALOFT_ROLE": "http", "ALOFT_HTTP_PORT": "none"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := start(t, environment).posted(t); got.kind != "init" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestFailedMessageIsVisibleAgainAfterItsBackoff(t *testing.T) {
	c := newCloud(t)
	client := sqs.NewFromConfig(c.Config())
	created, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{
		QueueName: aws.String("default-demo"), Attributes: map[string]string{"VisibilityTimeout": "43200"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{
		QueueUrl: created.QueueUrl, MessageBody: aws.String("fail"),
	}); err != nil {
		t.Fatal(err)
	}
	receive := func() []types.Message {
		out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: created.QueueUrl})
		if err != nil {
			t.Fatal(err)
		}
		return out.Messages
	}
	first := receive()
	if len(first) != 1 || len(receive()) != 0 {
		t.Fatalf("received %v", first)
	}
	argv, err := json.Marshal([]string{appPath(t), "work"})
	if err != nil {
		t.Fatal(err)
	}
	f := start(t, c.environment(map[string]string{
		"ALOFT_ROLE": "queue", "ALOFT_HTTP_PORT": "", "ALOFT_QUEUE_COMMAND": string(argv), "ALOFT_QUEUE_BACKOFF": "0",
		"SQS_PREFIX": strings.TrimSuffix(*created.QueueUrl, "/default-demo"), "SQS_SUFFIX": "-demo",
	}))
	got := failed(t, f.invoke(t, batch(
		message{id: *first[0].MessageId, body: "fail", receipt: *first[0].ReceiptHandle},
	), 20*time.Second))
	if !cmp.Equal([]string{*first[0].MessageId}, got) {
		t.Errorf("failed: %v", got)
	}
	if again := receive(); len(again) != 1 {
		t.Error("the message is still invisible")
	}
}
