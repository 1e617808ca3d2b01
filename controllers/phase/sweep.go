package phase

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
)

// roots are the releases whose versions, images and objects stay.
type roots struct {
	releases, builds, configs, images, versions map[string]bool
}

func rootsOf(s Subject) roots {
	r := roots{
		releases: map[string]bool{}, builds: map[string]bool{}, configs: map[string]bool{}, images: map[string]bool{}, versions: map[string]bool{},
	}
	keep := func(id, build, config, image string) {
		r.releases[id], r.builds[build], r.configs[config], r.images[image] = true, true, true, true
	}
	for _, old := range s.Recorded.History {
		keep(old.ID, old.BuildID, old.ConfigHash, old.DeployedDigest)
	}
	if live := s.Recorded.Live; live != nil {
		keep(live.ID, live.BuildID, live.ConfigHash, live.DeployedDigest)
	}
	keep(s.Desired.ID, s.Desired.BuildID, s.Desired.ConfigHash, "")
	for name, alias := range s.Observed.Aliases {
		keep(alias.Description.ReleaseID, alias.Description.BuildID, alias.ConfigHash, alias.ImageDigest)
		r.versions[name+"/"+alias.Version] = true
	}
	for _, digest := range digestPattern.FindAllString(string(s.Observed.App.Template), -1) {
		r.images[digest] = true // a rollback of the stack needs the image in the deployed template
	}
	return r
}

var digestPattern = regexp.MustCompile(`sha256:[a-f0-9]{64}`)

// sweep removes what no kept release needs: versions first, then images, then objects. It lists and compares each time, so that it
// may be cut off anywhere.
func (p *Performer) sweep(ctx context.Context, s Subject) error {
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
		problems = append(problems, p.sweepVersions(ctx, s.Desired.Names.Prefix+"-"+name, name, keep))
	}
	if err := errors.Join(problems...); err != nil {
		return err // an image is removed only after the versions that were made from it
	}
	return errors.Join(p.sweepImages(ctx, s, keep), p.sweepObjects(ctx, s, keep))
}

var versionNumber = regexp.MustCompile(`^[0-9]+$`)

func (p *Performer) sweepVersions(ctx context.Context, function, name string, keep roots) error {
	pages := lambda.NewListVersionsByFunctionPaginator(p.Clients.Lambda, &lambda.ListVersionsByFunctionInput{FunctionName: aws.String(function)})
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
			if ours && versionNumber.MatchString(version) && !keep.releases[description.ReleaseID] && !keep.versions[name+"/"+version] {
				doomed = append(doomed, version)
			}
		}
	}
	for _, version := range doomed {
		_, err := p.Clients.Lambda.DeleteFunction(ctx, &lambda.DeleteFunctionInput{
			FunctionName: aws.String(function), Qualifier: aws.String(version),
		})
		if err != nil && !cloud.IsNotFound(err) {
			return fmt.Errorf("deleting version %s of %s: %w", version, function, err)
		}
	}
	return nil
}

// deleteBatch is how many images ECR deletes in one call.
const deleteBatch = 100

func (p *Performer) sweepImages(ctx context.Context, s Subject, keep roots) error {
	pages := ecr.NewDescribeImagesPaginator(p.Clients.ECR, &ecr.DescribeImagesInput{RepositoryName: aws.String(s.Desired.Names.Repository)})
	var doomed []ecrtypes.ImageIdentifier
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("listing the images of %s: %w", s.Desired.Names.Repository, err)
		}
		for i := range page.ImageDetails {
			detail := &page.ImageDetails[i]
			if !keep.images[aws.ToString(detail.ImageDigest)] && !tagsKept(detail.ImageTags, keep.builds) {
				doomed = append(doomed, ecrtypes.ImageIdentifier{ImageDigest: detail.ImageDigest})
			}
		}
	}
	return p.deleteImages(ctx, s.Desired.Names.Repository, doomed)
}

func tagsKept(tags []string, builds map[string]bool) bool {
	for _, tag := range tags {
		build, isBuild := strings.CutPrefix(tag, release.BuildTag(""))
		if !isBuild || builds[build] {
			return true // a tag that is not Aloft's is someone's own
		}
		if before, _, isSource := strings.Cut(build, ".src-"); isSource && builds[before] {
			return true
		}
	}
	return false
}

func (p *Performer) deleteImages(ctx context.Context, repository string, images []ecrtypes.ImageIdentifier) error {
	for len(images) > 0 {
		batch := images[:min(deleteBatch, len(images))]
		images = images[len(batch):]
		answer, err := p.Clients.ECR.BatchDeleteImage(ctx, &ecr.BatchDeleteImageInput{RepositoryName: aws.String(repository), ImageIds: batch})
		if err != nil {
			return fmt.Errorf("deleting images of %s: %w", repository, err)
		}
		for _, failure := range answer.Failures {
			if failure.FailureCode != ecrtypes.ImageFailureCodeImageNotFound {
				return fmt.Errorf("deleting image %s of %s: %s", aws.ToString(failure.ImageId.ImageDigest), repository, aws.ToString(failure.FailureReason))
			}
		}
	}
	return nil
}
