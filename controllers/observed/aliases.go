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

// aliases reads the live alias of each function, and what its versions consist of where that is needed.
func (o *Observer) aliases(
	ctx context.Context, names map[string]bool, contents bool,
) (map[string]release.Alias, error) {
	var mu sync.Mutex
	aliases := make(map[string]release.Alias, len(names))
	group, ctx := parallel.WithContext(ctx)
	group.SetLimit(8)
	for name := range names {
		group.Go(func() error {
			function := o.Names.Prefix + "-" + name
			alias, err := o.alias(ctx, function)
			if err == nil && contents {
				err = o.contents(ctx, function, &alias)
			}
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
	return release.Alias{
		Version: aws.ToString(answer.FunctionVersion), RevisionID: aws.ToString(answer.RevisionId),
		Shares: shares(answer.RoutingConfig),
	}, nil
}

// shares is what other versions get of an alias's traffic.
func shares(routing *types.AliasRoutingConfiguration) map[string]release.Share {
	if routing == nil || len(routing.AdditionalVersionWeights) == 0 {
		return nil
	}
	shares := make(map[string]release.Share, len(routing.AdditionalVersionWeights))
	for number, weight := range routing.AdditionalVersionWeights {
		shares[number] = release.Share{Percent: int32(math.Round(weight * 100))}
	}
	return shares
}

// contents reads what the versions behind an alias consist of, and whose they are.
func (o *Observer) contents(ctx context.Context, function string, alias *release.Alias) error {
	if alias.Version == "" {
		return nil
	}
	version, err := o.version(ctx, function, alias.Version)
	if err != nil {
		return err
	}
	// Lambda writes 2026-01-02T15:04:05.000+0000; where it does not, the version counts as old.
	alias.PublishedAt, _ = time.Parse("2006-01-02T15:04:05.999-0700", aws.ToString(version.Configuration.LastModified))
	alias.Description, _ = release.ParseDescription(aws.ToString(version.Configuration.Description))
	alias.ImageDigest, alias.ConfigHash = contentOf(version)
	for number, share := range alias.Shares {
		version, err := o.version(ctx, function, number)
		if err != nil {
			return err
		}
		share.Description, _ = release.ParseDescription(aws.ToString(version.Configuration.Description))
		alias.Shares[number] = share
	}
	return nil
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
