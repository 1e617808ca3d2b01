package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/aloft-dev/aloft/controllers/desired"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/sandbox"
)

// hover releases as the deployment tool Hover does, one thing after another: every asset each time, then the stack,
// which is looked at every five seconds after five blind ones, then a version of each function, the warming, the
// command, and the aliases. It makes the calls of that for real, about 7 + A + D/5 + 2F + W + C of them for A assets, D
// seconds of a stack's update, F functions, W warmings and C commands, with the images, the role and the bucket of a
// Stage.
type hover struct {
	*subject
	cloudFormation *cloudformation.Client
	lambda         *lambda.Client
	s3             *s3.Client
	ecr            *ecr.Client

	names      release.Names
	repository string
	image      v1.Image
	auth       authn.Authenticator
	// functions are Aloft's, by which Hover's are made.
	functions []*lambda.GetFunctionConfigurationOutput
	calls     int
}

const (
	hoverStack = "hover"
	hoverRuns  = 2
	// hoverPoll is slept before the first look at a stack, and between looks.
	hoverPoll = 5 * time.Second
)

// hovers measures releases of another algorithm side by side.
func (s *subject) hovers(ctx context.Context, own pace) ([]figure, error) {
	h := &hover{
		subject: s, cloudFormation: cloudformation.NewFromConfig(s.box.AWSConfig),
		lambda: lambda.NewFromConfig(s.box.AWSConfig), s3: s3.NewFromConfig(s.box.AWSConfig),
		ecr: ecr.NewFromConfig(s.box.AWSConfig),
	}
	if err := h.prepare(ctx); err != nil {
		return nil, fmt.Errorf("preparing the other algorithm: %w", err)
	}
	var walls []time.Duration
	calls := 0
	for i := range hoverRuns + 1 {
		h.calls = 0
		began := time.Now()
		if err := h.release(ctx, fmt.Sprintf("h%d", i), i == 0); err != nil {
			return nil, fmt.Errorf("releasing by the other algorithm: %w", err)
		}
		if i > 0 { // the first makes the stack
			walls, calls = append(walls, time.Since(began)), calls+h.calls
		}
	}
	each := float64(calls) / hoverRuns
	return []figure{
		told("P1.hover", "the same release by Hover's algorithm, p50", percentile(walls, 0.5)/1000, "s"),
		atMost("P1.ahead", "Aloft's time, of that", percentile(own.walls, 0.5)/percentile(walls, 0.5), "times", 1),
		told("P6.hover", fmt.Sprintf("calls of a release of %d unchanged assets by Hover's algorithm, without layers",
			manyAssets), each, "calls"),
		told("P6.calls", fmt.Sprintf("calls of a release of %d unchanged assets by Aloft, without invocations", manyAssets),
			float64(own.calls)/float64(len(own.walls)), "calls"),
	}, nil
}

// prepare reads what the Stage has on AWS.
func (h *hover) prepare(ctx context.Context) error {
	h.names = desired.Names(release.StageKey{Namespace: h.stage.Namespace, Name: h.stage.Name}, sandbox.Account,
		h.box.AWSConfig.Region)
	repositories, err := h.ecr.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{
		RepositoryNames: []string{h.names.Repository},
	})
	if err != nil {
		return fmt.Errorf("looking for the repository: %w", err)
	}
	if err := h.login(ctx); err != nil {
		return err
	}
	source := aws.ToString(repositories.Repositories[0].RepositoryUri)
	reference, err := name.NewDigest(source+"@"+h.stage.Status.Live.DeployedDigest, name.Insecure)
	if err != nil {
		return fmt.Errorf("naming the image: %w", err)
	}
	if h.image, err = remote.Image(reference, remote.WithAuth(h.auth), remote.WithContext(ctx)); err != nil {
		return fmt.Errorf("reading the image: %w", err)
	}
	made, err := h.ecr.CreateRepository(ctx, &ecr.CreateRepositoryInput{RepositoryName: aws.String(hoverStack)})
	if err != nil {
		return fmt.Errorf("making a repository: %w", err)
	}
	h.repository = aws.ToString(made.Repository.RepositoryUri)
	_, err = h.ecr.SetRepositoryPolicy(ctx, &ecr.SetRepositoryPolicyInput{
		RepositoryName: aws.String(hoverStack),
		PolicyText: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
			"Principal":{"Service":"lambda.amazonaws.com"},"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}]}`),
	})
	if err != nil {
		return fmt.Errorf("letting functions have the image: %w", err)
	}
	for _, function := range h.stage.Status.Live.Functions {
		configuration, err := h.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{
			FunctionName: aws.String(h.names.Prefix + "-" + function.Name), Qualifier: aws.String(function.Version),
		})
		if err != nil {
			return fmt.Errorf("reading a function: %w", err)
		}
		h.functions = append(h.functions, configuration)
	}
	return nil
}

