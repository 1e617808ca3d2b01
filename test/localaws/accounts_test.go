package localaws_test

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/aloft-dev/aloft/test/localaws"
)

const (
	homeAccount  = "111111111111"
	otherAccount = "222222222222"
)

// twoAccounts are one endpoint, and its administrator's configuration; the other account has a role that trusts the
// first.
func twoAccounts(t *testing.T) (*localaws.Accounts, aws.Config) {
	t.Helper()
	accounts, err := localaws.NewAccounts(localaws.Options{}, homeAccount, otherAccount)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = accounts.Close() })
	_, err = iam.NewFromConfig(accounts.Account(otherAccount).Config()).CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("operator"), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + homeAccount + `:root"},"Action":"sts:AssumeRole"}]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg := accounts.Home.Config()
	cfg.BaseEndpoint, cfg.HTTPClient = aws.String(accounts.URL()), &http.Client{Transport: &http.Transport{}}
	return accounts, cfg
}

// as is a configuration with the credentials of a role.
func as(cfg aws.Config, roleARN string) aws.Config {
	assumed := cfg.Copy()
	assumed.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), roleARN))
	return assumed
}

func TestACallGoesToTheAccountOfWhoeverSignsIt(t *testing.T) {
	accounts, home := twoAccounts(t)
	other := as(home, "arn:aws:iam::"+otherAccount+":role/operator")
	if err := createQueue(t.Context(), other, "q"); err != nil {
		t.Fatal(err)
	}
	if here, there := queues(t, home), queues(t, other); here != 0 || there != 1 {
		t.Errorf("the account of the endpoint has %d queues, the role's %d", here, there)
	}
	identity, err := sts.NewFromConfig(other).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil || aws.ToString(identity.Account) != otherAccount {
		t.Errorf("the role is of %v, %v", identity, err)
	}
	if calls := accounts.Account(otherAccount).Calls().By("operator").Operation("sqs:CreateQueue"); len(calls) != 1 {
		t.Errorf("its account has logged %v", calls)
	}
}

func TestARoleOfAnAccountThatDoesNotExistIsRefused(t *testing.T) {
	_, home := twoAccounts(t)
	for _, arn := range []string{"arn:aws:iam::333333333333:role/operator",
		"arn:aws:iam::" + homeAccount + ":role/operator"} {
		if err := createQueue(t.Context(), as(home, arn), "q"); err == nil {
			t.Errorf("%s was assumed", arn)
		}
	}
}

func TestEachAccountHasAnAdministratorOfItsOwn(t *testing.T) {
	accounts, _ := twoAccounts(t)
	for _, id := range []string{homeAccount, otherAccount} {
		cfg := accounts.Account(id).Config()
		identity, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		if err != nil || aws.ToString(identity.Account) != id {
			t.Errorf("that of %s is of %v, %v", id, identity, err)
		}
	}
}
