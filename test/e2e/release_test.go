package e2e

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/desired"
	"github.com/aloft-dev/aloft/controllers/release"
)

var _ = Describe("A first release", Ordered, func() {
	var (
		stage *v1alpha1.Stage
		early *poller
	)

	BeforeAll(func() {
		stage = apply(aStage("v1"))
		early = pollAPI(stage)
		becomesLive(stage, "v1")
	})

	It("serves the page from the function and its assets from the bucket", func() {
		status, page := load(stage.Status.Endpoints.URL + "/")
		Expect(status).To(Equal(http.StatusOK))
		Expect(page).To(ContainSubstring("It flies."))
		Expect(page).To(ContainSubstring(stage.Status.Endpoints.URL + "/_aloft/assets/v1/style.css"))
		response, err := browser().Get(stage.Status.Endpoints.URL + "/_aloft/assets/v1/style.css")
		Expect(err).NotTo(HaveOccurred())
		defer func() { _ = response.Body.Close() }()
		Expect(response.StatusCode).To(Equal(http.StatusOK))
		Expect(response.Header.Get("Content-Type")).To(HavePrefix("text/css"))
		Expect(response.Header.Get("Cache-Control")).To(ContainSubstring("immutable"))
	})

	It("runs the migration once, and answers nobody before it has succeeded", func() {
		Expect(ran(stage, "migrations")).To(Equal(1))
		early.stop()
		Expect(early.polls.Load()).To(BeNumerically(">", 0), "the API was polled from the moment it existed")
		command := stage.Status.Target.Commands[0]
		Expect(command.State).To(Equal(v1alpha1.CommandSucceeded))
		first := early.firstAnswer.Load()
		Expect(first).NotTo(BeNil(), "the function answered in the end")
		Expect(*first).To(BeTemporally(">=", command.FinishedAt.Time), "the first answer came after the migration")
	})

	It("processes a job that was enqueued over HTTP in the worker", func() {
		response, err := browser().Post(stage.Status.Endpoints.URL+"/jobs", "text/plain", strings.NewReader("one"))
		Expect(err).NotTo(HaveOccurred())
		_ = response.Body.Close()
		Expect(response.StatusCode).To(BeNumerically("<", 300))
		Eventually(func() int { return ran(stage, "jobs") }).Should(Equal(1))
	})

	It("fires the schedule", func() {
		Eventually(func() int { return ran(stage, "schedules") }).Should(BeNumerically(">", 0))
	})

	It("says in its conditions what each phase has done", func() {
		Expect(condition(stage, v1alpha1.ConditionWarmed).Message).To(ContainSubstring("2 of 2 distinct environments"))
		for _, phase := range []string{
			v1alpha1.ConditionImageResolved, v1alpha1.ConditionFoundationReady, v1alpha1.ConditionAssetsUploaded,
			v1alpha1.ConditionImagePushed,
			v1alpha1.ConditionStackUpdated, v1alpha1.ConditionVersionsPublished, v1alpha1.ConditionWarmed,
			v1alpha1.ConditionCommandsSucceeded,
			v1alpha1.ConditionActivated, v1alpha1.ConditionCleaned, v1alpha1.ConditionAvailable,
		} {
			Expect(condition(stage, phase).Status).To(BeEquivalentTo("True"), phase)
		}
	})
})

// poller asks for a page again and again.
type poller struct {
	cancel      context.CancelFunc
	ended       chan struct{}
	polls       atomic.Int64
	failed      atomic.Int64
	lastFailure atomic.Value
	firstAnswer atomic.Pointer[time.Time]
}

func (p *poller) stop() {
	p.cancel()
	<-p.ended
}

