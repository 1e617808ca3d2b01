// Package cloud is the edge to AWS: clients for each profile, retries, error classes. It knows nothing of Kubernetes.
package cloud

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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

// Access is what a stage needs to act on AWS. It is comparable: clients are kept as long as they are asked for with the
// same one.
type Access struct {
	AccountID string
	Region    string
	// RoleARN is assumed: the operator's own credentials do nothing else for a stage.
	RoleARN    string
	ExternalID string
	// UID of the Stage: another one of the same name has another session.
	UID string
	// Cluster, Namespace and Stage become session tags; Namespace and Stage also name the session.
	Cluster   string
	Namespace string
	Stage     string
}

// stage says whose clients an access gives. There are no two for one.
type stage struct{ namespace, name string }

func (a Access) of() stage { return stage{a.Namespace, a.Stage} }

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
	base    aws.Config
	budgets *budgets

	mu sync.Mutex
	// kept holds the clients of each stage and what they were made for.
	kept map[stage]granted
}

type granted struct {
	access  Access
	clients *Clients
}

// Option changes a provider.
type Option func(*Provider)

// WithoutBudgets makes calls as fast as they are asked for: for an AWS that has no quotas, such as a local one.
func WithoutBudgets(p *Provider) { p.budgets = nil }

// WithShare keeps calls within a part of AWS's quotas, from 0 to 1: the rest is left to others who act in the same
// accounts.
func WithShare(share float64) Option { return func(p *Provider) { p.budgets = newBudgets(share) } }

// NewProvider makes a provider on the operator's own configuration.
func NewProvider(base aws.Config, options ...Option) *Provider {
	base.Retryer = func() aws.Retryer { return retry.NewStandard(fiveAttempts) }
	base.APIOptions = append(slices.Clip(base.APIOptions), measured, encrypted)
	p := &Provider{base: base, budgets: newBudgets(1), kept: map[stage]granted{}}
	for _, option := range options {
		option(p)
	}
	return p
}

func fiveAttempts(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = 5, 5*time.Second }

// impatient does not wait within a call for room for it: whoever made the call comes back, and holds up nobody until
// then.
func impatient() aws.Retryer {
	waitsElsewhere := retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
		if _, busy := AsBusy(err); busy {
			return aws.FalseTernary
		}
		return aws.UnknownTernary
	})
	return retry.NewStandard(fiveAttempts, func(o *retry.StandardOptions) {
		o.Retryables = append([]retry.IsErrorRetryable{waitsElsewhere}, o.Retryables...)
	})
}

// For gives the clients of an access. The first time, the account behind the credentials is verified, before anything
// is written with them; the error is a *WrongAccount when it is another one.
func (p *Provider) For(ctx context.Context, access Access) (*Clients, error) {
	if known := p.known(access); known != nil {
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
	// Of several that verified at the same time the first counts: whoever asks shares its registry login. What was kept
	// for another access, such as that of a profile before it was edited, is dropped.
	if p.kept[access.of()].access != access {
		p.kept[access.of()] = granted{access: access, clients: newClients(access, config)}
	}
	return p.kept[access.of()].clients, nil
}

func (p *Provider) known(access Access) *Clients {
	p.mu.Lock()
	defer p.mu.Unlock()
	if kept := p.kept[access.of()]; kept.access == access {
		return kept.clients
	}
	return nil
}

// Forget drops the clients of a stage, because its credentials were refused or it needs none for now.
func (p *Provider) Forget(namespace, name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.kept, stage{namespace, name})
}

// assume gives the configuration of an access. There is no fallback to the operator's own credentials.
func (p *Provider) assume(access Access) aws.Config {
	config := p.base.Copy()
	config.Region = access.Region
	if p.budgets != nil {
		config.APIOptions = append(slices.Clip(config.APIOptions), p.budgets.budgeted(access))
	}
	provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(config), access.RoleARN,
		func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = sessionName(access)
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

// longestSession is AWS's limit of a session's name (STS API reference, AssumeRole).
const longestSession = 64

// sessionName tells in CloudTrail which Stage a call was made for. Names of Kubernetes hold nothing that AWS does not
// take; those that are too long end in a hash of the whole.
func sessionName(access Access) string {
	name := access.Namespace + "." + access.Stage
	if len(name) <= longestSession {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	ending := "." + hex.EncodeToString(sum[:8])
	return name[:longestSession-len(ending)] + ending
}

func newClients(access Access, config aws.Config) *Clients {
	return &Clients{
		Account: access.AccountID,
		Region:  access.Region,
		CloudFormation: cloudformation.NewFromConfig(config, func(o *cloudformation.Options) {
			o.Retryer = impatient()
		}),
		S3:     s3.NewFromConfig(config),
		ECR:    ecr.NewFromConfig(config),
		KMS:    kms.NewFromConfig(config),
		Lambda: lambda.NewFromConfig(config, func(o *lambda.Options) { o.Retryer = impatient() }),
		Invoke: lambda.NewFromConfig(config, func(o *lambda.Options) {
			o.Retryer = aws.NopRetryer{}
			o.RetryMaxAttempts = 1
		}),
		SQS:  sqs.NewFromConfig(config),
		Logs: cloudwatchlogs.NewFromConfig(config),
	}
}
