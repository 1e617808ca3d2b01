package cloud_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/test/localaws"
)

const (
	account    = "123456789012"
	region     = "eu-central-1"
	externalID = "cluster/production"
)

func open(t *testing.T, o localaws.Options) *localaws.Server {
	t.Helper()
	o.AccountID, o.Region = account, region
	server, err := localaws.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server
}

// ungoverned is an account whose role may do everything, and its clients.
func ungoverned(t *testing.T) (*localaws.Server, *cloud.Clients) {
	t.Helper()
	server, access := grantedIn(t, localaws.Options{})
	clients, err := cloud.NewProvider(server.Config()).For(t.Context(), access)
	if err != nil {
		t.Fatal(err)
	}
	return server, clients
}

// granted is an account with a role that may be assumed with the external id alone.
func granted(t *testing.T) (*localaws.Server, cloud.Access) {
	t.Helper()
	return grantedIn(t, localaws.Options{EnforceIAM: true})
}

func grantedIn(t *testing.T, o localaws.Options) (*localaws.Server, cloud.Access) {
	t.Helper()
	server := open(t, o)
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},
		"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{"StringEquals":{"sts:ExternalId":"` + externalID + `"}}}]}`
	client := iam.NewFromConfig(server.Config())
	_, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("aloft"), AssumeRolePolicyDocument: aws.String(trust),
	})
	if err != nil {
		t.Fatal(err)
	}
	may := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
		"Action":["s3:ListAllMyBuckets","ecr:GetAuthorizationToken"],"Resource":"*"}]}`
	_, err = client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
		RoleName: aws.String("aloft"), PolicyName: aws.String("list"), PolicyDocument: aws.String(may),
	})
	if err != nil {
		t.Fatal(err)
	}
	return server, cloud.Access{
		AccountID: account, Region: region, RoleARN: "arn:aws:iam::" + account + ":role/aloft", ExternalID: externalID,
		UID: "uid-1", Cluster: "cluster", Namespace: "clouder", Stage: "production",
	}
}
