package phase

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/parallel"
	"github.com/aloft-dev/aloft/controllers/release"
)

const (
	// busyPoll is when something that another operation holds is looked at again.
	busyPoll = 5 * time.Second
	// parallelCalls bounds the calls that one phase makes at once; Lambda's control plane allows 15 a second for the
	// account.
	parallelCalls = 8
)

// publish makes a version of every function that has none in this run, all at once, and gives those that are new, or
// active by now. Publishing again gives the same version as long as nothing called an update in between (Lambda
// developer guide, "Creating function versions"), so a crash between the call and the record does no harm; a version
// that is known is only looked at.
func (p *Performer) publish(ctx context.Context, s Subject) (release.Outcome, error) {
	known := map[string]release.FunctionVersion{}
	for _, version := range s.Recorded.Run.Functions {
		known[version.Name] = version
	}
	published := make([]release.FunctionVersion, len(s.Desired.Functions))
	waits := make([]error, len(s.Desired.Functions))
	group := parallel.New()
	group.SetLimit(parallelCalls)
	for i, function := range s.Desired.Functions {
		group.Go(func() error {
			var err error
			published[i], err = p.publishOne(ctx, s, function, known[function.Name])
			if waiting, ok := release.AsWaiting(err); ok {
				waits[i] = waiting
				return nil
			}
			return err
		})
	}
	err := group.Wait()
	published = slices.DeleteFunc(published, func(v release.FunctionVersion) bool { return v.Version == "" })
	active := (&release.Run{Functions: published}).Active()
	published = slices.DeleteFunc(published, func(v release.FunctionVersion) bool { return v == known[v.Name] })
	if waiting, ok := release.AsWaiting(errors.Join(waits...)); ok && err == nil {
		err = publishing("%d of %d versions are active: %s", active, len(s.Desired.Functions), waiting.Message)
	}
	return release.Outcome{Functions: published}, err
}

// publishOne makes a version of a function, or looks at the one that is known, and gives it.
func (p *Performer) publishOne(
	ctx context.Context, s Subject, function release.Function, known release.FunctionVersion,
) (release.FunctionVersion, error) {
	version, state, reason := known, types.State(""), ""
	var err error
	switch {
	case known.Version == "":
		version.Name = function.Name
		version.Version, state, reason, err = p.publishNew(ctx, s, function)
	case known.Pending:
		state, reason, err = p.stateOf(ctx, function.FullName, known.Version)
	default:
		return known, nil
	}
	if err != nil {
		return release.FunctionVersion{}, err
	}
	version.Pending = state == types.StatePending
	switch state {
	case types.StatePending:
		return version, publishing("version %s of function %s becomes active", version.Version, function.FullName)
	case types.StateFailed:
		return release.FunctionVersion{}, release.Reject(v1alpha1.ConditionVersionsPublished, v1alpha1.ReasonVersionFailed,
			"version %s of function %s cannot become active: %s", version.Version, function.FullName, reason)
	default:
		return version, nil
	}
}

func (p *Performer) publishNew(
	ctx context.Context, s Subject, function release.Function,
) (version string, state types.State, reason string, err error) {
	name := aws.String(function.FullName)
	latest, err := p.Clients.Lambda.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: name})
	if err != nil {
		return "", "", "", fmt.Errorf("reading function %s: %w", function.FullName, err)
	}
	if err := updatedAsWanted(latest, s); err != nil {
		return "", "", "", err
	}
	published, err := p.Clients.Lambda.PublishVersion(ctx, &lambda.PublishVersionInput{
		FunctionName: name, CodeSha256: latest.Configuration.CodeSha256, RevisionId: latest.Configuration.RevisionId,
	})
	switch {
	case cloud.IsConflict(err), cloud.IsPreconditionFailed(err):
		return "", "", "", publishing("function %s is being updated", function.FullName)
	case err != nil:
		return "", "", "", fmt.Errorf("publishing function %s: %w", function.FullName, err)
	case aws.ToString(published.Description) != s.Desired.Description().String():
		return "", "", "", fmt.Errorf("publishing function %s: version %s is of another release (%s)",
			function.FullName, aws.ToString(published.Version), aws.ToString(published.Description))
	}
	return aws.ToString(published.Version), cmp.Or(published.State, types.StatePending),
		aws.ToString(published.StateReason), nil
}

func (p *Performer) stateOf(ctx context.Context, function, version string) (types.State, string, error) {
	answer, err := p.Clients.Lambda.GetFunction(ctx, &lambda.GetFunctionInput{
		FunctionName: aws.String(function), Qualifier: aws.String(version),
	})
	if cloud.IsNotFound(err) {
		return "", "", release.Reject(v1alpha1.ConditionVersionsPublished, v1alpha1.ReasonVersionFailed,
			"version %s of function %s is gone: someone deleted it", version, function)
	}
	if err != nil {
		return "", "", fmt.Errorf("reading version %s of function %s: %w", version, function, err)
	}
	return answer.Configuration.State, aws.ToString(answer.Configuration.StateReason), nil
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

func publishing(format string, arguments ...any) error {
	return release.Wait(v1alpha1.ConditionVersionsPublished, v1alpha1.ReasonProgressing, release.Soon, format,
		arguments...)
}
