package lambda

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func TestAServiceNeedsThePolicyOfExactlyTheQualifierThatItNames(t *testing.T) {
	l := start(t, nil)
	l.create("f", nil)
	version := l.publish("f")
	before := l.alias("f", "live", version)
	rule := "arn:aws:events:" + region + ":" + account + ":rule/every-minute"
	permit := func(qualifier, sid, source string) error {
		in := &sdk.AddPermissionInput{FunctionName: aws.String("f"), StatementId: &sid,
			Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("events.amazonaws.com"), SourceArn: &source}
		if qualifier != "" {
			in.Qualifier = &qualifier
		}
		_, err := l.AddPermission(t.Context(), in)
		return err
	}
	invoke := func(service, source, qualifier string) error {
		_, err := l.client(l.env.ServiceConfig(service, source)).Invoke(t.Context(),
			&sdk.InvokeInput{FunctionName: aws.String("f"), Qualifier: &qualifier,
				InvocationType: types.InvocationTypeDryRun})
		return err
	}
	if err := permit("", "whole", rule); err != nil {
		t.Fatal(err)
	}
	refused(t, "a permission of the function does not cover its alias", invoke("events.amazonaws.com", rule, "live"),
		"AccessDeniedException", "no resource-based policy allows")
	if err := permit("live", "rule", rule); err != nil {
		t.Fatal(err)
	}
	if err := invoke("events.amazonaws.com", rule, "live"); err != nil {
		t.Errorf("the permitted rule: %v", err)
	}
	refused(t, "another rule", invoke("events.amazonaws.com", rule+"-2", "live"), "AccessDeniedException", "")
	refused(t, "another service", invoke("apigateway.amazonaws.com", rule, "live"), "AccessDeniedException", "")
	refused(t, "the version behind the alias", invoke("events.amazonaws.com", rule, version), "AccessDeniedException", "")
	refused(t, "a statement twice", permit("live", "rule", rule), "ResourceConflictException", "provided already exists")

	named, err := l.GetAlias(t.Context(), &sdk.GetAliasInput{FunctionName: aws.String("f"), Name: aws.String("live")})
	if err != nil || *named.RevisionId == before {
		t.Errorf("the alias kept revision %s though a permission was added (%v)", before, err)
	}
	policy, err := l.GetPolicy(t.Context(), &sdk.GetPolicyInput{
		FunctionName: aws.String("f"), Qualifier: aws.String("live"),
	})
	if err != nil || *policy.RevisionId != *named.RevisionId || !strings.Contains(*policy.Policy, `"Sid":"rule"`) {
		t.Errorf("the alias's policy is %s (%v)", aws.ToString(policy.Policy), err)
	}
	for range 2 {
		_, err = l.RemovePermission(t.Context(), &sdk.RemovePermissionInput{
			FunctionName: aws.String("f"), Qualifier: aws.String("live"), StatementId: aws.String("rule"),
		})
	}
	refused(t, "removing a permission twice", err, "ResourceNotFoundException", "")
}

func TestReservedConcurrencyIsSharedAndThrottles(t *testing.T) {
	l := start(t, nil)
	l.create("f", nil)
	version := l.publish("f")
	put := func(n int32) error {
		_, err := l.PutFunctionConcurrency(t.Context(), &sdk.PutFunctionConcurrencyInput{
			FunctionName: aws.String("f"), ReservedConcurrentExecutions: &n,
		})
		return err
	}
	refused(t, "less than 100 left for the others", put(901), "InvalidParameterValueException",
		"below its minimum value of [100]")
	if err := put(1); err != nil {
		t.Fatal(err)
	}
	var busy sync.WaitGroup
	var enough atomic.Bool
	busy.Go(func() {
		for !enough.Load() {
			_, _ = l.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: aws.String("f"), Payload: []byte(`{"seconds":0.2}`)})
		}
	})
	var throttled *types.TooManyRequestsException
	for !errors.As(probe(l, version), &throttled) {
	}
	if throttled.Reason != types.ThrottleReasonReservedFunctionConcurrentInvocationLimitExceeded {
		t.Errorf("the reason is %s", throttled.Reason)
	}
	enough.Store(true)
	busy.Wait()
	if err := put(0); err != nil {
		t.Fatal(err)
	}
	refused(t, "a function with nothing reserved is stopped", probe(l, version), "TooManyRequestsException",
		"Rate Exceeded")
	out, err := l.GetFunction(t.Context(), &sdk.GetFunctionInput{FunctionName: aws.String("f")})
	if err != nil || out.Concurrency == nil || *out.Concurrency.ReservedConcurrentExecutions != 0 {
		t.Errorf("GetFunction does not show a reservation of 0: %v", err)
	}
	if _, err := l.DeleteFunctionConcurrency(t.Context(), &sdk.DeleteFunctionConcurrencyInput{
		FunctionName: aws.String("f"),
	}); err != nil {
		t.Fatal(err)
	}
	if err := probe(l, version); err != nil {
		t.Errorf("without a reservation: %v", err)
	}
}

