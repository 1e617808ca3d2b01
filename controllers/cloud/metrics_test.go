package cloud_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// series are the values of the calls' metrics by "name{label values}"; of a histogram its number of observations.
func series(t *testing.T) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(cloud.Metrics()...)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			labels := map[string]string{}
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			name := strings.TrimPrefix(family.GetName(), "aloft_aws_") + "{" + labels["service"] + " " + labels["operation"]
			if code, ok := labels["code"]; ok {
				name += " " + code
			}
			values[name+"}"] = metric.GetCounter().GetValue() + float64(metric.GetHistogram().GetSampleCount())
		}
	}
	return values
}

// counted is what do adds to the metrics. They are the process's, and other tests add to them as well.
func counted(t *testing.T, do func()) map[string]float64 {
	t.Helper()
	before := series(t)
	do()
	added := map[string]float64{}
	for name, value := range series(t) {
		if value != before[name] {
			added[name] = value - before[name]
		}
	}
	return added
}

func TestACallIsCountedByHowItEnds(t *testing.T) {
	strange := wire.Errorf(400, "<html>blocked by a proxy", "no")
	for _, row := range []struct {
		why   string
		fault wire.Fault
		want  map[string]float64
	}{
		{"it succeeds at once", wire.Fault{Call: "none:None"}, map[string]float64{
			"requests_total{SQS ListQueues }": 1, "request_duration_seconds{SQS ListQueues}": 1}},
		{"it is throttled once and then succeeds", wire.Fault{Kind: wire.FaultError, Error: wire.Throttled(), Times: 1},
			map[string]float64{
				"requests_total{SQS ListQueues }": 1, "request_duration_seconds{SQS ListQueues}": 1,
				"retries_total{SQS ListQueues}": 1, "throttles_total{SQS ListQueues}": 1}},
		{"its answer is lost once", wire.Fault{Kind: wire.FaultLoseAnswer, Times: 1}, map[string]float64{
			"requests_total{SQS ListQueues }": 1, "request_duration_seconds{SQS ListQueues}": 1,
			"retries_total{SQS ListQueues}": 1}},
		{"AWS fails after the deed, and the next try is answered",
			wire.Fault{Kind: wire.FaultErrorAfter, Error: wire.Errorf(500, "InternalFailure", ""), Times: 1}, map[string]float64{
				"requests_total{SQS ListQueues }": 1, "request_duration_seconds{SQS ListQueues}": 1,
				"retries_total{SQS ListQueues}": 1}},
		{"it is denied, which no retry changes",
			wire.Fault{Kind: wire.FaultError, Error: wire.Errorf(403, "AccessDenied", "no")}, map[string]float64{
				"requests_total{SQS ListQueues AccessDenied}": 1, "request_duration_seconds{SQS ListQueues}": 1}},
		{"a code that is none of AWS's does not become a label",
			wire.Fault{Kind: wire.FaultError, Error: strange}, map[string]float64{
				"requests_total{SQS ListQueues other}": 1, "request_duration_seconds{SQS ListQueues}": 1}},
	} {
		t.Run(row.why, func(t *testing.T) {
			server, clients := ungoverned(t)
			if row.fault.Call == "" {
				row.fault.Call = "sqs:ListQueues"
			}
			server.Faults().Inject(row.fault)
			added := counted(t, func() { _, _ = clients.SQS.ListQueues(t.Context(), &sqs.ListQueuesInput{}) })
			if diff := cmp.Diff(row.want, added); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAThrottleThatOutlastsTheRetriesIsOneRequest(t *testing.T) {
	server, clients := ungoverned(t)
	server.Faults().Inject(wire.Fault{Call: "kms:DescribeKey", Kind: wire.FaultError, Error: wire.Throttled()})
	added := counted(t, func() {
		// Three attempts instead of the provider's five, for the backoff's sake.
		_, _ = clients.KMS.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String("alias/a")},
			func(o *kms.Options) { o.RetryMaxAttempts = 3 })
	})
	want := map[string]float64{
		"requests_total{KMS DescribeKey ThrottlingException}": 1, "request_duration_seconds{KMS DescribeKey}": 1,
		"retries_total{KMS DescribeKey}": 2, "throttles_total{KMS DescribeKey}": 3,
	}
	if diff := cmp.Diff(want, added); diff != "" {
		t.Error(diff)
	}
}

func TestACallWithoutAnswerHasACodeOfItsOwn(t *testing.T) {
	_, clients := ungoverned(t)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	added := counted(t, func() {
		if _, err := clients.S3.ListBuckets(over, &s3.ListBucketsInput{}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
	if added["requests_total{S3 ListBuckets no_answer}"] != 1 {
		t.Errorf("counted %v", added)
	}
}

func TestACallThatIsNeverSentIsNotCounted(t *testing.T) {
	_, clients := ungoverned(t)
	added := counted(t, func() {
		if _, err := clients.SQS.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{}); err == nil {
			t.Error("the SDK sent a call without its required input")
		}
	})
	if len(added) > 0 {
		t.Errorf("counted %v", added)
	}
}

func TestAVerificationAndTheRoleBehindItAreCountedOnceEach(t *testing.T) {
	server, access := granted(t)
	config := server.Config()
	// A provider on the same configuration must not make the other's calls count twice.
	_ = cloud.NewProvider(config)
	provider := cloud.NewProvider(config)
	added := counted(t, func() {
		if _, err := provider.For(t.Context(), access); err != nil {
			t.Fatal(err)
		}
	})
	for _, operation := range []string{"AssumeRole", "GetCallerIdentity"} {
		if got := added["requests_total{STS "+operation+" }"]; got != 1 {
			t.Errorf("%s was counted %v times", operation, got)
		}
	}
	if config.APIOptions != nil {
		t.Error("the caller's configuration measures as well")
	}
}

func TestARateOverThrottlesBeginsAtZero(t *testing.T) {
	_, clients := ungoverned(t)
	if _, err := clients.KMS.ListAliases(t.Context(), &kms.ListAliasesInput{}); err != nil {
		t.Fatal(err)
	}
	all := series(t)
	for _, name := range []string{"retries_total{KMS ListAliases}", "throttles_total{KMS ListAliases}"} {
		if value, ok := all[name]; !ok || value != 0 {
			t.Errorf("%s is %v, there: %t", name, value, ok)
		}
	}
}

func TestTheNamesOfTheMetricsStay(t *testing.T) {
	_, clients := ungoverned(t)
	if _, err := clients.SQS.ListQueues(t.Context(), &sqs.ListQueuesInput{}); err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(cloud.Metrics()...)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, family := range families {
		names = append(names, family.GetName())
	}
	slices.Sort(names)
	want := []string{"aloft_aws_request_duration_seconds", "aloft_aws_requests_total", "aloft_aws_retries_total",
		"aloft_aws_throttles_total"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}
