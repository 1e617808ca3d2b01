package observed

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/parallel"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
)

// functions names the functions that the release or the deployed stack has, or that the run moves.
func functions(d *release.Desired, app *release.Stack, run *release.Run) (map[string]bool, error) {
	names := map[string]bool{}
	if d != nil {
		for _, function := range d.Functions {
			names[function.Name] = true
		}
	}
	if run != nil && run.Activation != nil {
		for _, move := range run.Activation.Moves {
			names[move.Name] = true
		}
	}
	deployed, err := template.Deployed(app)
	if err != nil || deployed == nil {
		return names, err
	}
	for _, name := range template.Functions(deployed) {
		names[name] = true
	}
	return names, nil
}

// aliases reads the live alias of each function.
func (o *Observer) aliases(ctx context.Context, names map[string]bool) (map[string]release.Alias, error) {
	var mu sync.Mutex
	aliases := make(map[string]release.Alias, len(names))
	group, ctx := parallel.WithContext(ctx)
	group.SetLimit(8)
	for name := range names {
		group.Go(func() error {
			alias, err := o.alias(ctx, o.Names.Prefix+"-"+name)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			aliases[name] = alias
			return nil
		})
	}
	return aliases, group.Wait()
}

func (o *Observer) alias(ctx context.Context, function string) (release.Alias, error) {
	answer, err := o.Clients.Lambda.GetAlias(ctx, &lambda.GetAliasInput{
		FunctionName: aws.String(function), Name: aws.String(release.LiveAlias),
	})
	if cloud.IsNotFound(err) {
		return release.Alias{}, nil
	}
	if err != nil {
		return release.Alias{}, fmt.Errorf("reading the alias of %s: %w", function, err)
	}
	alias := release.Alias{
		Version: aws.ToString(answer.FunctionVersion), RevisionID: aws.ToString(answer.RevisionId),
	}
	if alias.Shares, err = o.shares(ctx, function, answer.RoutingConfig); err != nil {
		return release.Alias{}, err
	}
	version, err := o.version(ctx, function, alias.Version)
	if err != nil {
		return release.Alias{}, err
	}
	// Lambda writes 2026-01-02T15:04:05.000+0000; where it does not, the version counts as old.
	alias.PublishedAt, _ = time.Parse("2006-01-02T15:04:05.999-0700", aws.ToString(version.Configuration.LastModified))
	alias.Description, _ = release.ParseDescription(aws.ToString(version.Configuration.Description))
	alias.ImageDigest, alias.ConfigHash = contentOf(version)
	return alias, nil
}

// shares reads what other versions get of an alias's traffic, and whose they are.
func (o *Observer) shares(
	ctx context.Context, function string, routing *types.AliasRoutingConfiguration,
) (map[string]release.Share, error) {
	if routing == nil || len(routing.AdditionalVersionWeights) == 0 {
		return nil, nil
	}
	shares := make(map[string]release.Share, len(routing.AdditionalVersionWeights))
	for number, weight := range routing.AdditionalVersionWeights {
		version, err := o.version(ctx, function, number)
		if err != nil {
			return nil, err
		}
		description, _ := release.ParseDescription(aws.ToString(version.Configuration.Description))
		shares[number] = release.Share{Percent: int32(math.Round(weight * 100)), Description: description}
	}
	return shares, nil
}

func (o *Observer) version(ctx context.Context, function, number string) (*lambda.GetFunctionOutput, error) {
	version, err := o.Clients.Lambda.GetFunction(ctx, &lambda.GetFunctionInput{
		FunctionName: aws.String(function), Qualifier: aws.String(number),
	})
	if err != nil {
		return nil, fmt.Errorf("reading version %s of %s: %w", number, function, err)
	}
	return version, nil
}
