package observed

import (
	"context"
	"fmt"
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

// releases reads back from the versions of the http function which releases there are beside the live one, newest first. Which of
// them were live before is not known to AWS.
func (o *Observer) releases(ctx context.Context, d *release.Desired, live string) ([]release.Live, error) {
	function := o.Names.Prefix + "-" + d.HTTP().Name
	var versions []types.FunctionConfiguration
	pages := lambda.NewListVersionsByFunctionPaginator(o.Clients.Lambda, &lambda.ListVersionsByFunctionInput{FunctionName: aws.String(function)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if cloud.IsNotFound(err) {
			return []release.Live{}, nil
		}
		if err != nil {
			return nil, fmt.Errorf("listing the versions of %s: %w", function, err)
		}
		versions = append(versions, page.Versions...)
	}
	found, seen := []release.Live{}, map[string]bool{live: true}
	for _, version := range slices.Backward(versions) { // Lambda lists $LATEST first and then the oldest
		description, ours := release.ParseDescription(aws.ToString(version.Description))
		if !ours || seen[description.ReleaseID] || aws.ToString(version.Version) == "$LATEST" || len(found) == maxReleases {
			continue
		}
		seen[description.ReleaseID] = true
		read, err := o.releaseOf(ctx, function, aws.ToString(version.Version), description)
		if err != nil {
			return nil, err
		}
		found = append(found, read)
	}
	return found, nil
}

func (o *Observer) releaseOf(ctx context.Context, function, version string, description release.Description) (release.Live, error) {
	answer, err := o.Clients.Lambda.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String(function), Qualifier: aws.String(version)})
	if err != nil {
		return release.Live{}, fmt.Errorf("reading version %s of %s: %w", version, function, err)
	}
	digest, config := contentOf(answer)
	return release.Live{
		ID: description.ReleaseID, BuildID: description.BuildID, Revision: description.Revision, DeployedDigest: digest, ConfigHash: config,
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
