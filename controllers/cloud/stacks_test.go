package cloud_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func TestAStackIsDescribedByItsNameAndByItsID(t *testing.T) {
	server, clients := ungoverned(t)
	if stack, err := clients.Stack(t.Context(), "acme"); stack != nil || err != nil {
		t.Errorf("without a stack there is %v, %v", stack, err)
	}
	_, err := clients.CloudFormation.CreateStack(t.Context(), &cloudformation.CreateStackInput{
		StackName: aws.String("acme"), TemplateBody: aws.String(`{"Resources":{"Jobs":{"Type":"AWS::SQS::Queue"}}}`),
		Tags: []types.Tag{{Key: aws.String("owner"), Value: aws.String("cluster/clouder/production")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	byName, err := clients.Stack(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	if got := cloud.TagsOf(byName); !maps.Equal(got, map[string]string{"owner": "cluster/clouder/production"}) {
		t.Errorf("its tags are %v", got)
	}
	byID, err := clients.Stack(t.Context(), aws.ToString(byName.StackId))
	if err != nil || aws.ToString(byID.StackName) != "acme" {
		t.Errorf("by its id there is %v, %v", byID, err)
	}
	server.Faults().Inject(wire.Fault{
		Call: "cloudformation:DescribeStacks", Kind: wire.FaultError, Error: wire.Errorf(403, "AccessDenied", "not you"),
	})
	_, err = clients.Stack(t.Context(), "acme")
	if err == nil || !strings.Contains(err.Error(), "describing stack acme") {
		t.Errorf("got %v", err)
	}
}
