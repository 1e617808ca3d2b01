package e2e

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

var _ = Describe("What is live", func() {
	It("is restored where something of it was removed, and nothing is released for that", func() {
		stage := released("v1")
		live := stage.Status.Live
		prefix := prefixOf(stage)
		bucket := bucketOf(stage)
		for _, key := range []string{
			release.MarkerKey("v1"), "_aloft/assets/v1/app.js", release.ConfigKey(live.ConfigHash), release.ReleaseKey(live.ID),
		} {
			_, err := s3.NewFromConfig(box.AWSConfig).DeleteObject(ctx,
				&s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: aws.String(key)})
			Expect(err).NotTo(HaveOccurred())
		}
		_, err := ecr.NewFromConfig(box.AWSConfig).BatchDeleteImage(ctx, &ecr.BatchDeleteImageInput{
			RepositoryName: aws.String(prefix),
			ImageIds:       []ecrtypes.ImageIdentifier{{ImageDigest: aws.String(live.DeployedDigest)}},
		})
		Expect(err).NotTo(HaveOccurred())

		since := mark()
		annotate(stage, v1alpha1.AnnotationRequestedAt, "now")
		Eventually(func() string { return fetch(stage).Status.LastHandledRequestedAt }).Should(Equal("now"))
		becomesLive(stage, "v1")
		isWhole(stage)
		Expect(stage.Status.Live.ID).To(Equal(live.ID))
		Expect(published(since)).To(BeEmpty())
		Expect(ran(stage, "migrations")).To(Equal(1))
	})

	It("leaves no versions behind when a Stage goes back and forth between two builds", func() {
		stage := released("v1", "v2", "v1", "v2", "v1", "v2")
		kept := len(stage.Status.History) + 1
		for _, name := range []string{"http", "cli", "default-queue"} {
			listed, err := lambda.NewFromConfig(box.AWSConfig).ListVersionsByFunction(ctx, &lambda.ListVersionsByFunctionInput{
				FunctionName: aws.String(prefixOf(stage) + "-" + name),
			})
			Expect(err).NotTo(HaveOccurred())
			Expect(listed.Versions).To(HaveLen(kept+1), "of function %s, $LATEST included", name)
		}
		isWhole(stage)
	})
})
