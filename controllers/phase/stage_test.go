package phase_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/aloft-dev/aloft/controllers/image"
	"github.com/aloft-dev/aloft/controllers/phase"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/wire"
	"github.com/aloft-dev/aloft/test/tenant"
)

const runID = "20260102t120000-abcd"

// stage is a performer of one stage's steps, on a local AWS of its own that holds the stage's foundation.
type stage struct {
	*tenant.Tenant
	*phase.Performer
	phase.Subject
	t *testing.T
}

// newStage has a foundation and a run of release r2 of build v2, which nothing is done of yet.
func newStage(t *testing.T, options ...func(*localaws.Options)) *stage {
	t.Helper()
	on := tenant.New(t, options...)
	clients, names := on.Access()
	images := image.NewClient(image.Options{AllowInsecureLoopback: true, TempDir: t.TempDir()})
	t.Cleanup(images.Close)
	s := &stage{
		Performer: &phase.Performer{
			Clients: clients, Names: names, Now: time.Now, Images: images, HashKey: []byte("secret"),
			Runtimes: map[string]*image.Runtime{"amd64": image.RuntimeFromBytes("1.0", []byte("#!/bin/sh\n"))},
		},
		Tenant: on, t: t,
		Subject: phase.Subject{
			Desired: &release.Desired{
				Stage: tenant.Key, Owner: tenant.Owner, NamespaceUID: tenant.NamespaceUID,
				ID: "r2", BuildID: "v2", Revision: "1", ConfigHash: "c2", Names: names,
				Config: release.Config{
					Environment: map[string]string{"APP_ENV": "production"},
					Secrets:     map[string]release.Sensitive{"TOKEN": "hunter2-token"},
				},
				Functions: []release.Function{
					function(names, "default-queue", release.RoleQueue), function(names, "cli", release.RoleCLI),
					function(names, "http", release.RoleHTTP),
				},
			},
			Observed: &release.Observed{App: &release.Stack{}, Aliases: map[string]release.Alias{}},
			Recorded: &release.Recorded{Run: &release.Run{ID: runID, ReleaseID: "r2", BuildID: "v2"}},
		},
	}
	s.Observed.Foundation = &release.Stack{Exists: true, Outputs: s.foundation()}
	return s
}

func function(names release.Names, name string, role release.Role) release.Function {
	return release.Function{
		Name: name, FullName: names.Prefix + "-" + name, Role: role, MemoryMiB: 128, TimeoutSeconds: 20,
	}
}

// foundation makes bucket, repository and key, and gives the outputs of the stack that would have made them.
func (s *stage) foundation() map[string]string {
	s.t.Helper()
	s.MakeBucket()
	s.MakeRepository(ecrtypes.ImageTagMutabilityImmutable)
	key, err := s.Clients.KMS.CreateKey(s.t.Context(), &kms.CreateKeyInput{})
	s.Must(err)
	return map[string]string{
		release.OutputBucketName:    s.Names.Bucket,
		release.OutputRepositoryURI: s.RepositoryURI(),
		release.OutputKeyARN:        aws.ToString(key.KeyMetadata.Arn),
	}
}

func (s *stage) perform(step release.Step) (release.Outcome, error) {
	return s.Perform(s.t.Context(), step, s.Subject)
}

// done performs a step that must succeed.
func (s *stage) done(step release.Step) release.Outcome {
	s.t.Helper()
	outcome, err := s.perform(step)
	s.Must(err)
	return outcome
}

// refused performs a step that must be refused for good, with all of these texts in the message.
func (s *stage) refused(step release.Step, condition, reason string, texts ...string) {
	s.t.Helper()
	_, err := s.perform(step)
	rejected, ok := release.AsRejected(err)
	if !ok || rejected.Condition != condition || rejected.Reason != reason {
		s.t.Fatalf("got %v, want %s at %s", err, reason, condition)
	}
	contains(s.t, rejected.Message, texts...)
}

// waits performs a step that must wait, with all of these texts in the message.
func (s *stage) waits(step release.Step, condition, reason string, texts ...string) release.Outcome {
	s.t.Helper()
	outcome, err := s.perform(step)
	waiting, ok := release.AsWaiting(err)
	if !ok || waiting.Condition != condition || waiting.Reason != reason || waiting.After == 0 {
		s.t.Fatalf("got %v, want %s at %s", err, reason, condition)
	}
	contains(s.t, waiting.Message, texts...)
	return outcome
}

// fails performs a step that must end with an error that may pass.
func (s *stage) fails(step release.Step) error {
	s.t.Helper()
	_, err := s.perform(step)
	_, rejected := release.AsRejected(err)
	_, waiting := release.AsWaiting(err)
	if err == nil || rejected || waiting {
		s.t.Fatalf("got %v, want an error that may pass", err)
	}
	return err
}

func contains(t *testing.T, message string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(message, text) {
			t.Errorf("the message %q does not tell %q", message, text)
		}
	}
}

// loseAnswer lets a call be executed once without that its caller hears of it.
func (s *stage) loseAnswer(call string) {
	s.Local.Faults().Inject(wire.Fault{Call: call, Kind: wire.FaultLoseAnswer, Times: 1})
}

// changes are the calls of a step that have changed something, whatever became of it.
func (s *stage) changes(step release.Step) []string {
	s.t.Helper()
	since := s.Local.Calls().End()
	_, _ = s.perform(step)
	return s.Local.Calls().Since(since).Effects().Names()
}
