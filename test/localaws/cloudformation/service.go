// Package cloudformation is CloudFormation of the local AWS: the query protocol over the engine, whose resource
// providers act through the real SDK with the credentials of the stack's role or of the caller.
//
// Rules encoded here (CloudFormation API reference); those of stacks, templates and resource types
// are in the packages below:
//   - a template body has at most 51,200 bytes; a template URL is an https S3 URL, read with the caller's
//     credentials, at most 1 MB;
//   - an unknown stack is a ValidationError "Stack with id X does not exist"; a deleted one is
//     described by its id only;
//   - lists are paged, events newest first and stable while new ones arrive; each event carries the client
//     token of its operation;
//   - omitted tags stay as they are, empty ones are removed;
//   - passing a role needs iam:PassRole on it.
//
// Not yet proven against AWS itself: the wording of a refused RetainResources, ResourcesToSkip or client token; that a
// change of outputs or of a DeletionPolicy alone makes an update; that an executed change set's name is free again.
// Early validation of change sets, macros, nested stacks, imports and EXPRESS mode are not offered.
//
// Settings: "cloudformation.changeset" is how long a change set is pending, "cloudformation.settle.<resource type>" how
// long resources of a type take beyond their service's own time, as
// "cloudformation.settle.AWS::CloudFront::Distribution" = "3m".
package cloudformation

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/engine"
	"github.com/aloft-dev/aloft/test/localaws/cloudformation/providers"
	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// servicePrincipal is whom a stack role must trust.
const servicePrincipal = "cloudformation.amazonaws.com"

// sessionTime is how long the credentials of an operation last; operations that take longer get new
// ones from their role.
const sessionTime = time.Hour

type service struct {
	env    *wire.Env
	engine *engine.Engine
}

// New makes the service with every resource type of the providers package.
func New(env *wire.Env) (*wire.Service, error) { return NewWith(env, providers.All()...) }

// NewWith makes the service with the given resource types.
func NewWith(env *wire.Env, types ...*resource.Type) (*wire.Service, error) {
	registry, err := resource.NewRegistry(types...)
	if err != nil {
		return nil, err
	}
	settle, pending, err := settings(env.Settings)
	if err != nil {
		return nil, err
	}
	s := &service{env: env}
	s.engine = engine.New(engine.Options{
		Account: env.AccountID, Region: env.Region, Types: registry, Now: env.Clock.Now, Assume: s.assume, Settle: settle,
		ChangeSetTime: pending,
	})
	return &wire.Service{
		Name:       "cloudformation",
		Protocol:   wire.Query("2010-05-15", "http://cloudformation.amazonaws.com/doc/2010-05-15/"),
		Invalid:    wire.Sender(engine.CodeValidation),
		Resource:   s.resource,
		Operations: s.operations(),
		Close:      func() error { s.engine.Close(); return nil },
	}, nil
}

func settings(given map[string]string) (settle map[string]time.Duration, pending time.Duration, err error) {
	settle = map[string]time.Duration{}
	for name, text := range given {
		setting, ours := strings.CutPrefix(name, "cloudformation.")
		if !ours {
			continue
		}
		d, err := time.ParseDuration(text)
		if err != nil {
			return nil, 0, fmt.Errorf("reading the setting %s: %w", name, err)
		}
		typeName, isSettle := strings.CutPrefix(setting, "settle.")
		switch {
		case isSettle:
			settle[typeName] = d
		case setting == "changeset":
			pending = d
		default:
			return nil, 0, fmt.Errorf("reading the setting %s: it is unknown", name)
		}
	}
	return settle, pending, nil
}

func (s *service) operations() []wire.Operation {
	return []wire.Operation{
		wire.Write("CreateStack", s.createStack),
		wire.Write("UpdateStack", s.updateStack),
		wire.Write("DeleteStack", s.deleteStack),
		wire.Write("ContinueUpdateRollback", s.continueRollback),
		wire.Read("DescribeStacks", s.describeStacks),
		wire.Read("ListStacks", s.listStacks),
		wire.Read("DescribeStackEvents", s.describeEvents),
		wire.Read("DescribeStackResource", s.describeResource),
		wire.Read("DescribeStackResources", s.describeResources),
		wire.Read("ListStackResources", s.listResources),
		wire.Read("GetTemplate", s.getTemplate),
		wire.Write("CreateChangeSet", s.createChangeSet),
		wire.Write("ExecuteChangeSet", s.executeChangeSet),
		wire.Write("DeleteChangeSet", s.deleteChangeSet),
		wire.Read("DescribeChangeSet", s.describeChangeSet),
		wire.Read("ListChangeSets", s.listChangeSets),
	}
}

// caller is a configuration that acts as who made the call.
func (s *service) caller(call *wire.Call) aws.Config {
	return quick(s.env.Config(s.env.Identities.Issue(call.Principal, sessionTime)))
}

// assume is a configuration that acts as a stack's role.
func (s *service) assume(_ context.Context, roleARN string) (aws.Config, error) {
	config, err := s.env.RoleConfig(servicePrincipal, roleARN, "AWSCloudFormation")
	return quick(config), err
}

// longestBackoff keeps the retries of throttled handlers short.
const longestBackoff = 20 * time.Millisecond

func quick(config aws.Config) aws.Config {
	config.Retryer = func() aws.Retryer { return newRetryer() }
	return config
}

// passes asks whether the caller may hand the role to CloudFormation.
func passes(call *wire.Call, roleARN string) error {
	if roleARN == "" {
		return nil
	}
	return call.Authorize("iam:PassRole", roleARN)
}

// answer turns the engine's refusals into the protocol's.
func answer(err error) error {
	var refused *engine.Error
	if !errors.As(err, &refused) {
		return err
	}
	status := http.StatusBadRequest
	if refused.Code == engine.CodeNoChangeSet {
		status = http.StatusNotFound
	}
	return wire.Errorf(status, refused.Code, "%s", refused.Message)
}

func invalid(format string, arguments ...any) error {
	return wire.Errorf(http.StatusBadRequest, engine.CodeValidation, format, arguments...)
}
