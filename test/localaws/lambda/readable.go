package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/smithy-go"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// source finds the image of a function. Where Lambda may not read its repository, it lets itself do so in the name of the
// caller, who has to have the rights to that (AWS Lambda Developer Guide, images-create, "Amazon ECR permissions").
func (l *Lambda) source(ctx context.Context, call *wire.Call, name, uri string) (*sourceImage, error) {
	image, err := l.images.resolve(ctx, l.arn(name), uri)
	if api, ok := errors.AsType[*wire.Error](err); !ok || api.Code != "AccessDeniedException" {
		return image, err
	}
	_, repository, _, parsed := l.images.parse(uri)
	if parsed != nil || l.openRepository(ctx, call, repository) != nil {
		return image, err
	}
	return l.images.resolve(ctx, l.arn(name), uri)
}

// openRepository adds Lambda's statement to the policy of a repository.
func (l *Lambda) openRepository(ctx context.Context, call *wire.Call, name string) error {
	config := l.env.Config(l.env.Identities.Issue(call.Principal, time.Minute))
	config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	client := ecr.NewFromConfig(config)
	document := map[string]any{"Version": "2008-10-17"}
	var api smithy.APIError
	before, err := client.GetRepositoryPolicy(ctx, &ecr.GetRepositoryPolicyInput{RepositoryName: &name})
	switch {
	case err == nil:
		if err := json.Unmarshal([]byte(*before.PolicyText), &document); err != nil {
			return err
		}
	case !errors.As(err, &api) || api.ErrorCode() != "RepositoryPolicyNotFoundException":
		return err
	}
	statements, many := document["Statement"].([]any)
	if one := document["Statement"]; one != nil && !many {
		statements = []any{one}
	}
	document["Statement"] = append(statements, map[string]any{
		"Sid": "LambdaECRImageRetrievalPolicy", "Effect": "Allow",
		"Principal": map[string]any{"Service": service},
		"Action": []string{"ecr:BatchGetImage", "ecr:DeleteRepositoryPolicy", "ecr:GetDownloadUrlForLayer",
			"ecr:GetRepositoryPolicy", "ecr:SetRepositoryPolicy"},
		"Condition": map[string]any{"StringLike": map[string]any{"aws:sourceArn": l.arn("*")}},
	})
	text, err := json.Marshal(document)
	if err != nil {
		return err
	}
	_, err = client.SetRepositoryPolicy(ctx, &ecr.SetRepositoryPolicyInput{RepositoryName: &name,
		PolicyText: aws.String(string(text))})
	return err
}
