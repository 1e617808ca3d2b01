package e2e

import (
	"os"
	"os/exec"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/test/localaws"
)

var _ = Describe("The aws command line", func() {
	It("sees what a release has deployed", func() {
		if _, err := exec.LookPath("aws"); err != nil {
			Skip("the aws command line is not installed: an independent look at what was deployed is not taken here")
		}
		stage := released("v1", "v2")
		prefix := prefixOf(stage)
		Expect(awsCLI("cloudformation", "describe-stacks", "--stack-name", prefix+"-app", "--query",
			"Stacks[0].StackStatus")).To(Equal("UPDATE_COMPLETE"))
		Expect(awsCLI("lambda", "get-alias", "--function-name", prefix+"-http", "--name", "live", "--query",
			"FunctionVersion")).To(Equal("2"))
		Expect(awsCLI("ecr", "list-images", "--repository-name", prefix, "--query", "length(imageIds)")).To(Equal("4"),
			"two tags for each build")
		Expect(awsCLI("sqs", "get-queue-url", "--queue-name", "default-"+prefix, "--query",
			"QueueUrl")).To(HaveSuffix("default-" + prefix))
		Expect(awsCLI("s3api", "list-objects-v2", "--bucket", bucketOf(stage), "--query",
			"Contents[].Key")).To(And(ContainSubstring("_aloft/assets/v2/style.css"), ContainSubstring("markers/v2.json")))
	})
})

// awsCLI asks the local AWS by the aws command line, as its administrator.
func awsCLI(arguments ...string) string {
	GinkgoHelper()
	command := exec.CommandContext(ctx, "aws", append(arguments, "--output", "text", "--endpoint-url", box.AWS.URL())...)
	command.Env = append(os.Environ(), "AWS_DEFAULT_REGION="+box.AWSConfig.Region, "AWS_CONFIG_FILE=/dev/null",
		"AWS_ACCESS_KEY_ID="+localaws.AdminAccessKeyID, "AWS_SECRET_ACCESS_KEY="+localaws.AdminSecretAccessKey)
	output, err := command.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "aws %s: %s", strings.Join(arguments, " "), output)
	return strings.TrimSpace(string(output))
}
