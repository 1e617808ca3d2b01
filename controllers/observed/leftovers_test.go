package observed_test

import (
	"maps"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/wire"
	"github.com/aloft-dev/aloft/test/tenant"
)

var lookLeftovers = release.Step{Action: release.ActionLook, Part: release.PartLeftovers}

// withOld is a deployed stack that has a worker more than the release, with a queue and a dead-letter queue.
const withOld = `{"Resources":{
	"Web":{"Type":"AWS::Lambda::Function","Metadata":{"Function":"http"}},
	"Old":{"Type":"AWS::Lambda::Function","Metadata":{"Function":"old-queue"}},
	"Jobs":{"Type":"AWS::SQS::Queue","Metadata":{"Function":"old-queue"},"Properties":{"QueueName":"old-jobs"}},
	"Dead":{"Type":"AWS::SQS::Queue","Metadata":{"Function":"old-queue"},"Properties":{"QueueName":"old-jobs-dlq"}},
	"Other":{"Type":"AWS::SQS::Queue","Metadata":{"Function":"http"},"Properties":{"QueueName":"other"}}}}`

// leaving is a stage whose release has the worker no more, and whose history has release r0.
func leaving(t *testing.T, options ...func(*localaws.Options)) *view {
	t.Helper()
	v := newView(t, options...)
	v.seen.App = &release.Stack{Exists: true, Template: []byte(withOld)}
	v.recorded.History = []release.Live{{ID: "r0"}}
	for _, queue := range []string{"old-jobs", "old-jobs-dlq", "other"} {
		_, err := v.Clients.SQS.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String(queue)})
		v.Must(err)
	}
	return v
}

func (v *view) url(queue string) *string {
	v.t.Helper()
	answer, err := v.Clients.SQS.GetQueueUrl(v.t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String(queue)})
	v.Must(err)
	return answer.QueueUrl
}

func (v *view) send(queue string, delay int32) {
	v.t.Helper()
	_, err := v.Clients.SQS.SendMessage(v.t.Context(), &sqs.SendMessageInput{
		QueueUrl: v.url(queue), MessageBody: aws.String("a job"), DelaySeconds: delay,
	})
	v.Must(err)
}

func (v *view) receive(queue string) *string {
	v.t.Helper()
	answer, err := v.Clients.SQS.ReceiveMessage(v.t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: v.url(queue), VisibilityTimeout: 600,
	})
	v.Must(err)
	if len(answer.Messages) != 1 {
		v.t.Fatal("there is no message")
	}
	return answer.Messages[0].ReceiptHandle
}

func TestAFunctionThatTheReleaseHasNoMoreStaysWhileItIsNeeded(t *testing.T) {
	for _, row := range []struct {
		why   string
		given func(*view)
		stays bool
	}{
		{"nobody needs it", func(*view) {}, false},
		{"its queue has a message", func(v *view) { v.send("old-jobs", 0) }, true},
		{"a message is being worked on", func(v *view) { v.send("old-jobs", 0); v.receive("old-jobs") }, true},
		{"a message is delayed", func(v *view) { v.send("old-jobs", 600) }, true},
		{"its dead-letter queue has a message", func(v *view) { v.send("old-jobs-dlq", 0) }, true},
		{"the queue of another function is not its own", func(v *view) { v.send("other", 0) }, false},
		{"its message is worked off", func(v *view) {
			v.send("old-jobs", 0)
			_, err := v.Clients.SQS.DeleteMessage(v.t.Context(), &sqs.DeleteMessageInput{
				QueueUrl: v.url("old-jobs"), ReceiptHandle: v.receive("old-jobs"),
			})
			v.Must(err)
		}, false},
		{"its queues are gone", func(v *view) {
			for _, queue := range []string{"old-jobs", "old-jobs-dlq"} {
				_, err := v.Clients.SQS.DeleteQueue(v.t.Context(), &sqs.DeleteQueueInput{QueueUrl: v.url(queue)})
				v.Must(err)
			}
		}, false},
		{
			"a kept release has a version of it",
			func(v *view) { v.functions("old-queue"); v.publish("old-queue", "r0") }, true,
		},
		{
			"only a release that is not kept has one",
			func(v *view) { v.functions("old-queue"); v.publish("old-queue", "r9") }, false,
		},
		{"the function itself says that it is of a kept release, without a version", func(v *view) {
			v.functions("old-queue")
			v.describe("old-queue", of("r0").String(), "r0")
		}, false},
		{"the live release is no reason: it has the function no more", func(v *view) {
			v.functions("old-queue")
			v.publish("old-queue", "r1")
			v.recorded.Live = &release.Live{ID: "r1"}
		}, false},
	} {
		t.Run(row.why, func(t *testing.T) {
			v := leaving(t)
			row.given(v)
			if got := v.look(lookLeftovers).Leftovers; !maps.Equal(got, map[string]bool{"old-queue": row.stays}) {
				t.Errorf("left over are %v", got)
			}
		})
	}
}

func TestAMessageThatComesBackStillCounts(t *testing.T) {
	clock := wire.NewManualClock(time.Now())
	v := leaving(t, func(o *localaws.Options) { o.Clock = clock })
	v.send("old-jobs", 0)
	v.receive("old-jobs")
	clock.Advance(time.Hour)
	if got := v.look(lookLeftovers).Leftovers; !got["old-queue"] {
		t.Errorf("left over are %v", got)
	}
}

func TestNothingIsLeftOverOf(t *testing.T) {
	for why, given := range map[string]func(*view){
		"a stack that was not looked at": func(v *view) { v.seen.App = nil },
		"a stack that is not there":      func(v *view) { v.seen.App = &release.Stack{} },
		"a stack that has what the release has": func(v *view) {
			v.desired.Functions = append(v.desired.Functions, release.Function{
				Name: "old-queue", Role: release.RoleQueue,
			})
		},
	} {
		t.Run(why, func(t *testing.T) {
			v := leaving(t)
			given(v)
			v.send("old-jobs", 0)
			if got := v.look(lookLeftovers).Leftovers; got == nil || len(got) != 0 {
				t.Errorf("left over are %v", got)
			}
		})
	}
}

func TestThatItIsNotKnownWhatIsLeftOverIsAnError(t *testing.T) {
	for call, text := range map[string]string{
		"lambda:ListVersionsByFunction": "listing the versions of ", "sqs:GetQueueUrl": "looking for queue old-jobs",
		"sqs:GetQueueAttributes": "reading the attributes of queue old-jobs",
	} {
		t.Run(call, func(t *testing.T) {
			v := leaving(t)
			v.Fault(call, "", tenant.Denied())
			v.blind(lookLeftovers, text)
			if v.seen.Leftovers != nil {
				t.Errorf("left over are %v", v.seen.Leftovers)
			}
		})
	}
}
