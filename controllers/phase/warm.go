package phase

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	contract "github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/parallel"
	"github.com/aloft-dev/aloft/controllers/release"
)

// warmRounds bound how often more environments are asked for; each round holds longer, so that slower starts overlap.
var warmRounds = []time.Duration{100 * time.Millisecond, 500 * time.Millisecond, 2 * time.Second}

// warm invokes each version once, so that an image that does not start is caught before any command runs, and then
// holds as many environments of the http function at once as are wanted. Fewer than wanted is no failure: Lambda may
// reuse an environment. What was proven before is only warmed again: errors that say nothing about the image must not
// hold up a release whose commands have run.
func (p *Performer) warm(ctx context.Context, s Subject) (release.Outcome, error) {
	wanted := s.Desired.WarmEnvironments
	if stopped(s.Desired.HTTP()) {
		wanted = 0
	}
	environments := newSet()
	err := p.start(ctx, s, environments)
	if err == nil {
		err = p.hold(ctx, s, environments, int(wanted))
	}
	if _, isRejected := release.AsRejected(err); err != nil && (isRejected || s.Recorded.Run.Warm == nil) {
		return release.Outcome{}, err
	}
	distinct := min(int32(environments.size()), wanted) //nolint:gosec // at most rounds times 100
	return release.Outcome{Warm: &release.Warm{Distinct: distinct, Wanted: wanted, At: p.Now()}}, nil
}

// start invokes each version once.
func (p *Performer) start(ctx context.Context, s Subject, environments *set) error {
	group, groupContext := parallel.WithContext(ctx)
	group.SetLimit(parallelCalls)
	for _, function := range s.Desired.Functions {
		if stopped(function) {
			continue
		}
		group.Go(func() error {
			answer, err := p.ping(groupContext, s, function, 0)
			if err == nil && function.Role == release.RoleHTTP {
				environments.add(answer.Environment)
			}
			return err
		})
	}
	return group.Wait()
}

// stopped says that the user lets a function have no environment at all: nobody can invoke it, so it cannot be proven
// either.
func stopped(function release.Function) bool {
	return function.ReservedConcurrency != nil && *function.ReservedConcurrency == 0
}

// hold keeps several invocations open at the same time, since only concurrency makes Lambda start more environments.
func (p *Performer) hold(ctx context.Context, s Subject, environments *set, wanted int) error {
	for _, long := range warmRounds {
		if environments.size() >= wanted {
			return nil
		}
		group, groupContext := parallel.WithContext(ctx)
		for range wanted {
			group.Go(func() error {
				answer, err := p.ping(groupContext, s, s.Desired.HTTP(), long)
				switch {
				case cloud.IsThrottle(err): // the account or the reserve has no more to give: what is warm is enough
					return nil
				case err != nil:
					return err
				}
				environments.add(answer.Environment)
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
	}
	return nil
}

func (p *Performer) ping(
	ctx context.Context, s Subject, function release.Function, hold time.Duration,
) (contract.WarmAnswer, error) {
	version := s.Recorded.Run.Function(function.Name)
	ctx, cancel := context.WithTimeout(ctx, time.Duration(function.TimeoutSeconds)*time.Second+30*time.Second)
	defer cancel()
	payload, err := json.Marshal(contract.WarmEvent{Ping: true, Hold: strconv.FormatInt(hold.Milliseconds(), 10)})
	if err != nil {
		return contract.WarmAnswer{}, fmt.Errorf("writing a warming event: %w", err)
	}
	answer, err := p.Clients.Invoke.Invoke(ctx, &lambda.InvokeInput{
		FunctionName: aws.String(function.FullName), Qualifier: aws.String(version), Payload: payload,
		InvocationType: types.InvocationTypeRequestResponse,
	})
	if cloud.IsNotFound(err) {
		return contract.WarmAnswer{}, release.Reject(v1alpha1.ConditionWarmed, v1alpha1.ReasonWarmFailed,
			"version %s of function %s is gone: someone deleted it", version, function.FullName)
	}
	if err != nil {
		return contract.WarmAnswer{}, fmt.Errorf("warming version %s of function %s: %w", version, function.FullName, err)
	}
	if answer.FunctionError != nil {
		return contract.WarmAnswer{}, release.Reject(v1alpha1.ConditionWarmed, v1alpha1.ReasonWarmFailed,
			"version %s of function %s does not start: %s", version, function.FullName,
			s.functionError(function, answer.Payload))
	}
	var answered contract.WarmAnswer
	if err := json.Unmarshal(answer.Payload, &answered); err != nil || answered.Environment == "" {
		return contract.WarmAnswer{}, release.Reject(v1alpha1.ConditionWarmed, v1alpha1.ReasonWarmFailed,
			"version %s of function %s does not answer a warming invocation as Aloft's runtime does: does the image carry "+
				"another runtime as its entry point?",
			version, function.FullName)
	}
	return answered, nil
}

// errorType is what runtimes name an error with; anything else may be what an application has printed.
var errorType = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.]{0,63}$`)

// functionError reads the payload of a failed invocation: {"errorType", "errorMessage"}. The message may hold what the
// application has printed.
func (s Subject) functionError(function release.Function, payload []byte) string {
	var failure struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}
	elsewhere := "see its log group /aws/lambda/" + function.FullName
	if err := json.Unmarshal(payload, &failure); err != nil {
		return elsewhere
	}
	if !errorType.MatchString(failure.Type) {
		failure.Type = ""
	}
	text := s.Desired.Config.Shown([]byte(failure.Message))
	if s.HideOutput || text == "" {
		return strings.TrimPrefix(failure.Type+"; "+elsewhere, "; ")
	}
	return strings.TrimPrefix(failure.Type+": "+text, ": ")
}

// set counts distinct environments.
type set struct {
	mu      sync.Mutex
	members map[string]bool
}

func newSet() *set { return &set{members: map[string]bool{}} }

func (s *set) add(member string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.members[member] = true
}

func (s *set) size() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.members)
}
