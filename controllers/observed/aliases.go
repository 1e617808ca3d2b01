package observed

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"golang.org/x/sync/errgroup"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
)

// aliases reads the live alias of each function that the release or the deployed stack has.
func (o *Observer) aliases(ctx context.Context, d *release.Desired, app *release.Stack) (map[string]release.Alias, error) {
	names := map[string]bool{}
	for _, function := range d.Functions {
		names[function.Name] = true
	}
	if app != nil && len(app.Template) > 0 {
		deployed, err := template.Parse(app.Template)
		if err != nil {
			return nil, fmt.Errorf("reading the deployed template: %w", err)
		}
		for _, name := range template.Functions(deployed) {
			names[name] = true
		}
	}
	var mu sync.Mutex
	aliases := make(map[string]release.Alias, len(names))
	group, ctx := errgroup.WithContext(ctx)
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
		Version:    aws.ToString(answer.FunctionVersion),
		RevisionID: aws.ToString(answer.RevisionId),
		Weighted:   answer.RoutingConfig != nil && len(answer.RoutingConfig.AdditionalVersionWeights) > 0,
	}
	version, err := o.Clients.Lambda.GetFunction(ctx, &lambda.GetFunctionInput{
		FunctionName: aws.String(function), Qualifier: aws.String(alias.Version),
	})
	if err != nil {
		return release.Alias{}, fmt.Errorf("reading version %s of %s: %w", alias.Version, function, err)
	}
	// Lambda writes 2026-01-02T15:04:05.000+0000; where it does not, the version counts as old.
	alias.PublishedAt, _ = time.Parse("2006-01-02T15:04:05.999-0700", aws.ToString(version.Configuration.LastModified))
	alias.Description, _ = release.ParseDescription(aws.ToString(version.Configuration.Description))
	alias.ImageDigest, alias.ConfigHash = contentOf(version)
	return alias, nil
}
