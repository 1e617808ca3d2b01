package template

import (
	"slices"

	contract "github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/controllers/release"
)

// Policies that CloudFront provides, by the ids that they have in every account.
const (
	cachingOptimized          = "658327ea-f89d-4fab-a63d-7e88639e58f6"
	cachingDisabled           = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
	allViewerExceptHostHeader = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
)

// Origins of the distribution.
const (
	assetsOrigin = "assets"
	apiOrigin    = "api"
)

// addDistribution adds the distribution and the bucket's one policy. Nothing in them is of a release: a
// change takes CloudFront minutes.
func (a App) addDistribution(t *Template) {
	d := a.Desired
	t.add(accessControlID, accessControl{OriginAccessControlConfig: accessControlConfig{
		Name: a.globalName(), OriginAccessControlOriginType: "s3", SigningBehavior: "always", SigningProtocol: "sigv4",
	}})
	t.add(distributionID, distribution{DistributionConfig: distributionConfig{
		Comment: "Aloft: stage " + d.Stage.String(), Enabled: true, HTTPVersion: "http2and3", IPV6Enabled: true,
		Origins:              []origin{assetsFrom(), apiFrom()},
		DefaultCacheBehavior: pages(),
		CacheBehaviors:       []behavior{assets()},
		CustomErrorResponses: unkept(),
	}})
	t.add(bucketPolicyID, bucketPolicy{Bucket: ref(bucketParameter), PolicyDocument: bucketAccess()})
}

func assetsFrom() origin {
	return origin{
		ID:                    assetsOrigin,
		DomainName:            join{ref(bucketParameter), text(".s3."), region, text("."), urlSuffix},
		OriginAccessControlID: attribute{accessControlID, "Id"},
		S3OriginConfig:        &s3Origin{},
	}
}

func apiFrom() origin {
	return origin{
		ID:                 apiOrigin,
		DomainName:         join{ref(apiID), text(".execute-api."), region, text("."), urlSuffix},
		CustomOriginConfig: &customOrigin{OriginProtocolPolicy: "https-only", OriginSSLProtocols: []string{"TLSv1.2"}},
		// It takes the place of what a viewer sends under that name.
		OriginCustomHeaders: []originHeader{{HeaderName: contract.EdgeSecret, HeaderValue: ref(originSecretParameter)}},
	}
}

// unkept has CloudFront keep no error: without it one viewer's error is everybody's for ten seconds, although caching
// is disabled and whatever the application's Cache-Control says (CloudFront Developer Guide, "Control how long
// CloudFront caches errors").
func unkept() []errorResponse {
	var responses []errorResponse
	for _, code := range []int32{400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504} {
		responses = append(responses, errorResponse{ErrorCode: code})
	}
	return responses
}

// pages go to the application with everything that the viewer sent but the Host header, by which API Gateway
// would look for another API.
func pages() behavior {
	return behavior{
		TargetOriginID: apiOrigin, ViewerProtocolPolicy: "redirect-to-https", Compress: true,
		AllowedMethods: []string{"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"},
		CachedMethods:  []string{"GET", "HEAD"},
		CachePolicyID:  cachingDisabled, OriginRequestPolicyID: allViewerExceptHostHeader,
		FunctionAssociations: []association{
			{EventType: "viewer-request", FunctionARN: attribute{edgeFunctionID, "FunctionARN"}},
		},
	}
}

func assets() behavior {
	return behavior{
		PathPattern: assetsPaths, TargetOriginID: assetsOrigin, ViewerProtocolPolicy: "redirect-to-https", Compress: true,
		AllowedMethods: []string{"GET", "HEAD"}, CachedMethods: []string{"GET", "HEAD"},
		CachePolicyID: cachingOptimized,
	}
}

// assetsPaths are below a name of Aloft's own: every other path belongs to the application.
const assetsPaths = "/" + release.AssetsFolder + "*"

// bucketAccess lets the distribution alone read assets, and nobody come without TLS. It may list the bucket, so that S3
// says of an object that is not there 404 and not 403 (S3 API Reference, GetObject); nobody can have it list, for no
// query reaches the bucket and no path but those of assets.
func bucketAccess() policyDocument {
	all := join{text("arn:"), partition, text(":s3:::"), ref(bucketParameter)}
	under := func(path string) value { return append(slices.Clip(all), text(path)) }
	read := allow("DistributionReadsOwnPaths", []string{"s3:GetObject"}, under(assetsPaths))
	list := allow("DistributionKnowsWhatIsMissing", []string{"s3:ListBucket"}, all)
	for _, s := range []*statement{&read, &list} {
		s.Principal = service("cloudfront")
		s.Condition = map[string]map[string]value{"StringEquals": {
			"AWS:SourceArn": join{text("arn:"), partition, text(":cloudfront::"), account, text(":distribution/"),
				ref(distributionID)},
		}}
	}
	return policy(read, list, statement{
		Sid: "OnlyTLS", Effect: "Deny", Principal: "*", Action: []string{"s3:*"}, Resource: []value{all, under("/*")},
		Condition: map[string]map[string]value{"Bool": {"aws:SecureTransport": text("false")}},
	})
}
