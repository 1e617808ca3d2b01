package cloud_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/test/localaws"
)

const (
	account    = "123456789012"
	region     = "eu-central-1"
	externalID = "cluster/production"
)

// granted is an account with a role that may be assumed with the external id alone.
func granted(t *testing.T) (*localaws.Server, cloud.Access) {
	t.Helper()
	server, err := localaws.New(localaws.Options{AccountID: account, Region: region, EnforceIAM: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},
		"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{"StringEquals":{"sts:ExternalId":"` + externalID + `"}}}]}`
	client := iam.NewFromConfig(server.Config())
	if _, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("aloft"), AssumeRolePolicyDocument: aws.String(trust)}); err != nil {
		t.Fatal(err)
	}
	_, err = client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
		RoleName: aws.String("aloft"), PolicyName: aws.String("list"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return server, cloud.Access{
		AccountID: account, Region: region, RoleARN: "arn:aws:iam::" + account + ":role/aloft", ExternalID: externalID,
		Cluster: "cluster", Namespace: "clouder", Stage: "production",
	}
}

func TestEachCallIsMadeByTheProfilesRole(t *testing.T) {
	server, access := granted(t)
	clients, err := cloud.NewProvider(server.Config()).For(t.Context(), access)
	if err != nil {
		t.Fatal(err)
	}
	since := server.Calls().End()
	if _, err := clients.S3.ListBuckets(t.Context(), &s3.ListBucketsInput{}); err != nil {
		t.Fatal(err)
	}
	calls := server.Calls().Since(since)
	if len(calls) != 1 || calls[0].Principal.RoleName() != "aloft" {
		t.Errorf("the calls are %+v", calls)
	}
}

func TestAnAccessIsVerifiedOnceUntilItIsForgotten(t *testing.T) {
	server, access := granted(t)
	provider := cloud.NewProvider(server.Config())
	verified := func() int {
		if _, err := provider.For(t.Context(), access); err != nil {
			t.Fatal(err)
		}
		return len(server.Calls().Operation("sts:GetCallerIdentity"))
	}
	if first, second := verified(), verified(); first != 1 || second != 1 {
		t.Errorf("verified %d and %d times", first, second)
	}
	provider.Forget(access)
	if again := verified(); again != 2 {
		t.Errorf("after it was forgotten it was verified %d times", again)
	}
}

func TestAnAccessThatIsNotGrantedFallsBackToNothing(t *testing.T) {
	server, access := granted(t)
	for why, change := range map[string]func(*cloud.Access){
		"another external id":               func(a *cloud.Access) { a.ExternalID = "cluster/other" },
		"a role that does not exist":        func(a *cloud.Access) { a.RoleARN += "-other" },
		"a role of an account out of reach": func(a *cloud.Access) { a.RoleARN = strings.Replace(a.RoleARN, account, "999999999999", 1) },
	} {
		t.Run(why, func(t *testing.T) {
			wrong := access
			change(&wrong)
			since := server.Calls().End()
			if _, err := cloud.NewProvider(server.Config()).For(t.Context(), wrong); !cloud.IsDenied(err) {
				t.Errorf("got %v, which is not taken for a refusal", err)
			}
			for _, call := range server.Calls().Since(since) {
				if call.Name() != "sts:AssumeRole" {
					t.Errorf("%s was asked with other credentials", call.Name())
				}
			}
		})
	}
}

func TestAnotherAccountThanTheProfileSaysIsRefused(t *testing.T) {
	server, access := granted(t)
	access.AccountID = "210987654321"
	_, err := cloud.NewProvider(server.Config()).For(t.Context(), access)
	var wrong *cloud.WrongAccount
	if !errors.As(err, &wrong) || wrong.Want != access.AccountID || wrong.Got != account {
		t.Errorf("got %v", err)
	}
	if changed := server.Calls().By("aloft").Effects(); len(changed) > 0 {
		t.Errorf("something was written: %v", changed.Names())
	}
}
