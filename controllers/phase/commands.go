package phase

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/api/function/proof"
	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
)

// invoke starts a command by an asynchronous invocation of the new version. The intent is recorded already, and the
// function runs it only if it is the first to put the claim; so a second delivery, of whatever origin, never runs it
// again.
func (p *Performer) invoke(ctx context.Context, name string, s Subject) error {
	run := s.Recorded.Run
	record := run.Command(name)
	command, err := s.Desired.Command(name)
	if err != nil || record == nil {
		return fmt.Errorf("the release has no announced deploy command %q", name)
	}
	event, err := json.Marshal(function.CommandEvent{
		Command: command.Argv, ID: name, Run: run.ID, TimeoutSeconds: int64(command.TimeoutSeconds),
		NotAfter: record.NotAfter.UTC().Format(time.RFC3339),
		Key:      release.ProofKey(p.HashKey, run.ReleaseID, run.ID, name),
		Claim:    "s3://" + p.Names.Bucket + "/" + release.CommandKey(run.ReleaseID, run.ID, name) + release.ClaimSuffix,
	})
	if err != nil {
		return fmt.Errorf("writing the event of deploy command %q: %w", name, err)
	}
	cli := s.Desired.CLI()
	_, err = p.Clients.Invoke.Invoke(ctx, &lambda.InvokeInput{
		FunctionName: aws.String(cli.FullName), Qualifier: aws.String(run.Function(cli.Name)),
		InvocationType: lambdatypes.InvocationTypeEvent, Payload: event,
	})
	switch {
	case cloud.IsThrottle(err), cloud.IsConflict(err):
		return release.Wait(v1alpha1.ConditionCommandsSucceeded, v1alpha1.ReasonProgressing, busyPoll,
			"deploy command %q waits for Lambda: %s", name, cloud.Message(err))
	case err != nil:
		return fmt.Errorf("starting deploy command %q: %w", name, err)
	}
	return nil
}

// void puts the claim of a command. That it could be put proves that the command never started and never will; a
// refusal proves that it started, or that this was done before. Either way the next look tells.
func (p *Performer) void(ctx context.Context, name string, s Subject) error {
	run := s.Recorded.Run
	claim, err := json.Marshal(proof.Claim(release.ProofKey(p.HashKey, run.ReleaseID, run.ID, name), function.Claim{
		State: function.ClaimVoid, StartedAt: p.Now().UTC().Format(time.RFC3339Nano), Reason: "not started in time",
	}))
	if err != nil {
		return fmt.Errorf("writing the claim of deploy command %q: %w", name, err)
	}
	_, err = p.Clients.S3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(p.Names.Bucket),
		Key:    aws.String(release.CommandKey(run.ReleaseID, run.ID, name) + release.ClaimSuffix),
		Body:   bytes.NewReader(claim), IfNoneMatch: aws.String("*"), ExpectedBucketOwner: aws.String(p.Clients.Account),
	})
	if err != nil && !cloud.IsPreconditionFailed(err) {
		return fmt.Errorf("voiding deploy command %q: %w", name, err)
	}
	return nil
}
