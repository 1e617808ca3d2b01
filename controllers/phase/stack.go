package phase

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
)

// stack makes one call to CloudFormation. Its token makes a repeated call harmless.
func (p *Performer) stack(ctx context.Context, operation *release.StackStep, s Subject) (release.Outcome, error) {
	condition := operation.Condition
	err := p.stackCall(ctx, operation, s)
	switch {
	case err == nil:
		return release.Outcome{}, nil
	case cloud.IsAlreadyExists(err): // the same token was seen before: the operation runs or is done
		return release.Outcome{Repeated: true}, nil
	case cloud.IsConflict(err):
		return release.Outcome{}, release.Wait(condition, v1alpha1.ReasonStackBusy, busyPoll, "stack %s is busy: %s",
			operation.Name, cloud.Message(err))
	case cloud.IsInvalid(err):
		return release.Outcome{}, release.Reject(condition, v1alpha1.ReasonStackRefused,
			"CloudFormation refuses stack %s: %s", operation.Name, cloud.Message(err))
	default:
		return release.Outcome{}, fmt.Errorf("%s of stack %s: %w", operation.Operation, operation.Name, err)
	}
}

func (p *Performer) stackCall(ctx context.Context, step *release.StackStep, s Subject) error {
	cfn := p.Clients.CloudFormation
	name, token := aws.String(step.Name), aws.String(step.Token)
	switch step.Operation {
	case release.StackCreate, release.StackUpdate, release.StackCreateChangeSet:
		return p.submit(ctx, step, s)
	case release.StackExecuteChangeSet:
		// The documented default of DisableRollback is ambiguous, so it is said.
		_, err := cfn.ExecuteChangeSet(ctx, &cloudformation.ExecuteChangeSetInput{
			StackName: name, ChangeSetName: token, ClientRequestToken: token, DisableRollback: aws.Bool(false),
		})
		return err
	case release.StackDeleteChangeSet:
		_, err := cfn.DeleteChangeSet(ctx, &cloudformation.DeleteChangeSetInput{StackName: name, ChangeSetName: token})
		return err
	case release.StackContinueRollback:
		_, err := cfn.ContinueUpdateRollback(ctx, &cloudformation.ContinueUpdateRollbackInput{
			StackName: name, ClientRequestToken: token, RoleARN: p.stackRole(s),
		})
		return err
	case release.StackDelete:
		_, err := cfn.DeleteStack(ctx,
			&cloudformation.DeleteStackInput{StackName: name, ClientRequestToken: token, RoleARN: p.stackRole(s)})
		return err
	default:
		return fmt.Errorf("there is no stack operation %q", step.Operation)
	}
}

// submit sends a template: a creation, a direct update, or a change set.
func (p *Performer) submit(ctx context.Context, step *release.StackStep, s Subject) error {
	body, url, err := p.template(ctx, step)
	if err != nil {
		return err
	}
	cfn := p.Clients.CloudFormation
	name, token := aws.String(step.Name), aws.String(step.Token)
	tags := []types.Tag{
		{Key: aws.String(release.OwnerTag), Value: aws.String(s.Desired.Owner)},
		{Key: aws.String(release.NamespaceTag), Value: aws.String(s.Desired.NamespaceUID)},
	}
	// The application's template has no roles: one that somebody else got into its place must not make any.
	var capabilities []types.Capability
	if step.Part == release.PartFoundation {
		capabilities = []types.Capability{types.CapabilityCapabilityNamedIam}
	}
	parameters := p.parameters(step, s)
	switch step.Operation {
	case release.StackCreate:
		_, err = cfn.CreateStack(ctx, &cloudformation.CreateStackInput{
			StackName: name, ClientRequestToken: token, TemplateBody: body, TemplateURL: url, Parameters: parameters,
			Tags: tags, Capabilities: capabilities, RoleARN: p.stackRole(s), OnFailure: types.OnFailureRollback,
		})
	case release.StackUpdate:
		_, err = cfn.UpdateStack(ctx, &cloudformation.UpdateStackInput{
			StackName: name, ClientRequestToken: token, TemplateBody: body, TemplateURL: url, Parameters: parameters,
			Tags: tags, Capabilities: capabilities, RoleARN: p.stackRole(s), DisableRollback: aws.Bool(false),
		})
	default:
		_, err = cfn.CreateChangeSet(ctx, &cloudformation.CreateChangeSetInput{
			StackName: name, ChangeSetName: token, ClientToken: token, ChangeSetType: types.ChangeSetTypeUpdate,
			TemplateBody: body, TemplateURL: url, Parameters: parameters, Tags: tags, Capabilities: capabilities,
			RoleARN: p.stackRole(s),
		})
	}
	return err
}

// maxBody is how many bytes of a template a request to CloudFormation may hold (CloudFormation API Reference,
// CreateStack).
const maxBody = 51_200

// template gives the template by its content, or, where that is too large, by the address of its copy in the stage's
// bucket. Before the foundation stack there is no bucket, and its template is never large.
func (p *Performer) template(ctx context.Context, step *release.StackStep) (body, url *string, err error) {
	if len(step.Template) <= maxBody {
		return aws.String(string(step.Template)), nil, nil
	}
	sum := sha256.Sum256(step.Template)
	key := release.TemplateKey(hex.EncodeToString(sum[:]))
	_, err = p.Clients.S3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(p.Names.Bucket), Key: aws.String(key), Body: bytes.NewReader(step.Template),
		ContentType: aws.String("application/json"), ExpectedBucketOwner: aws.String(p.Clients.Account),
	})
	if err != nil {
		return nil, nil, fmt.Errorf("uploading the template: %w", err)
	}
	region := p.Clients.Region
	address := fmt.Sprintf("https://%s.s3.%s.%s/%s", p.Names.Bucket, region, cloud.URLSuffix(region), key)
	return nil, aws.String(address), nil
}

func (p *Performer) stackRole(s Subject) *string {
	if s.Desired == nil || s.Desired.Account.StackRoleARN == "" {
		return nil
	}
	return aws.String(s.Desired.Account.StackRoleARN)
}

func (p *Performer) parameters(step *release.StackStep, s Subject) []types.Parameter {
	list := make([]types.Parameter, 0, len(step.Parameters)+1)
	for key, value := range step.Parameters {
		list = append(list, types.Parameter{ParameterKey: aws.String(key), ParameterValue: aws.String(value)})
	}
	secret := types.Parameter{ParameterKey: aws.String(release.ParameterOriginSecret)}
	switch step.Secret {
	case release.SecretSent:
		origin, _ := release.OriginSecret(p.HashKey, s.Desired.Stage)
		secret.ParameterValue = aws.String(origin.Reveal())
	case release.SecretKept:
		secret.UsePreviousValue = aws.Bool(true)
	default:
		return list
	}
	return append(list, secret)
}
