package observed

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
)

// maxReleases bounds how many releases are read back; the status has room for no more.
const maxReleases = 20

// releases reads back from the versions of the functions which releases there are, newest first by the http function,
// with the newest version of each function. Which of them were live before is not known to AWS.
func (o *Observer) releases(ctx context.Context, http string, names map[string]bool) ([]release.Live, error) {
	newest := map[string]map[string]string{} // by release and function
	var order []release.Description
	for name := range names {
		versions, err := o.versions(ctx, o.Names.Prefix+"-"+name)
		if err != nil {
			return nil, err
		}
		for _, version := range slices.Backward(versions) { // Lambda lists $LATEST first and then the oldest
			description, ours := release.ParseDescription(aws.ToString(version.Description))
			number, of := aws.ToString(version.Version), newest[description.ReleaseID]
			if !ours || number == latest || of[name] != "" {
				continue
			}
			if of == nil {
				of = map[string]string{}
				newest[description.ReleaseID] = of
			}
			of[name] = number
			if name == http {
				order = append(order, description)
			}
		}
	}
	found := []release.Live{}
	for _, description := range order[:min(len(order), maxReleases)] {
		read, err := o.releaseOf(ctx, o.Names.Prefix+"-"+http, newest[description.ReleaseID][http], description)
		if err != nil {
			return nil, err
		}
		for _, name := range slices.Sorted(maps.Keys(newest[description.ReleaseID])) {
			read.Functions = append(read.Functions,
				release.FunctionVersion{Name: name, Version: newest[description.ReleaseID][name]})
		}
		found = append(found, read)
	}
	return found, nil
}

// latest is what Lambda calls the version that is not published.
const latest = "$LATEST"

// versions lists the versions of a function as Lambda does; none where there is no function.
func (o *Observer) versions(ctx context.Context, function string) ([]types.FunctionConfiguration, error) {
	var versions []types.FunctionConfiguration
	pages := lambda.NewListVersionsByFunctionPaginator(o.Clients.Lambda,
		&lambda.ListVersionsByFunctionInput{FunctionName: aws.String(function)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if cloud.IsNotFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("listing the versions of %s: %w", function, err)
		}
		versions = append(versions, page.Versions...)
	}
	return versions, nil
}

func (o *Observer) releaseOf(
	ctx context.Context, function, number string, description release.Description,
) (release.Live, error) {
	version, err := o.version(ctx, function, number)
	if err != nil {
		return release.Live{}, err
	}
	digest, config := contentOf(version)
	return release.Live{
		ID: description.ReleaseID, BuildID: description.BuildID, Revision: description.Revision, DeployedDigest: digest,
		ConfigHash: config,
	}, nil
}

// contentOf gives the digest of a version's image and the name of its bundle of variables.
func contentOf(version *lambda.GetFunctionOutput) (digest, config string) {
	if version.Code != nil {
		_, digest, _ = strings.Cut(aws.ToString(version.Code.ResolvedImageUri), "@")
	}
	if version.Configuration != nil && version.Configuration.Environment != nil {
		config = path.Base(version.Configuration.Environment.Variables[function.VariableConfig])
	}
	return digest, config
}
