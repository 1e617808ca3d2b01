package stage

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// fails has a call to AWS answered with an error from now on, until the function that is given is called.
func fails(call, code string, times int) (heal func()) {
	return local.Faults().Inject(wire.Fault{
		Call: call, Kind: wire.FaultError, Times: times, Error: wire.Errorf(400, code, "injected: %s", code),
		Match: func(c *wire.Call) bool { return operates(c.Principal) },
	})
}

// operates tells the operator's own calls, by its credentials or by a role that it has assumed, from those that the
// local AWS makes for it.
func operates(p wire.Principal) bool {
	return p.UserID == "AIDAOPERATOR" || p.RoleName() == "operator" || p.RoleName() == "trusting"
}

func roleARN(name string) string { return "arn:aws:iam::" + account + ":role/" + name }

// makeRole makes a role that may do everything, for whom its trust policy says.
func makeRole(ctx context.Context, name, principal, condition string) {
	GinkgoHelper()
	const everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":%s,
		"Action":["sts:AssumeRole","sts:TagSession"],"Condition":%s}]}`, principal, condition)
	client := iam.NewFromConfig(local.Config())
	_, err := client.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: aws.String(name), AssumeRolePolicyDocument: aws.String(trust),
	})
	Expect(err).NotTo(HaveOccurred())
	_, err = client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: aws.String(name), PolicyName: aws.String("everything"), PolicyDocument: aws.String(everything),
	})
	Expect(err).NotTo(HaveOccurred())
}
