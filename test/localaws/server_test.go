package localaws_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func start(t *testing.T, o localaws.Options) *localaws.Server {
	t.Helper()
	server, err := localaws.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}

// once is a configuration that does not retry, so that each fault shows.
func once(cfg aws.Config) aws.Config {
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return cfg
}

// overSocket is a configuration that goes through the listener.
func overSocket(server *localaws.Server) aws.Config {
	cfg := server.Config()
	cfg.BaseEndpoint, cfg.HTTPClient = aws.String(server.URL()), &http.Client{Transport: &http.Transport{}}
	return cfg
}

func createQueue(ctx context.Context, cfg aws.Config, name string) error {
	_, err := sqs.NewFromConfig(cfg).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name})
	return err
}

func queues(t *testing.T, cfg aws.Config) int {
	t.Helper()
	out, err := sqs.NewFromConfig(cfg).ListQueues(t.Context(), &sqs.ListQueuesInput{})
	if err != nil {
		t.Fatal(err)
	}
	return len(out.QueueUrls)
}

func TestAFaultHappensBeforeOrAfterTheDeed(t *testing.T) {
	for _, row := range []struct {
		fault  wire.Fault
		done   bool
		reset  bool
		code   string
		status int
	}{
		{fault: wire.Fault{Kind: wire.FaultError, Error: wire.Throttled()}, code: "ThrottlingException", status: 400},
		{fault: wire.Fault{Kind: wire.FaultDropBefore}, reset: true},
		{fault: wire.Fault{Kind: wire.FaultLoseAnswer}, reset: true, done: true},
		{fault: wire.Fault{Kind: wire.FaultErrorAfter, Error: wire.Errorf(500, "InternalFailure", "after the deed")},
			done: true, code: "InternalFailure", status: 500},
	} {
		for transport, config := range map[string]func(*localaws.Server) aws.Config{"in process": (*localaws.Server).Config,
			"over a socket": overSocket} {
			t.Run(string(row.fault.Kind)+" "+transport, func(t *testing.T) {
				server := start(t, localaws.Options{})
				cfg := once(config(server))
				fault := row.fault
				fault.Call, fault.Times = "sqs:CreateQueue", 1
				server.Faults().Inject(fault)
				mark := server.Calls().End()
				err := createQueue(t.Context(), cfg, "q")
				if row.reset && !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("got %v, want a connection reset", err)
				}
				var e smithy.APIError
				if row.code != "" && (!errors.As(err, &e) || e.ErrorCode() != row.code) {
					t.Errorf("got %v, want %s", err, row.code)
				}
				record := server.Calls().Since(mark).Operation("sqs:CreateQueue")[0]
				if record.Effect != row.done || record.Status != row.status || record.Fault != row.fault.Kind || !record.Mutating {
					t.Errorf("logged as %+v", record)
				}
				if got := queues(t, cfg) == 1; got != row.done {
					t.Errorf("the queue exists: %v, want %v", got, row.done)
				}
				if err := createQueue(t.Context(), cfg, "next"); err != nil {
					t.Errorf("the fault was to hit once: %v", err)
				}
			})
		}
	}
}

