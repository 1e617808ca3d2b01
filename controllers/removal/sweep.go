package removal

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
)

// roots are what the kept releases need.
type roots struct {
	releases, builds, configs, images map[string]bool
	// versions by "<function>/<number>".
	versions map[string]bool
	// vague are releases of which it is not recorded which versions they have: all of them stay.
	vague map[string]bool
}

func rootsOf(s Subject) roots {
	r := roots{
		releases: map[string]bool{}, builds: map[string]bool{}, configs: map[string]bool{}, images: map[string]bool{},
		versions: map[string]bool{}, vague: map[string]bool{},
	}
	keep := func(id, build, config, image string) {
		r.releases[id], r.builds[build], r.configs[config], r.images[image] = true, true, true, true
	}
	for _, old := range s.Recorded.Kept() {
		keep(old.ID, old.BuildID, old.ConfigHash, old.DeployedDigest)
		for _, function := range old.Functions {
			r.versions[function.Name+"/"+function.Version] = true
		}
		if len(old.Functions) == 0 {
			r.vague[old.ID] = true
		}
	}
	keep(s.Desired.ID, s.Desired.BuildID, s.Desired.ConfigHash, "")
	for name, alias := range s.Observed.Aliases {
		keep(alias.Description.ReleaseID, alias.Description.BuildID, alias.ConfigHash, alias.ImageDigest)
		r.versions[name+"/"+alias.Version] = true
		for number, share := range alias.Shares {
			keep(share.Description.ReleaseID, share.Description.BuildID, "", "")
			r.versions[name+"/"+number], r.vague[share.Description.ReleaseID] = true, true
		}
	}
	for _, digest := range digestPattern.FindAllString(string(s.Observed.App.Template), -1) {
		r.images[digest] = true // a rollback of the stack needs the image in the deployed template
	}
	return r
}

var digestPattern = regexp.MustCompile(`sha256:[a-f0-9]{64}`)

// sweep removes what no kept release needs: versions first, then images, then objects. It lists and compares each time,
// so that it may be cut off anywhere.
func (r *Remover) sweep(ctx context.Context, s Subject) error {
	keep := rootsOf(s)
	var problems []error
	names := map[string]bool{}
	for _, function := range s.Desired.Functions {
		names[function.Name] = true
	}
	for name, stays := range s.Observed.Leftovers {
		if stays {
			names[name] = true
		}
	}
	for name := range names {
		problems = append(problems, r.sweepVersions(ctx, name, keep))
	}
	if err := errors.Join(problems...); err != nil {
		return err // an image is removed only after the versions that were made from it
	}
	return errors.Join(r.sweepImages(ctx, keep), r.sweepObjects(ctx, keep))
}

var versionNumber = regexp.MustCompile(`^[0-9]+$`)

func (r *Remover) sweepVersions(ctx context.Context, name string, keep roots) error {
	function := r.Names.Prefix + "-" + name
	pages := lambda.NewListVersionsByFunctionPaginator(r.Clients.Lambda,
		&lambda.ListVersionsByFunctionInput{FunctionName: aws.String(function)})
	var doomed []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("listing the versions of %s: %w", function, err)
		}
		for i := range page.Versions {
			version := aws.ToString(page.Versions[i].Version)
			description, ours := release.ParseDescription(aws.ToString(page.Versions[i].Description))
			// A deletion without a number would delete the function itself, all versions and the alias.
			if ours && versionNumber.MatchString(version) && !keep.version(name, version, description.ReleaseID) {
				doomed = append(doomed, version)
			}
		}
	}
	for _, version := range doomed {
		err := r.fenced(ctx, func(ctx context.Context) error {
			_, err := r.Clients.Lambda.DeleteFunction(ctx, &lambda.DeleteFunctionInput{
				FunctionName: aws.String(function), Qualifier: aws.String(version),
			})
			return err
		})
		if err != nil && !cloud.IsNotFound(err) {
			return fmt.Errorf("deleting version %s of %s: %w", version, function, err)
		}
	}
	return nil
}

// version says that a version stays: it is recorded, or it is of a kept release whose versions are not recorded. One
// that a kept release had before it was released once more has left the record, and goes.
func (r roots) version(function, number, releaseID string) bool {
	return r.versions[function+"/"+number] || r.vague[releaseID]
}