func probe(l *local, qualifier string) error {
	_, err := l.Invoke(l.t.Context(), &sdk.InvokeInput{FunctionName: aws.String("f"), Qualifier: &qualifier})
	return err
}

func TestInvocationsAreBounded(t *testing.T) {
	l := start(t, nil)
	l.create("f", nil)
	invoke := func(kind types.InvocationType, payload string) error {
		_, err := l.Invoke(t.Context(), &sdk.InvokeInput{
			FunctionName: aws.String("f"), InvocationType: kind, Payload: []byte(payload),
		})
		return err
	}
	refused(t, "6 MB at once", invoke(types.InvocationTypeRequestResponse, `"`+strings.Repeat("x", 6<<20)+`"`),
		"RequestTooLargeException", "RequestResponse")
	refused(t, "1 MB later", invoke(types.InvocationTypeEvent, `"`+strings.Repeat("x", 1<<20)+`"`),
		"RequestTooLargeException", "Event")
	refused(t, "no JSON", invoke(types.InvocationTypeEvent, `{`), "InvalidRequestContentException", "json")
	_, err := l.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: aws.String("absent")})
	refused(t, "an absent function", err, "ResourceNotFoundException",
		"Function not found: arn:aws:lambda:"+region+":"+account+":function:absent")
	_, err = l.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: aws.String("f:live"), Qualifier: aws.String("other")})
	refused(t, "two qualifiers", err, "InvalidParameterValueException", "derived qualifier")
}

// journal keeps what functions and Lambda itself log.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) count(prefix string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := 0
	for _, line := range j.lines {
		if strings.HasPrefix(line, prefix) {
			n++
		}
	}
	return n
}

func (j *journal) first(prefix string) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, line := range j.lines {
		if strings.HasPrefix(line, prefix) {
			return line
		}
	}
	return ""
}

func waitFor(done func() bool) {
	for !done() {
		time.Sleep(time.Millisecond)
	}
}

// plug is a CloudWatch Logs that keeps the lines of all streams.
func (j *journal) plug(*wire.Env) (*wire.Service, error) {
	type stream struct {
		LogGroupName  string `wire:"logGroupName"`
		LogStreamName string `wire:"logStreamName"`
	}
	type event struct {
		Message   string `wire:"message"`
		Timestamp int64  `wire:"timestamp"`
	}
	type putEvents struct {
		LogGroupName  string  `wire:"logGroupName"`
		LogStreamName string  `wire:"logStreamName"`
		LogEvents     []event `wire:"logEvents"`
	}
	service := &wire.Service{Name: "logs", Protocol: wire.JSON("Logs_20140328"), Operations: []wire.Operation{
		wire.Write("CreateLogStream", func(context.Context, *wire.Call, *stream) (*wire.Empty, error) { return nil, nil }),
		wire.Write("PutLogEvents", func(_ context.Context, _ *wire.Call, in *putEvents) (*wire.Empty, error) {
			j.mu.Lock()
			defer j.mu.Unlock()
			for _, e := range in.LogEvents {
				j.lines = append(j.lines, e.Message)
			}
			return nil, nil
		}),
	}}
	return service, nil
}

func TestAnEventThatFailsIsTriedThreeTimesWithOneRequestID(t *testing.T) {
	seen := &journal{}
	clock := wire.NewManualClock(time.Now())
	l := startAt(t, clock, nil, seen.plug)
	l.create("f", nil)
	out, err := l.Invoke(t.Context(), &sdk.InvokeInput{
		FunctionName: aws.String("f"), InvocationType: types.InvocationTypeEvent, Payload: []byte(`{"do":"fail"}`),
	})
	if err != nil || out.StatusCode != 202 {
		t.Fatalf("an asynchronous invocation answers %v (%v), want 202", out, err)
	}
	waitFor(func() bool { return seen.count("REPORT") == 1 })
	for tries := 2; tries <= 3; tries++ {
		waitFor(func() bool { clock.Advance(time.Minute); return seen.count("REPORT") >= tries })
	}
	if first := seen.first("START"); seen.count(first) != 3 {
		t.Errorf("%d tries had the request id of %q, want 3", seen.count(first), first)
	}
}

