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

// flip points the live alias of one function at the run's version, or back at the one before. It is read back by the next look.
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
	alias := s.Observed.Aliases[function.Name]
	if alias.Version == "" {
		_, err = p.Clients.Lambda.CreateAlias(ctx, &lambda.CreateAliasInput{
			FunctionName: aws.String(function.FullName), Name: aws.String(release.LiveAlias), FunctionVersion: aws.String(version),
		})
	} else {
		// Without a routing configuration the old weights would stay; the revision id fences off a second writer.
		_, err = p.Clients.Lambda.UpdateAlias(ctx, &lambda.UpdateAliasInput{
			FunctionName: aws.String(function.FullName), Name: aws.String(release.LiveAlias), FunctionVersion: aws.String(version),
			RevisionId: aws.String(alias.RevisionID), RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{}},
		})
	}
	if err == nil || cloud.IsPreconditionFailed(err) || alias.Version == "" && cloud.IsConflict(err) {
		return nil // someone wrote in between, this operator before a crash or another: the next look tells
	}
	return fmt.Errorf("pointing the alias of function %s at version %s: %w", function.FullName, version, err)
}
