// Package tenant is what one stage has on AWS, for the tests of the packages that act there: a local AWS of its own,
// reached in process, and what a test puts there, does to it and reads back.
package tenant

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/desired"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// Whose the stage is, and where.
const (
	Account = "123456789012"
	Region  = "eu-central-1"
	Owner   = "cluster/clouder/production"
	// NamespaceUID is of the namespace that it has now.
	NamespaceUID = "uid-of-clouder"
)

// Key names the stage in its cluster.
var Key = release.StageKey{Namespace: "clouder", Name: "production"}

// Tenant is a stage's account. Its methods fail the test where AWS does not do as they ask.
type Tenant struct {
	// Local is the account's AWS.
	Local *localaws.Server

	t       *testing.T
	clients *cloud.Clients
	names   release.Names
}

// New makes an account that holds nothing yet.
func New(t *testing.T, options ...func(*localaws.Options)) *Tenant {
	t.Helper()
	o := localaws.Options{AccountID: Account, Region: Region}
	for _, change := range options {
		change(&o)
	}
	local, err := localaws.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = local.Close() })
	return &Tenant{
		Local: local, t: t, clients: ClientsOf(local.Config()), names: desired.Names(Key, Account, Region),
	}
}

// Access gives what acts for the stage, and the names of what it has.
func (n *Tenant) Access() (*cloud.Clients, release.Names) { return n.clients, n.names }

// ClientsOf gives clients that make each call once, so that a fault reaches whoever is tested; that calls are repeated
// is for the tests of package cloud.
func ClientsOf(config aws.Config) *cloud.Clients {
	config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return &cloud.Clients{
		Account: Account, Region: Region,
		CloudFormation: cloudformation.NewFromConfig(config), S3: s3.NewFromConfig(config),
		ECR: ecr.NewFromConfig(config), KMS: kms.NewFromConfig(config),
		Lambda: lambda.NewFromConfig(config), Invoke: lambda.NewFromConfig(config),
		SQS: sqs.NewFromConfig(config), Logs: cloudwatchlogs.NewFromConfig(config),
	}
}

// Must ends the test with an error.
func (n *Tenant) Must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

// Fault has calls fail before they are executed, those whose path has a part, until it is repaired.
func (n *Tenant) Fault(call, path string, answer *wire.Error) (repair func()) {
	return n.Local.Faults().Inject(wire.Fault{
		Call: call, Kind: wire.FaultError, Error: answer,
		Match: func(c *wire.Call) bool { return strings.Contains(c.HTTP.URL.Path, path) },
	})
}

// Denied is what AWS answers to a role without a right.
func Denied() *wire.Error {
	return wire.Errorf(http.StatusForbidden, "AccessDeniedException", "not for you")
}