// poll asks again and again until it is stopped; ask tells whether the application answered.
func poll(ask func() (answered bool, failure string)) *poller {
	ctx, cancel := context.WithCancel(ctx)
	p := &poller{cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		for ctx.Err() == nil {
			answered, failure := ask()
			if failure != "" {
				p.failed.Add(1)
				p.lastFailure.Store(failure)
			}
			p.polls.Add(1)
			if now := time.Now(); answered {
				p.firstAnswer.CompareAndSwap(nil, &now)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	DeferCleanup(p.stop)
	return p
}

// pollAPI asks the Stage's API from the moment it exists, past CloudFront. Before the function may be invoked, API
// Gateway itself answers with an error; then the function turns away who does not come by the distribution.
func pollAPI(stage *v1alpha1.Stage) *poller {
	client := &http.Client{Timeout: 10 * time.Second}
	return poll(func() (bool, string) {
		for _, host := range apiHosts(stage) {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, box.AWS.URL()+"/status", http.NoBody)
			if err != nil {
				return false, err.Error()
			}
			request.Host = host
			response, err := client.Do(request)
			if err != nil {
				return false, err.Error()
			}
			_ = response.Body.Close()
			if response.StatusCode == http.StatusForbidden {
				return true, ""
			}
		}
		return false, ""
	})
}

// apiHosts gives the host names of the Stage's API, as soon as there is one.
func apiHosts(stage *v1alpha1.Stage) (hosts []string) {
	apis, err := apigatewayv2.NewFromConfig(box.AWSConfig).GetApis(ctx, &apigatewayv2.GetApisInput{})
	if err != nil {
		return nil
	}
	for i := range apis.Items {
		if strings.HasPrefix(aws.ToString(apis.Items[i].Name), prefixOf(stage)) {
			hosts = append(hosts, strings.TrimPrefix(aws.ToString(apis.Items[i].ApiEndpoint), "https://"))
		}
	}
	return hosts
}

// leftOf lists what AWS still holds under the Stage's names. A key that waits for its deletion is as good as gone.
func leftOf(stage *v1alpha1.Stage) (left []string) {
	GinkgoHelper()
	left = apiHosts(stage)
	for _, which := range []string{"foundation", "app"} {
		if stackExists(stage, which) {
			left = append(left, "stack "+which)
		}
	}
	add := func(kind string, names ...string) {
		for _, name := range names {
			if strings.Contains(name, prefixOf(stage)) || name == bucketOf(stage) {
				left = append(left, kind+" "+name)
			}
		}
	}
	functions, err := lambda.NewFromConfig(box.AWSConfig).ListFunctions(ctx, &lambda.ListFunctionsInput{})
	Expect(err).NotTo(HaveOccurred())
	for i := range functions.Functions {
		add("function", aws.ToString(functions.Functions[i].FunctionName))
	}
	buckets, err := s3.NewFromConfig(box.AWSConfig).ListBuckets(ctx, &s3.ListBucketsInput{})
	Expect(err).NotTo(HaveOccurred())
	for i := range buckets.Buckets {
		add("bucket", aws.ToString(buckets.Buckets[i].Name))
	}
	repositories, err := ecr.NewFromConfig(box.AWSConfig).DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{})
	Expect(err).NotTo(HaveOccurred())
	for i := range repositories.Repositories {
		add("repository", aws.ToString(repositories.Repositories[i].RepositoryName))
	}
	roles, err := iam.NewFromConfig(box.AWSConfig).ListRoles(ctx, &iam.ListRolesInput{})
	Expect(err).NotTo(HaveOccurred())
	for i := range roles.Roles {
		add("role", aws.ToString(roles.Roles[i].RoleName))
	}
	queues, err := sqs.NewFromConfig(box.AWSConfig).ListQueues(ctx, &sqs.ListQueuesInput{})
	Expect(err).NotTo(HaveOccurred())
	add("queue", queues.QueueUrls...)
	groups, err := cloudwatchlogs.NewFromConfig(box.AWSConfig).DescribeLogGroups(ctx,
		&cloudwatchlogs.DescribeLogGroupsInput{})
	Expect(err).NotTo(HaveOccurred())
	for i := range groups.LogGroups {
		add("log group", aws.ToString(groups.LogGroups[i].LogGroupName))
	}
	return left
}

// prefixOf is the beginning of the Stage's names on AWS.
func prefixOf(stage *v1alpha1.Stage) string { return namesOf(stage).Prefix }

func bucketOf(stage *v1alpha1.Stage) string { return namesOf(stage).Bucket }

func namesOf(stage *v1alpha1.Stage) release.Names {
	return desired.Names(release.StageKey{Namespace: stage.Namespace, Name: stage.Name}, "123456789012", "eu-central-1")
}