func (h *hover) login(ctx context.Context) error {
	token, err := h.ecr.GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		return fmt.Errorf("logging in to the registry: %w", err)
	}
	h.calls++
	plain, err := base64.StdEncoding.DecodeString(aws.ToString(token.AuthorizationData[0].AuthorizationToken))
	if err != nil {
		return fmt.Errorf("logging in to the registry: %w", err)
	}
	user, password, _ := strings.Cut(string(plain), ":")
	h.auth = authn.FromConfig(authn.AuthConfig{Username: user, Password: password})
	return nil
}

func (h *hover) release(ctx context.Context, build string, first bool) error {
	if _, err := sts.NewFromConfig(h.box.AWSConfig).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}); err != nil {
		return fmt.Errorf("asking for the account: %w", err)
	}
	h.calls++
	uri, err := h.push(ctx, build)
	if err != nil {
		return err
	}
	if err := h.assets(ctx, build); err != nil {
		return err
	}
	if err := h.stack(ctx, uri, first); err != nil {
		return err
	}
	var versions []string
	for i := range h.functions {
		published, err := h.lambda.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: aws.String(functionOf(i))})
		if err != nil {
			return fmt.Errorf("publishing a version: %w", err)
		}
		h.calls++
		versions = append(versions, aws.ToString(published.Version))
	}
	for i, version := range versions { // each is warmed, and one of these stands for the command
		if err := h.invoke(ctx, functionOf(i), version); err != nil {
			return err
		}
	}
	return h.switchTo(ctx, versions, first)
}

func functionOf(i int) string { return fmt.Sprintf("%s-%d", hoverStack, i) }

// push sends an image of another digest.
func (h *hover) push(ctx context.Context, build string) (uri string, err error) {
	if err := h.login(ctx); err != nil {
		return "", err
	}
	config, err := h.image.ConfigFile()
	if err != nil {
		return "", fmt.Errorf("reading the image: %w", err)
	}
	config = config.DeepCopy()
	config.Config.Labels = map[string]string{"build": build}
	image, err := mutate.ConfigFile(h.image, config)
	if err != nil {
		return "", fmt.Errorf("naming the build: %w", err)
	}
	tag, err := name.NewTag(h.repository+":"+build, name.Insecure)
	if err != nil {
		return "", fmt.Errorf("naming the image: %w", err)
	}
	if err := remote.Write(tag, image, remote.WithAuth(h.auth), remote.WithContext(ctx)); err != nil {
		return "", fmt.Errorf("pushing the image: %w", err)
	}
	return h.repository + ":" + build, nil
}

// assets sends every asset, one after another, and the index of them.
func (h *hover) assets(ctx context.Context, build string) error {
	files := assetsOf(manyAssets)
	for path, content := range files {
		_, err := h.s3.PutObject(ctx, &s3.PutObjectInput{
			Bucket: aws.String(h.names.Bucket), Key: aws.String("hover/" + build + "/" + path), Body: bytes.NewReader(content),
		})
		if err != nil {
			return fmt.Errorf("sending an asset: %w", err)
		}
		h.calls++
	}
	return nil
}

