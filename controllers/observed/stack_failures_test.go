package observed_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestTheRootCauseOfARollbackAndItsTokenAreFound(t *testing.T) {
	v := newView(t)
	v.app(oneQueue, "first", own()...)
	v.app(badQueue, "second", own()...)
	got := v.look(lookApp).App
	if got.Status != "UPDATE_ROLLBACK_COMPLETE" || got.Token != "second" || got.Outputs["Rendering"] != "h1" {
		t.Errorf("seen is %s by %q with %v", got.Status, got.Token, got.Outputs)
	}
	if !strings.HasPrefix(got.Failure, "AWS::SQS::Queue Mails CREATE_FAILED: ") ||
		!strings.Contains(got.Failure, "VisibilityTimeout") {
		t.Errorf("the root cause is %q", got.Failure)
	}
	if string(got.Template) != oneQueue {
		t.Errorf("the template is %s", got.Template)
	}
}

func TestTheRootCauseOfAFirstCreationThatFailedIsFound(t *testing.T) {
	v := newView(t)
	v.app(badQueue, "first", own()...)
	got := v.look(lookApp).App
	if got.Status != "ROLLBACK_COMPLETE" || got.Token != "first" ||
		!strings.HasPrefix(got.Failure, "AWS::SQS::Queue Mails CREATE_FAILED: ") {
		t.Errorf("seen is %s by %q for %q", got.Status, got.Token, got.Failure)
	}
}

func TestAFailureBelongsToTheLastOperationAlone(t *testing.T) {
	v := newView(t)
	v.app(oneQueue, "first", own()...)
	v.app(badQueue, "second", own()...)
	v.app(strings.Replace(oneQueue, "h1", "h3", 1), "third", own()...)
	if got := v.look(lookApp).App; got.Status != "UPDATE_COMPLETE" || got.Failure != "" {
		t.Errorf("seen is %s with the failure %q", got.Status, got.Failure)
	}
}

func TestTheRootCauseIsOfTheLastOperationWhenSeveralHaveFailed(t *testing.T) {
	v := newView(t)
	v.app(oneQueue, "first", own()...)
	v.app(badQueue, "second", own()...)
	v.app(strings.Replace(badQueue, `"VisibilityTimeout"`, `"DelaySeconds"`, 1), "third", own()...)
	if got := v.look(lookApp).App; got.Token != "third" || !strings.Contains(got.Failure, "DelaySeconds") {
		t.Errorf("the root cause of %q is %q", got.Token, got.Failure)
	}
}

func TestTheRootCauseIsFoundBehindSeveralPagesOfEvents(t *testing.T) {
	v := newView(t)
	v.app(oneQueue, "first", own()...)
	// Mails comes last and fails, so that more than a hundred events of queues that are deleted again come after it.
	before := make([]string, 70)
	for i := range before {
		before[i] = fmt.Sprintf("%q", fmt.Sprintf("Jobs%d", i))
	}
	many := strings.Replace(queues(len(before)), `"Resources":{`, `"Resources":{
		"Jobs":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":"jobs"}},
		"Mails":{"Type":"AWS::SQS::Queue","DependsOn":[`+strings.Join(before, ",")+`],
		"Properties":{"VisibilityTimeout":99999}},`, 1)
	v.app(many, "second", own()...)
	since := v.Local.Calls().End()
	got := v.look(lookApp).App
	if !strings.HasPrefix(got.Failure, "AWS::SQS::Queue Mails CREATE_FAILED: ") || got.Token != "second" {
		t.Errorf("the root cause of %q is %q", got.Token, got.Failure)
	}
	if pages := v.Local.Calls().Since(since).Operation("cloudformation:DescribeStackEvents"); len(pages) < 2 {
		t.Errorf("%d pages of events were read", len(pages))
	}
}
