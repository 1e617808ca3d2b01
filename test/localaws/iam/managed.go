package iam

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/policy"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// awsPolicies are the AWS managed policies that exist here, by the part of their ARN after "policy/".
var awsPolicies = map[string]string{
	"AdministratorAccess": allow(`"*"`),
	"service-role/AWSLambdaBasicExecutionRole": allow(
		`"logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"`,
	),
	"service-role/AWSLambdaSQSQueueExecutionRole": allow(`"sqs:ReceiveMessage","sqs:DeleteMessage",` +
		`"sqs:GetQueueAttributes","logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"`),
	"service-role/AWSLambdaVPCAccessExecutionRole": allow(`"logs:CreateLogGroup","logs:CreateLogStream",` +
		`"logs:PutLogEvents","ec2:CreateNetworkInterface","ec2:DescribeNetworkInterfaces","ec2:DeleteNetworkInterface"`),
}

func allow(actions string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[` + actions + `],"Resource":"*"}]}`
}

func (s *service) addAWSPolicies() error {
	for name, text := range awsPolicies {
		doc, err := policy.Parse(policy.OfIdentity, text)
		if err != nil {
			return fmt.Errorf("reading the AWS managed policy %s: %w", name, err)
		}
		arn := "arn:aws:iam::aws:policy/" + name
		s.policies[arn] = &managedPolicy{name: name[strings.LastIndexByte(name, '/')+1:], arn: arn, id: wire.RandomID("ANPA"),
			document: document{text, doc}}
	}
	return nil
}

type managedPolicy struct {
	name        string
	path        string
	arn         string
	id          string
	description string
	created     time.Time
	document    document
	tags        []tag
}

type policyView struct {
	PolicyName       string
	PolicyId         string
	Arn              string
	Path             string
	DefaultVersionId string
	AttachmentCount  int  `wire:",required"`
	IsAttachable     bool `wire:",required"`
	Description      string
	CreateDate       time.Time
	UpdateDate       time.Time
	Tags             []tagView
}

type createPolicyInput struct {
	PolicyName     string `wire:",required"`
	PolicyDocument string `wire:",required"`
	Path           string
	Description    string
	Tags           []tag
}

type policyOutput struct{ Policy policyView }

func (s *service) createPolicy(_ context.Context, call *wire.Call, in *createPolicyInput) (*policyOutput, error) {
	call.On(in.PolicyName)
	if err := distinct(in.Tags); err != nil {
		return nil, err
	}
	doc, err := policy.Parse(policy.OfIdentity, in.PolicyDocument)
	if err != nil {
		return nil, malformed(err)
	}
	if in.Path == "" {
		in.Path = "/"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &managedPolicy{
		name: in.PolicyName, path: in.Path, arn: "arn:aws:iam::" + s.env.AccountID + ":policy" + in.Path + in.PolicyName,
		id:          wire.RandomID("ANPA"),
		description: in.Description, created: s.env.Clock.Now(), document: document{in.PolicyDocument, doc}, tags: in.Tags,
	}
	if s.policies[p.arn] != nil {
		return nil, wire.Errorf(http.StatusConflict, "EntityAlreadyExists",
			"A policy called %s already exists. Duplicate names are not allowed.", p.name)
	}
	s.policies[p.arn] = p
	out := &policyOutput{s.policyView(p)}
	out.Policy.Description = "" // which only GetPolicy shows
	return out, nil
}

func (s *service) policyView(p *managedPolicy) policyView {
	return policyView{
		PolicyName: p.name, PolicyId: p.id, Arn: p.arn, Path: p.path, DefaultVersionId: "v1",
		AttachmentCount: s.attachments(p.arn), IsAttachable: true,
		Description: p.description, CreateDate: p.created, UpdateDate: p.created, Tags: tagViews(p.tags),
	}
}

// attachments counts the roles that a policy is attached to or bounds.
func (s *service) attachments(arn string) (count int) {
	for _, r := range s.roles {
		if slices.Contains(r.attached, arn) || r.boundary == arn {
			count++
		}
	}
	return count
}

type policyInput struct {
	PolicyArn string `wire:",required"`
}

func (in *policyInput) subject() string { return in.PolicyArn }

func (s *service) findPolicy(call *wire.Call, arn string) (*managedPolicy, error) {
	call.On(arn)
	p, ok := s.policies[arn]
	if !ok {
		return nil, noSuchEntity("Policy %s was not found.", arn)
	}
	return p, nil
}

func (s *service) getPolicy(_ context.Context, call *wire.Call, in *policyInput) (*policyOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, err := s.findPolicy(call, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	return &policyOutput{s.policyView(p)}, nil
}

type policyVersionInput struct {
	policyInput
	VersionId string `wire:",required"`
}

type policyVersionOutput struct {
	PolicyVersion struct {
		Document         string
		VersionId        string
		IsDefaultVersion bool
		CreateDate       time.Time
	}
}

func (s *service) getPolicyVersion(
	_ context.Context, call *wire.Call, in *policyVersionInput,
) (*policyVersionOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, err := s.findPolicy(call, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	if in.VersionId != "v1" {
		return nil, noSuchEntity("Policy %s version %s does not exist or is not attachable.", p.arn, in.VersionId)
	}
	out := &policyVersionOutput{}
	out.PolicyVersion.Document, out.PolicyVersion.VersionId = encoded(p.document.text), "v1"
	out.PolicyVersion.IsDefaultVersion, out.PolicyVersion.CreateDate = true, p.created
	return out, nil
}
