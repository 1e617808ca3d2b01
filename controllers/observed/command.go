package observed

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/api/function/proof"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
)

// maxEvidence bounds what is read of a claim or a result; a result holds at most 256 KiB of output, in base64.
const maxEvidence = 1 << 20

// command reads claim and result of a command of the run. Who may write the bucket can write both, the application for
// one, so only what is proven is believed: a result that is not counts as none.
func (o *Observer) command(ctx context.Context, run *release.Run, name string) (*release.CommandEvidence, error) {
	evidence := &release.CommandEvidence{Name: name}
	if record := run.Command(name); record != nil && record.State == release.CommandStarted { // its claim was read
		evidence.Claimed, evidence.StartedAt = true, record.StartedAt
		return o.result(ctx, run, evidence)
	}
	claim, err := o.claim(ctx, run.ReleaseID, run.ID, name)
	switch {
	case cloud.IsNoBucket(err):
		evidence.Lost = true
		return evidence, nil
	case err != nil || !claim.found:
		return evidence, err
	case claim.void:
		evidence.Void = true
		return evidence, nil
	}
	evidence.Claimed, evidence.StartedAt = true, claim.startedAt
	return o.result(ctx, run, evidence)
}

// result adds the result of a command that was claimed.
func (o *Observer) result(
	ctx context.Context, run *release.Run, evidence *release.CommandEvidence,
) (*release.CommandEvidence, error) {
	name := evidence.Name
	var result function.Result
	_, found, err := o.readJSON(ctx, release.CommandKey(run.ReleaseID, run.ID, name)+release.ResultSuffix, &result)
	switch {
	case malformed(err):
		return evidence, nil
	case cloud.IsNoBucket(err):
		evidence.Lost = true
		return evidence, nil
	}
	if err != nil || !found || !proof.ResultHolds(release.ProofKey(o.HashKey, run.ReleaseID, run.ID, name), result) {
		return evidence, err
	}
	finished, err := time.Parse(time.RFC3339Nano, result.FinishedAt)
	if err != nil {
		return nil, fmt.Errorf("reading the result of command %s: %w", name, err)
	}
	evidence.Result = &release.CommandResult{ExitCode: result.ExitCode, Output: result.Output, FinishedAt: finished}
	return evidence, nil
}

// malformed says that an object is not what the operator or the runtime would have written: whoever may write the
// bucket must not hold up a Stage for good.
func malformed(err error) bool {
	_, is := errors.AsType[*cloud.Malformed](err)
	return is
}

// claimed is what a command's claim tells.
type claimed struct {
	found, void bool
	startedAt   time.Time
}

// claim reads a claim. One that is not proven tells nothing, neither that the command runs nor that it never will; but
// it keeps the command from being claimed, so it counts as a start at the time at which S3 took it.
func (o *Observer) claim(ctx context.Context, id, run, name string) (claimed, error) {
	var claim function.Claim
	written, found, err := o.readJSON(ctx, release.CommandKey(id, run, name)+release.ClaimSuffix, &claim)
	switch {
	case malformed(err):
		return claimed{found: true, startedAt: written}, nil
	case err != nil || !found:
		return claimed{}, err
	case !proof.ClaimHolds(release.ProofKey(o.HashKey, id, run, name), claim):
		return claimed{found: true, startedAt: written}, nil
	case claim.State == function.ClaimVoid:
		return claimed{found: true, void: true}, nil
	}
	startedAt, err := time.Parse(time.RFC3339Nano, claim.StartedAt)
	if err != nil {
		return claimed{}, fmt.Errorf("reading the claim of command %s: %w", name, err)
	}
	return claimed{found: true, startedAt: startedAt}, nil
}

// clocksDiffer is how far the operator's clock may be ahead of S3's.
const clocksDiffer = 5 * time.Minute

// left finds the newest run of a release that left claims in the bucket, and which commands they are of. Run ids begin
// with their time, so the last one in order is the newest. Commands of other releases count as long as they may run.
func (o *Observer) left(ctx context.Context, releaseID string) (*release.LeftRun, error) {
	left, others, ended := &release.LeftRun{}, []string(nil), map[string]bool{}
	for object, err := range o.Clients.Objects(ctx, o.Names.Bucket, release.RunsFolder) {
		if cloud.IsNotFound(err) {
			return left, nil
		}
		if err != nil {
			return nil, err
		}
		key := aws.ToString(object.Key)
		if command, isResult := strings.CutSuffix(key, release.ResultSuffix); isResult {
			ended[command] = true
		}
		command, isClaim := strings.CutSuffix(key, release.ClaimSuffix)
		if !isClaim {
			continue
		}
		own, isOwn := strings.CutPrefix(command, release.RunsPrefix(releaseID))
		if !isOwn {
			others = append(others, command)
			continue
		}
		run, name, _ := strings.Cut(own, "/")
		// What else lies there must not hide the run that was under way, whose commands must not run again.
		start, isRun := release.RunStart(run)
		if !isRun || start.After(aws.ToTime(object.LastModified).Add(clocksDiffer)) {
			continue
		}
		if run > left.Run {
			left.Run, left.Commands = run, nil
		}
		if run == left.Run {
			left.Commands = append(left.Commands, name)
		}
	}
	var err error
	left.Open, err = o.open(ctx, slices.DeleteFunc(others, func(command string) bool { return ended[command] }))
	return left, err
}

// open tells which commands have started of those that were claimed, by the beginnings of their keys. A claim may also
// say that its command never will.
func (o *Observer) open(ctx context.Context, commands []string) (open []release.OpenCommand, err error) {
	for _, command := range commands {
		id, rest, _ := strings.Cut(strings.TrimPrefix(command, release.RunsFolder), "/")
		run, name, _ := strings.Cut(rest, "/")
		claim, err := o.claim(ctx, id, run, name)
		if err != nil {
			return nil, err
		}
		if claim.found && !claim.void {
			open = append(open, release.OpenCommand{Release: id, Name: name, StartedAt: claim.startedAt})
		}
	}
	return open, nil
}

// declaration reads the declaration of a release that is being brought live; the Stage may ask for another one by now.
func (o *Observer) declaration(ctx context.Context, id string) (*release.Declaration, error) {
	d := &release.Desired{}
	_, found, err := o.readJSON(ctx, release.ReleaseKey(id), d)
	switch {
	case err != nil && !cloud.IsNoBucket(err):
		return nil, err
	case !found:
		return &release.Declaration{Release: id}, nil
	default:
		return &release.Declaration{Release: id, Desired: d}, nil
	}
}

// readJSON reads an object of the stage's bucket, which S3 says was written at some time.
func (o *Observer) readJSON(ctx context.Context, key string, into any) (written time.Time, found bool, err error) {
	return o.Clients.ReadJSON(ctx, o.Names.Bucket, key, maxEvidence, into)
}