// stack makes the stack or updates it, and waits.
func (h *hover) stack(ctx context.Context, uri string, first bool) error {
	template, err := h.template(uri)
	if err != nil {
		return err
	}
	if first {
		_, err = h.cloudFormation.CreateStack(ctx, &cloudformation.CreateStackInput{
			StackName: aws.String(hoverStack), TemplateBody: aws.String(template),
		})
	} else {
		_, err = h.cloudFormation.UpdateStack(ctx, &cloudformation.UpdateStackInput{
			StackName: aws.String(hoverStack), TemplateBody: aws.String(template),
		})
	}
	if err != nil {
		return fmt.Errorf("operating on the stack: %w", err)
	}
	h.calls++
	for {
		time.Sleep(hoverPoll)
		answer, err := h.cloudFormation.DescribeStacks(ctx,
			&cloudformation.DescribeStacksInput{StackName: aws.String(hoverStack)})
		if err != nil {
			return fmt.Errorf("looking at the stack: %w", err)
		}
		h.calls++
		switch status := answer.Stacks[0].StackStatus; {
		case slices.Contains([]types.StackStatus{types.StackStatusCreateComplete, types.StackStatusUpdateComplete}, status):
			return nil
		case !strings.Contains(string(status), "IN_PROGRESS"):
			return fmt.Errorf("the stack is in %s: %s", status, h.reasons(ctx))
		}
	}
}

// reasons are what went wrong with the stack.
func (h *hover) reasons(ctx context.Context) (reasons []string) {
	events, err := h.cloudFormation.DescribeStackEvents(ctx,
		&cloudformation.DescribeStackEventsInput{StackName: aws.String(hoverStack)})
	if err != nil {
		return []string{err.Error()}
	}
	for i := range events.StackEvents {
		if reason := aws.ToString(events.StackEvents[i].ResourceStatusReason); reason != "" {
			reasons = append(reasons, reason)
		}
	}
	return reasons
}

func (h *hover) template(uri string) (string, error) {
	resources := map[string]any{}
	for i, like := range h.functions {
		variables := map[string]string{}
		if like.Environment != nil {
			variables = like.Environment.Variables
		}
		resources[fmt.Sprintf("Function%d", i)] = map[string]any{
			"Type": "AWS::Lambda::Function",
			"Properties": map[string]any{
				"FunctionName": functionOf(i), "PackageType": "Image", "Code": map[string]string{"ImageUri": uri},
				"Role": aws.ToString(like.Role), "Timeout": like.Timeout, "MemorySize": like.MemorySize,
				"Environment": map[string]any{"Variables": variables},
			},
		}
	}
	content, err := json.Marshal(map[string]any{"Resources": resources})
	if err != nil {
		return "", fmt.Errorf("writing the template: %w", err)
	}
	return string(content), nil
}

func (h *hover) invoke(ctx context.Context, function, version string) error {
	answer, err := h.lambda.Invoke(ctx, &lambda.InvokeInput{
		FunctionName: aws.String(function), Qualifier: aws.String(version), Payload: []byte(`{"warmer_ping":true}`),
	})
	if err != nil {
		return fmt.Errorf("invoking %s: %w", function, err)
	}
	h.calls++
	if answer.FunctionError != nil {
		return errors.New(function + " failed: " + string(answer.Payload))
	}
	return nil
}

// switchTo moves the aliases, one after another.
func (h *hover) switchTo(ctx context.Context, versions []string, first bool) (err error) {
	for i, version := range versions {
		if first {
			_, err = h.lambda.CreateAlias(ctx, &lambda.CreateAliasInput{
				FunctionName: aws.String(functionOf(i)), Name: aws.String("live"), FunctionVersion: aws.String(version),
			})
		} else {
			_, err = h.lambda.UpdateAlias(ctx, &lambda.UpdateAliasInput{
				FunctionName: aws.String(functionOf(i)), Name: aws.String("live"), FunctionVersion: aws.String(version),
			})
		}
		if err != nil {
			return fmt.Errorf("moving an alias: %w", err)
		}
		h.calls++
	}
	return nil
}