func TestAFaultLetsTheFirstCallsPassAndCanBeDisarmed(t *testing.T) {
	server := start(t, localaws.Options{})
	cfg := once(server.Config())
	disarm := server.Faults().Inject(wire.Fault{Call: "sqs:*", Skip: 1, Kind: wire.FaultError,
		Error: wire.Errorf(503, "ServiceUnavailable", "down"),
		Match: func(c *wire.Call) bool { return c.Principal.Root }})
	var got []bool
	for i := range 4 {
		if i == 3 {
			disarm()
		}
		got = append(got, createQueue(t.Context(), cfg, "q") == nil)
	}
	if diff := cmp.Diff([]bool{true, false, false, true}, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheSDKRetriesALostAnswer(t *testing.T) {
	server := start(t, localaws.Options{})
	server.Faults().Inject(wire.Fault{Call: "sqs:CreateQueue", Kind: wire.FaultLoseAnswer, Times: 1})
	if err := createQueue(t.Context(), server.Config(), "q"); err != nil {
		t.Fatal(err)
	}
	calls := server.Calls().Operation("sqs:CreateQueue")
	if len(calls) != 2 || len(calls.Effects()) != 1 || calls[0].Params != calls[1].Params {
		t.Errorf("got %+v", calls)
	}
}

func TestLatencyIsTheClocksAndEndsWithTheCaller(t *testing.T) {
	clock := wire.NewManualClock(time.Now())
	server := start(t, localaws.Options{Clock: clock, Latencies: map[string]time.Duration{"sqs:CreateQueue": time.Hour}})
	done := make(chan error, 1)
	go func() { done <- createQueue(t.Context(), server.Config(), "q") }()
	for waiting := true; waiting; {
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
			waiting = false
		default:
			clock.Advance(time.Minute)
		}
	}
	if got := server.Calls().Operation("sqs:CreateQueue")[0].Duration; got < time.Hour {
		t.Errorf("the call took %s of the clock's time", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	server.Watch(nil)
	go cancel()
	if err := createQueue(ctx, server.Config(), "other"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestTheCallLogTellsLooksFromDeedsAndPrincipals(t *testing.T) {
	server := start(t, localaws.Options{})
	mark := server.Calls().End()
	service := server.ConfigFor(server.Identities().Service("123456789012", "events.amazonaws.com", "arn:aws:events:x"))
	if err := createQueue(t.Context(), server.Config(), "q"); err != nil {
		t.Fatal(err)
	}
	if queues(t, service) != 1 {
		t.Fatal("the queue is not there")
	}
	calls := server.Calls().Since(mark)
	if diff := cmp.Diff([]string{"sqs:CreateQueue", "sqs:ListQueues"}, calls.Names()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"sqs:CreateQueue"}, calls.Mutating().Names()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"sqs:ListQueues"}, calls.By("events.amazonaws.com").Names()); diff != "" {
		t.Error(diff)
	}
	if calls[0].Resource != "q" || calls.By("arn:aws:iam::123456789012:user/admin")[0].Operation != "CreateQueue" {
		t.Errorf("got %+v", calls[0])
	}
}

func TestPutBytesAreCounted(t *testing.T) {
	server := start(t, localaws.Options{Region: "us-east-1"})
	client := awss3.NewFromConfig(server.Config())
	if _, err := client.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: aws.String("bytes")}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := client.PutObject(t.Context(), &awss3.PutObjectInput{
			Bucket: aws.String("bytes"), Key: aws.String("k"), Body: strings.NewReader(strings.Repeat("x", 500)),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := server.Calls().Service("s3").Bytes(); got != 1000 {
		t.Errorf("counted %d bytes", got)
	}
}

func TestWhatIsNotKnownIsRefused(t *testing.T) {
	server := start(t, localaws.Options{})
	var refused []string
	server.Watch(func(r wire.Record) { refused = append(refused, r.Name()+" "+r.Code) })
	_, err := sts.NewFromConfig(server.Config()).GetSessionToken(t.Context(), &sts.GetSessionTokenInput{})
	if err == nil {
		t.Error("an operation that is not there was answered")
	}
	_, err = sqs.NewFromConfig(server.Config()).AddPermission(t.Context(), &sqs.AddPermissionInput{
		QueueUrl: aws.String("u"), Label: aws.String("l"), Actions: []string{"a"}, AWSAccountIds: []string{"1"},
	})
	if err == nil {
		t.Error("an operation that is not there was answered")
	}
	if diff := cmp.Diff(
		[]string{"sts:GetSessionToken InvalidAction", "sqs:AddPermission UnknownOperationException"}, refused,
	); diff != "" {
		t.Error(diff)
	}
}

func TestCloseEndsTheListeners(t *testing.T) {
	server := start(t, localaws.Options{})
	url, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{url, server.URL()} {
		if conn, err := net.Dial("tcp", strings.TrimPrefix(address, "http://")); err == nil {
			conn.Close()
			t.Errorf("%s still listens", address)
		}
	}
}
