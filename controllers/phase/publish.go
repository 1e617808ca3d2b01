package phase

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"golang.org/x/sync/errgroup"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
)

const (
	// busyPoll is when something that another operation holds is looked at again.
	busyPoll = 5 * time.Second
	// parallelCalls bounds the calls that one phase makes at once; Lambda's control plane allows 15 a second for the
	// account.
	parallelCalls = 8
)

// publish makes a version of every function that has none in this run, all at once, and gives those that are active.
// Publishing again gives the same version as long as nothing called an update in between (Lambda developer guide,
// "Creating function versions"), so a crash between the call and the record does no harm.
func (p *Performer) publish(ctx context.Context, s Subject) (release.Outcome, error) {
	var missing []release.Function
	for _, function := range s.Desired.Functions {
		if s.Recorded.Run.Function(function.Name) == "" {
			missing = append(missing, function)
		}
	}
	active := make([]release.FunctionVersion, len(missing))
	var group errgroup.Group
	group.SetLimit(parallelCalls)
	for i, function := range missing {
		group.Go(func() error {
			version, err := p.publishOne(ctx, s, function)
			if err == nil {
				active[i] = release.FunctionVersion{Name: function.Name, Version: version}
			}
			return err
		})
	}
	err := group.Wait()
	active = slices.DeleteFunc(active, func(v release.FunctionVersion) bool { return v.Version == "" })
	if waiting, ok := release.AsWaiting(err); ok {
		of := len(s.Desired.Functions)
		err = publishing("%d of %d versions are active: %s", of-len(missing)+len(active), of, waiting.Message)
	}
	return release.Outcome{Functions: active}, err
}

func (p *Performer) publishOne(ctx context.Context, s Subject, function release.Function) (string, error) {
	name := aws.String(function.FullName)
	latest, err := p.Clients.Lambda.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: name})
	if err != nil {
		return "", fmt.Errorf("reading function %s: %w", function.FullName, err)
	}
	if err := updatedAsWanted(latest, s); err != nil {
		return "", err
	}
	published, err := p.Clients.Lambda.PublishVersion(ctx, &lambda.PublishVersionInput{
		FunctionName: name, CodeSha256: latest.Configuration.CodeSha256, RevisionId: latest.Configuration.RevisionId,
	})
	switch {
	case cloud.IsConflict(err), cloud.IsPreconditionFailed(err):
		return "", publishing("function %s is being updated", function.FullName)
	case err != nil:
		return "", fmt.Errorf("publishing function %s: %w", function.FullName, err)
	case aws.ToString(published.Description) != s.Desired.Description().String():
		return "", fmt.Errorf("publishing function %s: version %s is of another release (%s)",
			function.FullName, aws.ToString(published.Version), aws.ToString(published.Description))
	}
	version := aws.ToString(published.Version)
	return version, p.versionActive(ctx, function.FullName, version, published.State, published.StateReason)
}

// updatedAsWanted guards what is published: the stack's update has arrived, and nobody changed the function after it.
func updatedAsWanted(latest *lambda.GetFunctionOutput, s Subject) error {
	configuration := latest.Configuration
	name := aws.ToString(configuration.FunctionName)
	if configuration.LastUpdateStatus == types.LastUpdateStatusFailed || configuration.State == types.StateFailed {
		return release.Reject(v1alpha1.ConditionVersionsPublished, v1alpha1.ReasonVersionFailed,
			"function %s cannot be published: %s", name,
			cmp.Or(aws.ToString(configuration.LastUpdateStatusReason), aws.ToString(configuration.StateReason),
				"AWS gives no reason"))
	}
	if configuration.State == types.StatePending || configuration.LastUpdateStatus == types.LastUpdateStatusInProgress {
		return publishing("function %s is being updated", name)
	}
	_, digest, _ := strings.Cut(aws.ToString(latest.Code.ResolvedImageUri), "@")
	if digest != s.Recorded.Run.DeployedDigest ||
		aws.ToString(configuration.Description) != s.Desired.Description().String() {
		return release.Reject(v1alpha1.ConditionVersionsPublished, v1alpha1.ReasonVersionFailed,
			"function %s was changed by someone else after the stack was updated: leave its code and configuration to Aloft, "+
				"and annotate the Stage with %s=<any new value>",
			name, v1alpha1.AnnotationRetry)
	}
	return nil
}

func (p *Performer) versionActive(
	ctx context.Context, function, version string, state types.State, reason *string,
) error {
	if state == types.StatePending || state == "" {
		answer, err := p.Clients.Lambda.GetFunction(ctx, &lambda.GetFunctionInput{
			FunctionName: aws.String(function), Qualifier: aws.String(version),
		})
		if err != nil {
			return fmt.Errorf("reading version %s of function %s: %w", version, function, err)
		}
		state, reason = answer.Configuration.State, answer.Configuration.StateReason
	}
	switch state {
	case types.StatePending:
		return publishing("version %s of function %s becomes active", version, function)
	case types.StateFailed:
		return release.Reject(v1alpha1.ConditionVersionsPublished, v1alpha1.ReasonVersionFailed,
			"version %s of function %s cannot become active: %s", version, function, aws.ToString(reason))
	default:
		return nil
	}
}

func publishing(format string, arguments ...any) error {
	return release.Wait(v1alpha1.ConditionVersionsPublished, v1alpha1.ReasonProgressing, release.Soon, format,
		arguments...)
}