func TestRetriesOfEventsAreSetPerQualifier(t *testing.T) {
	seen := &journal{}
	l := start(t, map[string]string{"lambda.retry": "1ms,1ms"}, seen.plug)
	l.create("f", nil)
	version := l.publish("f")
	l.alias("f", "live", version)
	_, err := l.GetFunctionEventInvokeConfig(t.Context(), &sdk.GetFunctionEventInvokeConfigInput{
		FunctionName: aws.String("f"), Qualifier: aws.String("live"),
	})
	refused(t, "a configuration that nobody made", err, "ResourceNotFoundException", "doesn't have an EventInvokeConfig")
	_, err = l.PutFunctionEventInvokeConfig(t.Context(), &sdk.PutFunctionEventInvokeConfigInput{
		FunctionName: aws.String("f"), Qualifier: aws.String("live"), MaximumRetryAttempts: aws.Int32(3),
	})
	refused(t, "more than two retries", err, "ValidationException", "maximumRetryAttempts")
	_, err = l.PutFunctionEventInvokeConfig(t.Context(), &sdk.PutFunctionEventInvokeConfigInput{
		FunctionName: aws.String("f"), Qualifier: aws.String("live"), MaximumRetryAttempts: aws.Int32(0),
	})
	if err != nil {
		t.Fatal(err)
	}
	event := func(qualifier string) {
		if _, err := l.Invoke(t.Context(), &sdk.InvokeInput{
			FunctionName: aws.String("f"), Qualifier: &qualifier, InvocationType: types.InvocationTypeEvent,
			Payload: []byte(`{"do":"fail"}`),
		}); err != nil {
			t.Fatal(err)
		}
	}
	event("live")
	waitFor(func() bool { return seen.count("REPORT") == 1 })
	event(version)
	waitFor(func() bool { return seen.count("REPORT") >= 4 })
	if n := seen.count("REPORT"); n != 4 {
		t.Errorf("one event without retries and one with two ran %d times, want 4", n)
	}
}

func TestAnEventMayBeDeliveredTwice(t *testing.T) {
	seen := &journal{}
	l := start(t, map[string]string{"lambda.deliver-twice": "true"}, seen.plug)
	l.create("f", nil)
	if _, err := l.Invoke(t.Context(), &sdk.InvokeInput{
		FunctionName: aws.String("f"), InvocationType: types.InvocationTypeEvent,
	}); err != nil {
		t.Fatal(err)
	}
	waitFor(func() bool { return seen.count("REPORT") == 2 })
}

func TestAnUnknownSettingIsRefused(t *testing.T) {
	for _, settings := range []map[string]string{{"lambda.absent": "1"}, {"lambda.idle": "soon"},
		{"lambda.retry": "1m,"}} {
		if _, err := readOptions(settings); err == nil {
			t.Errorf("the settings %v were accepted", settings)
		}
	}
	if o, err := readOptions(map[string]string{
		"s3.other": "x", "lambda.retry": "1s, 2s", "lambda.concurrency": "7",
	}); err != nil || o.Concurrency != 7 || len(o.Retry) != 2 {
		t.Errorf("the settings were read as %+v (%v)", o, err)
	}
}

func TestTagsAndAccountSettings(t *testing.T) {
	l := start(t, nil)
	l.create("f", func(in *sdk.CreateFunctionInput) { in.Tags = map[string]string{"aloft.dev/owner": "c/n/s"} })
	arn := "arn:aws:lambda:" + region + ":" + account + ":function:f"
	if _, err := l.TagResource(t.Context(), &sdk.TagResourceInput{
		Resource: &arn, Tags: map[string]string{"more": "yes"},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.UntagResource(t.Context(), &sdk.UntagResourceInput{
		Resource: &arn, TagKeys: []string{"absent"},
	}); err != nil {
		t.Fatal(err)
	}
	out, err := l.ListTags(t.Context(), &sdk.ListTagsInput{Resource: &arn})
	if err != nil || len(out.Tags) != 2 || out.Tags["aloft.dev/owner"] != "c/n/s" {
		t.Errorf("the tags are %v (%v)", out.Tags, err)
	}
	settings, err := l.GetAccountSettings(t.Context(), &sdk.GetAccountSettingsInput{})
	if err != nil || settings.AccountLimit.ConcurrentExecutions != 1000 || settings.AccountUsage.FunctionCount != 1 {
		t.Errorf("the account settings are %+v (%v)", settings, err)
	}
}
