package cloudfront

import (
	"net/http"

	"github.com/aloft-dev/aloft/test/localaws/model"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const (
	distributions  = "/2020-05-31/distribution"
	oneOf          = "/{Id}"
	accessControls = "/2020-05-31/origin-access-control"
	tagging        = "/2020-05-31/tagging"
	functions      = "/2020-05-31/function"
	named          = "/{Name}"
)

// Service is the service on the wire.
func (s *CloudFront) Service() *wire.Service {
	return &wire.Service{
		Name:     "cloudfront",
		Protocol: wire.RESTXML(namespace),
		Invalid:  wire.Sender("InvalidArgument"),
		Violated: func(found []model.Violation) *wire.Error { // aws/aws-sdk-php#1973
			return wire.Sender("MalformedXML")(model.Message(found))
		},
		Close:    s.Close,
		Action:   action,
		Resource: s.resource,
		Operations: []wire.Operation{
			wire.Write("CreateDistribution", s.createDistribution).At(http.MethodPost,
				distributions).Answers(http.StatusCreated),
			wire.Write("CreateDistributionWithTags", s.createDistributionWithTags).
				At(http.MethodPost, distributions+"?WithTags").Answers(http.StatusCreated),
			wire.Read("ListDistributions", s.listDistributions).At(http.MethodGet, distributions),
			wire.Read("GetDistribution", s.getDistribution).At(http.MethodGet, distributions+oneOf),
			wire.Read("GetDistributionConfig", s.getDistributionConfig).At(http.MethodGet, distributions+oneOf+"/config"),
			wire.Write("UpdateDistribution", s.updateDistribution).At(http.MethodPut, distributions+oneOf+"/config"),
			wire.Write("DeleteDistribution", s.deleteDistribution).
				At(http.MethodDelete, distributions+oneOf).Answers(http.StatusNoContent),
			wire.Write("CreateOriginAccessControl", s.createOriginAccessControl).
				At(http.MethodPost, accessControls).Answers(http.StatusCreated),
			wire.Read("ListOriginAccessControls", s.listOriginAccessControls).At(http.MethodGet, accessControls),
			wire.Read("GetOriginAccessControl", s.getOriginAccessControl).At(http.MethodGet, accessControls+oneOf),
			wire.Read("GetOriginAccessControlConfig", s.getOriginAccessControlConfig).At(http.MethodGet,
				accessControls+oneOf+"/config"),
			wire.Write("UpdateOriginAccessControl", s.updateOriginAccessControl).At(http.MethodPut,
				accessControls+oneOf+"/config"),
			wire.Write("DeleteOriginAccessControl", s.deleteOriginAccessControl).
				At(http.MethodDelete, accessControls+oneOf).Answers(http.StatusNoContent),
			wire.Write("CreateFunction", s.createFunction).At(http.MethodPost, functions).Answers(http.StatusCreated),
			wire.Read("ListFunctions", s.listFunctions).At(http.MethodGet, functions),
			wire.Read("DescribeFunction", s.describeFunction).At(http.MethodGet, functions+named+"/describe"),
			wire.Write("UpdateFunction", s.updateFunction).At(http.MethodPut, functions+named),
			wire.Write("PublishFunction", s.publishFunction).At(http.MethodPost, functions+named+"/publish"),
			wire.Write("DeleteFunction", s.deleteFunction).
				At(http.MethodDelete, functions+named).Answers(http.StatusNoContent),
			wire.Write("TagResource", s.tagResource).At(http.MethodPost, tagging+"?Operation=Tag").Answers(http.StatusNoContent),
			wire.Write("UntagResource", s.untagResource).At(http.MethodPost,
				tagging+"?Operation=Untag").Answers(http.StatusNoContent),
			wire.Read("ListTagsForResource", s.listTagsForResource).At(http.MethodGet, tagging),
		},
	}
}
