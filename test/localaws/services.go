package localaws

import (
	"github.com/aloft-dev/aloft/test/localaws/apigateway"
	"github.com/aloft-dev/aloft/test/localaws/cloudformation"
	"github.com/aloft-dev/aloft/test/localaws/cloudfront"
	"github.com/aloft-dev/aloft/test/localaws/ecr"
	"github.com/aloft-dev/aloft/test/localaws/events"
	"github.com/aloft-dev/aloft/test/localaws/iam"
	"github.com/aloft-dev/aloft/test/localaws/kms"
	"github.com/aloft-dev/aloft/test/localaws/lambda"
	"github.com/aloft-dev/aloft/test/localaws/logs"
	"github.com/aloft-dev/aloft/test/localaws/s3"
	"github.com/aloft-dev/aloft/test/localaws/sqs"
	"github.com/aloft-dev/aloft/test/localaws/sts"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// plugs are the services in the order in which they start; one line plugs a service in.
var plugs = []func(*wire.Env) (*wire.Service, error){
	iam.New,
	sts.New,
	kms.New,
	sqs.New,
	s3.New,
	logs.New,
	ecr.New,
	lambda.New,
	apigateway.New,
	events.New,
	cloudfront.New,
	cloudformation.New,
}
