package phase

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
)

// flip points the live alias of one function at the run's version, or back at the one before. All of them are read back once the
// last one has moved.
func (p *Performer) flip(ctx context.Context, step release.Step, s Subject) error {
	function, err := s.Desired.Function(step.Function)
	if err != nil {
		return err
	}
	record := s.Recorded.Run.Function(function.Name)
	version := record.Version
	if step.Action == release.ActionFlipBack {
		version = record.Previous
	}
	before := s.Observed.Aliases[function.Name]
	after, err := p.point(ctx, function, before, version)
	if err == nil {
		s.Observed.Aliases[function.Name] = after
	}
	if err != nil || step.Action == release.ActionFlipBack || moved(s) {
		s.Observed.Forget(release.PartAliases)
	}
	if err == nil || cloud.IsPreconditionFailed(err) || before.Version == "" && cloud.IsConflict(err) {
		return nil // someone wrote in between, this operator before a crash or another: the next look tells
	}
	return fmt.Errorf("pointing the alias of function %s at version %s: %w", function.FullName, version, err)
}

// point makes an alias or moves it, and gives it as AWS has it then.
func (p *Performer) point(ctx context.Context, function release.Function, alias release.Alias, version string) (release.Alias, error) {
	if alias.Version == "" {
		made, err := p.Clients.Lambda.CreateAlias(ctx, &lambda.CreateAliasInput{
			FunctionName: aws.String(function.FullName), Name: aws.String(release.LiveAlias), FunctionVersion: aws.String(version),
		})
		if err != nil {
			return release.Alias{}, err
		}
		return release.Alias{Version: aws.ToString(made.FunctionVersion), RevisionID: aws.ToString(made.RevisionId)}, nil
	}
	// Without a routing configuration the old weights would stay; the revision id fences off a second writer.
	updated, err := p.Clients.Lambda.UpdateAlias(ctx, &lambda.UpdateAliasInput{
		FunctionName: aws.String(function.FullName), Name: aws.String(release.LiveAlias), FunctionVersion: aws.String(version),
		RevisionId: aws.String(alias.RevisionID), RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{}},
	})
	if err != nil {
		return release.Alias{}, err
	}
	return release.Alias{Version: aws.ToString(updated.FunctionVersion), RevisionID: aws.ToString(updated.RevisionId)}, nil
}

// moved says that, by what AWS has answered, every alias points at the run's version.
func moved(s Subject) bool {
	for _, function := range s.Desired.Functions {
		if s.Observed.Aliases[function.Name].Version != s.Recorded.Run.Function(function.Name).Version {
			return false
		}
	}
	return true
}
