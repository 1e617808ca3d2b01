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

// move points the live alias of one function at the version after, or back at the one before.
func (p *Performer) move(ctx context.Context, step release.Step, s Subject) (release.Outcome, error) {
	move := step.Move
	function := p.Names.Prefix + "-" + move.Name
	version := move.After
	if step.Action == release.ActionRevert {
		version = move.Before
	}
	before := s.Observed.Aliases[move.Name]
	after, err := p.point(ctx, function, before, version)
	switch {
	case err == nil:
		return release.Outcome{Alias: &after}, nil
	case cloud.IsPreconditionFailed(err), before.Version == "" && cloud.IsConflict(err):
		// someone wrote in between, this operator before a crash or another: the next look tells
		return release.Outcome{}, nil
	default:
		return release.Outcome{}, fmt.Errorf("pointing the alias of function %s at version %s: %w", function, version, err)
	}
}

// point makes an alias or moves it, and gives it as AWS has it then.
func (p *Performer) point(
	ctx context.Context, function string, alias release.Alias, version string,
) (release.Alias, error) {
	if alias.Version == "" {
		made, err := p.Clients.Lambda.CreateAlias(ctx, &lambda.CreateAliasInput{
			FunctionName: aws.String(function), Name: aws.String(release.LiveAlias), FunctionVersion: aws.String(version),
		})
		if err != nil {
			return release.Alias{}, err
		}
		return release.Alias{Version: aws.ToString(made.FunctionVersion), RevisionID: aws.ToString(made.RevisionId)}, nil
	}
	// Without a routing configuration the old weights would stay; the revision id fences off a second writer.
	updated, err := p.Clients.Lambda.UpdateAlias(ctx, &lambda.UpdateAliasInput{
		FunctionName: aws.String(function), Name: aws.String(release.LiveAlias), FunctionVersion: aws.String(version),
		RevisionId:    aws.String(alias.RevisionID),
		RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{}},
	})
	if err != nil {
		return release.Alias{}, err
	}
	return release.Alias{
		Version: aws.ToString(updated.FunctionVersion), RevisionID: aws.ToString(updated.RevisionId),
	}, nil
}
