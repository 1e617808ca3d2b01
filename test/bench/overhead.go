package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/aloft-dev/aloft/controllers/desired"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws/wire"
	"github.com/aloft-dev/aloft/test/sandbox"
)

// overhead measures what a release costs beyond the application itself and the stack operation, when every call to AWS
// takes no time but the local AWS's own.
func (s *subject) overhead(ctx context.Context, runs int) ([]figure, error) {
	var own, inAWS, inAPI []time.Duration
	writes, fences := 0, 0
	for i := range runs {
		r, err := s.build(ctx, version(fmt.Sprintf("build-%03d", i+1)))
		if err != nil {
			return nil, err
		}
		elsewhere := r.elsewhere()
		without := covered(elsewhere, r.accepted, r.ready)
		own = append(own, r.wall()-without)
		inAWS = append(inAWS, covered(slices.Concat(elsewhere, spans(r.calls.By(sandbox.OperatorRole))), r.accepted,
			r.ready)-without)
		apiCalls, statusWrites, fenced := s.api.during(r.accepted, time.Now())
		inAPI = append(inAPI, covered(slices.Concat(elsewhere, apiCalls), r.accepted, r.ready)-without)
		writes, fences = writes+statusWrites, fences+fenced
	}
	const name = "own overhead of a release (3 functions, zero latency; without the application's and the stack " +
		"operation's time), "
	return []figure{
		atMost("P2", name+"p50", percentile(own, 0.50), "ms", 150),
		atMost("P2.p99", name+"p99", percentile(own, 0.99), "ms", 400),
		atMost("P2.aws", "of that, waiting for the local AWS, p50", percentile(inAWS, 0.50), "ms", 150),
		atMost("P2.kube", "of that, waiting for kube-apiserver, p50", percentile(inAPI, 0.50), "ms", 150),
		atMost("P16", "writes of the status for each release, clean-up included", float64(writes)/float64(runs), "writes",
			10),
		atMost("P16.fences", "beside them, fences that changed nothing: one before each batch of deletions",
			float64(fences)/float64(runs), "requests", 10),
	}, nil
}

// span is a piece of time.
type span struct{ from, to time.Time }

func spans(calls wire.Log) (list []span) {
	for i := range calls {
		list = append(list, span{calls[i].Time, calls[i].Time.Add(calls[i].Duration)})
	}
	return list
}

// applicationTime is when the application itself starts or works: while the operator's warming invocations are
// answered, and from the invocation of a deploy command until its result is stored.
func applicationTime(calls wire.Log) []span {
	invocations := calls.By(sandbox.OperatorRole).Operation("lambda:Invoke")
	list := spans(invocations)
	results := calls.Operation("s3:PutObject").Where(func(r wire.Record) bool {
		return strings.HasSuffix(r.Resource,
			".result.json")
	})
	for i := range results {
		stored := results[i].Time.Add(results[i].Duration)
		if n := len(invocations); n > 0 {
			list = append(list, span{invocations[n-1].Time, stored})
		}
	}
	return list
}

// stackTime is when operations of the Stage's stacks ran, by the stacks' own events: the application's, the newest
// first, and then the foundation's.
func (s *subject) stackTime(ctx context.Context, since time.Time) (list []span, err error) {
	names := desired.Names(release.StageKey{Namespace: s.stage.Namespace, Name: s.stage.Name}, "", "")
	for _, stack := range []string{names.AppStack, names.FoundationStack} {
		pages := cloudformation.NewDescribeStackEventsPaginator(cloudformation.NewFromConfig(s.box.AWSConfig),
			&cloudformation.DescribeStackEventsInput{StackName: aws.String(stack)})
		var events []types.StackEvent
		for pages.HasMorePages() {
			answer, err := pages.NextPage(ctx)
			if err != nil {
				return nil, fmt.Errorf("reading the stack's events: %w", err)
			}
			events = append(events, answer.StackEvents...)
		}
		list = append(list, operations(events, since)...)
	}
	return list, nil
}

// operations are when a stack was operated on, by its events, the newest first.
func operations(events []types.StackEvent, since time.Time) (list []span) {
	for i := range events {
		event := &events[i]
		if aws.ToString(event.ResourceType) != "AWS::CloudFormation::Stack" || event.Timestamp.Before(since) {
			continue
		}
		switch event.ResourceStatus {
		case types.ResourceStatusUpdateInProgress, types.ResourceStatusCreateInProgress:
			if len(list) > 0 {
				list[len(list)-1].from = *event.Timestamp
			}
		default:
			list = append(list, span{*event.Timestamp, *event.Timestamp})
		}
	}
	return list
}

// covered is how much of the time between two moments at least one of the spans covers.
func covered(list []span, from, to time.Time) (sum time.Duration) {
	slices.SortFunc(list, func(a, b span) int { return cmp.Compare(a.from.UnixNano(), b.from.UnixNano()) })
	at := from
	for _, s := range list {
		begin, end := s.from, s.to
		if begin.Before(at) {
			begin = at
		}
		if end.After(to) {
			end = to
		}
		if end.After(begin) {
			sum += end.Sub(begin)
			at = end
		}
	}
	return sum
}
