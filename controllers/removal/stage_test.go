package removal_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/desired"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/removal"
	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const (
	account = "123456789012"
	region  = "eu-central-1"
	keep    = time.Hour
)

// stage is a remover of one stage, on a local AWS of its own whose clock the test moves. Both count by that clock.
type stage struct {
	*removal.Remover
	removal.Subject
	t     *testing.T
	local *localaws.Server
	clock *wire.ManualClock

	mu sync.Mutex
	// order has each fence and each call that deletes, as they came.
	order []string
}

// newStage runs release r2, has r1 in its history, and has neither functions nor repository nor bucket yet.
func newStage(t *testing.T) *stage {
	t.Helper()
	clock := wire.NewManualClock(time.Now())
	local, err := localaws.New(localaws.Options{AccountID: account, Region: region, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = local.Close() })
	key := release.StageKey{Namespace: "clouder", Name: "production"}
	names := desired.Names(key, account, region)
	s := &stage{t: t, local: local, clock: clock}
	s.Remover = &removal.Remover{
		Clients: clientsOf(local.Config()), Names: names, Keep: keep, Now: clock.Now,
		Fence: func(context.Context) error { s.note("fence"); return nil },
	}
	s.Subject = removal.Subject{
		Desired: &release.Desired{
			ID: "r2", BuildID: "v2", ConfigHash: "c2", Stage: key, Owner: "cluster/clouder/production", Names: names,
			Functions: []release.Function{{Name: "http", FullName: names.Prefix + "-http"}},
		},
		Observed: &release.Observed{
			App: &release.Stack{}, Foundation: &release.Stack{}, Aliases: map[string]release.Alias{},
		},
		Recorded: &release.Recorded{
			Live:    &release.Live{ID: "r2", BuildID: "v2", ConfigHash: "c2"},
			History: []release.Live{{ID: "r1", BuildID: "v1", ConfigHash: "c1"}},
		},
	}
	s.local.Watch(func(call wire.Record) {
		if call.Mutating && deletes(call.Operation) {
			s.note(call.Name())
		}
	})
	return s
}

// deletes says that an operation takes something away.
func deletes(operation string) bool {
	return strings.HasPrefix(operation, "Delete") || strings.HasPrefix(operation, "BatchDelete") ||
		strings.HasPrefix(operation, "Schedule")
}

// clientsOf makes each call once, so that a fault reaches the step.
func clientsOf(config aws.Config) *cloud.Clients {
	config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return &cloud.Clients{
		Account: account, Region: region,
		CloudFormation: cloudformation.NewFromConfig(config), S3: s3.NewFromConfig(config),
		ECR: ecr.NewFromConfig(config),
		KMS: kms.NewFromConfig(config), Lambda: lambda.NewFromConfig(config), SQS: sqs.NewFromConfig(config),
		Logs: cloudwatchlogs.NewFromConfig(config),
	}
}

func (s *stage) note(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.order = append(s.order, what)
}

// noted are the fences and deletions since the last time that they were asked for.
func (s *stage) noted() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	noted := s.order
	s.order = nil
	return noted
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

var sweep = release.Step{Action: release.ActionSweep, Phase: release.PhaseClean}

func (s *stage) remove(step release.Step) error { return s.Remove(s.t.Context(), step, s.Subject) }

// removed performs a step that must succeed.
func (s *stage) removed(step release.Step) {
	s.t.Helper()
	s.must(s.remove(step))
}

// fails performs a step that must fail with all of these texts.
func (s *stage) fails(step release.Step, texts ...string) {
	s.t.Helper()
	err := s.remove(step)
	if err == nil {
		s.t.Fatal("it succeeded")
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			s.t.Errorf("the error %q does not tell %q", err, text)
		}
	}
}

// denied is what AWS answers to a role without a right.
func denied() *wire.Error {
	return wire.Errorf(http.StatusForbidden, "AccessDeniedException", "not for you")
}

func (s *stage) fault(call string, answer *wire.Error) {
	s.local.Faults().Inject(wire.Fault{Call: call, Kind: wire.FaultError, Error: answer})
}

// later lets an hour pass, so that what was made before is old.
func (s *stage) later() { s.clock.Advance(time.Hour) }
