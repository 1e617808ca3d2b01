package observed

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
)

// maxEvidence bounds what is read of a claim or a result; a result holds at most 256 KiB of output, in base64.
const maxEvidence = 1 << 20

// command reads claim and result of a command of the run.
func (o *Observer) command(ctx context.Context, run *release.Run, name string) (*release.CommandEvidence, error) {
	evidence := &release.CommandEvidence{Name: name}
	key := release.CommandKey(run.ReleaseID, run.ID, name)
	var claim function.Claim
	found, err := o.readJSON(ctx, key+release.ClaimSuffix, &claim)
	if cloud.IsNoBucket(err) {
		evidence.Lost = true
		return evidence, nil
	}
	if err != nil || !found {
		return evidence, err
	}
	if claim.State == function.ClaimVoid {
		evidence.Void = true
		return evidence, nil
	}
	evidence.Claimed = true
	if evidence.StartedAt, err = time.Parse(time.RFC3339Nano, claim.StartedAt); err != nil {
		return nil, fmt.Errorf("reading the claim of command %s: %w", name, err)
	}
	var result function.Result
	found, err = o.readJSON(ctx, key+release.ResultSuffix, &result)
	if err != nil || !found {
		return evidence, err
	}
	finished, err := time.Parse(time.RFC3339Nano, result.FinishedAt)
	if err != nil {
		return nil, fmt.Errorf("reading the result of command %s: %w", name, err)
	}
	evidence.Result = &release.CommandResult{ExitCode: result.ExitCode, Output: result.Output, FinishedAt: finished}
	return evidence, nil
}

// leftRun finds the newest run of a release that left claims in the bucket, and which commands they are of. Run ids
// begin with their time, so the last one in order is the newest.
func (o *Observer) leftRun(ctx context.Context, releaseID string) (*release.LeftRun, error) {
	left := &release.LeftRun{}
	prefix := release.RunsPrefix(releaseID)
	pages := s3.NewListObjectsV2Paginator(o.Clients.S3, &s3.ListObjectsV2Input{
		Bucket: aws.String(o.Names.Bucket), Prefix: aws.String(prefix), ExpectedBucketOwner: aws.String(o.Clients.Account),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if cloud.IsNotFound(err) {
			return left, nil
		}
		if err != nil {
			return nil, fmt.Errorf("listing the runs of release %s: %w", releaseID, err)
		}
		for _, object := range page.Contents {
			id, file, _ := strings.Cut(strings.TrimPrefix(aws.ToString(object.Key), prefix), "/")
			command, isClaim := strings.CutSuffix(file, release.ClaimSuffix)
			if !isClaim {
				continue
			}
			if id > left.Run {
				*left = release.LeftRun{Run: id}
			}
			if id == left.Run {
				left.Commands = append(left.Commands, command)
			}
		}
	}
	return left, nil
}

// declaration reads the declaration of a release that is being brought live; the Stage may ask for another one by now.
func (o *Observer) declaration(ctx context.Context, id string) (*release.Desired, error) {
	d := &release.Desired{}
	found, err := o.readJSON(ctx, release.ReleaseKey(id), d)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, fmt.Errorf("the declaration of release %s is not in bucket %s", id, o.Names.Bucket)
	default:
		return d, nil
	}
}

func (o *Observer) readJSON(ctx context.Context, key string, into any) (found bool, err error) {
	answer, err := o.Clients.S3.GetObject(ctx, &s3.GetObjectInput{
		Bucket: aws.String(o.Names.Bucket), Key: aws.String(key), ExpectedBucketOwner: aws.String(o.Clients.Account),
	})
	if cloud.IsNotFound(err) && !cloud.IsNoBucket(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading %s: %w", key, err)
	}
	defer func() { _ = answer.Body.Close() }()
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxEvidence)).Decode(into); err != nil {
		return false, fmt.Errorf("reading %s: %w", key, err)
	}
	return true, nil
}
