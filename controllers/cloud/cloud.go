// Package cloud is the edge to AWS: clients for each profile, retries, error classes. It knows nothing of Kubernetes.
package cloud

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// Access is what a stage needs to act on AWS. It is comparable, and clients are kept for each value.
type Access struct {
	AccountID string
	Region    string
	// RoleARN to assume; empty uses the operator's own credentials.
	RoleARN    string
	ExternalID string
	// Cluster, Namespace and Stage become session tags.
	Cluster   string
	Namespace string
	Stage     string
}

// Clients act on AWS for one stage.
type Clients struct {
	Account        string
	Region         string
	CloudFormation *cloudformation.Client
	S3             *s3.Client
	ECR            *ecr.Client
	KMS            *kms.Client
	Lambda         *lambda.Client
	// Invoke is a Lambda client that never sends a request twice: an invocation has no idempotency token, and the SDK's
	// retries would run a command again after a lost answer.
	Invoke *lambda.Client
	SQS    *sqs.Client
	Logs   *cloudwatchlogs.Client

	registry registryToken
}

// WrongAccount says that the credentials belong to another account than the profile.
type WrongAccount struct{ Want, Got string }

func (e *WrongAccount) Error() string {
	return fmt.Sprintf("the credentials belong to account %s, and the profile says %s", e.Got, e.Want)
}

// Provider makes clients and keeps them.
type Provider struct {
	base aws.Config

	mu      sync.Mutex
	clients map[Access]*Clients
}

// NewProvider makes a provider on the operator's own configuration.
func NewProvider(base aws.Config) *Provider {
	base.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = 5
			o.MaxBackoff = 5 * time.Second
		})
	}
	base.APIOptions = append(slices.Clip(base.APIOptions), measured)
	return &Provider{base: base, clients: map[Access]*Clients{}}
}

// For gives the clients of an access. The first time, the account behind the credentials is verified, before anything
// is written with them; the error is a *WrongAccount when it is another one.
func (p *Provider) For(ctx context.Context, access Access) (*Clients, error) {
	p.mu.Lock()
	known := p.clients[access]
	p.mu.Unlock()
	if known != nil {
		return known, nil
	}
	config := p.assume(access)
	identity, err := sts.NewFromConfig(config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, fmt.Errorf("verifying the account: %w", err)
	}
	if got := aws.ToString(identity.Account); got != access.AccountID {
		return nil, &WrongAccount{Want: access.AccountID, Got: got}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// Of several that verified at the same time the first counts: whoever asks shares its registry login.
	if p.clients[access] == nil {
		p.clients[access] = newClients(access, config)
	}
	return p.clients[access], nil
}

// Forget drops the clients of an access, because its credentials were refused or its stage is gone.
func (p *Provider) Forget(access Access) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.clients, access)
}

// assume gives the configuration of an access. There is no fallback to the operator's own
// credentials when a role is named.
func (p *Provider) assume(access Access) aws.Config {
	config := p.base.Copy()
	config.Region = access.Region
	if access.RoleARN == "" {
		return config
	}
	provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(config), access.RoleARN,
		func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = "aloft"
			o.ExternalID = aws.String(access.ExternalID)
			o.Tags = []ststypes.Tag{
				{Key: aws.String("aloft:cluster"), Value: aws.String(access.Cluster)},
				{Key: aws.String("aloft:namespace"), Value: aws.String(access.Namespace)},
				{Key: aws.String("aloft:stage"), Value: aws.String(access.Stage)},
			}
		})
	config.Credentials = aws.NewCredentialsCache(provider)
	return config
}

func newClients(access Access, config aws.Config) *Clients {
	return &Clients{
		Account:        access.AccountID,
		Region:         access.Region,
		CloudFormation: cloudformation.NewFromConfig(config),
		S3:             s3.NewFromConfig(config),
		ECR:            ecr.NewFromConfig(config),
		KMS:            kms.NewFromConfig(config),
		Lambda:         lambda.NewFromConfig(config),
		Invoke: lambda.NewFromConfig(config, func(o *lambda.Options) {
			o.Retryer = aws.NopRetryer{}
			o.RetryMaxAttempts = 1
		}),
		SQS:  sqs.NewFromConfig(config),
		Logs: cloudwatchlogs.NewFromConfig(config),
	}
}
