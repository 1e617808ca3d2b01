package template

import "slices"

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
		Name: d.Names.Prefix, OriginAccessControlOriginType: "s3", SigningBehavior: "always", SigningProtocol: "sigv4",
	}})
	t.add(distributionID, distribution{DistributionConfig: distributionConfig{
		Comment: "Aloft: stage " + d.Stage.String(), Enabled: true, HTTPVersion: "http2and3", IPV6Enabled: true,
		Origins:              []origin{assetsFrom(), apiFrom()},
		DefaultCacheBehavior: pages(),
		CacheBehaviors:       []behavior{assets()},
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
	}
}

// pages go to the application with everything that the viewer sent but the Host header, by which API Gateway
// would look for another API.
func pages() behavior {
	return behavior{
		TargetOriginID: apiOrigin, ViewerProtocolPolicy: "redirect-to-https", Compress: true,
		AllowedMethods: []string{"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"},
		CachedMethods:  []string{"GET", "HEAD"},
		CachePolicyID:  cachingDisabled, OriginRequestPolicyID: allViewerExceptHostHeader,
	}
}

func assets() behavior {
	return behavior{
		PathPattern: "/assets/*", TargetOriginID: assetsOrigin, ViewerProtocolPolicy: "redirect-to-https", Compress: true,
		AllowedMethods: []string{"GET", "HEAD"}, CachedMethods: []string{"GET", "HEAD"},
		CachePolicyID: cachingOptimized,
	}
}

// bucketAccess lets the distribution alone read assets, and nobody come without TLS.
func bucketAccess() policyDocument {
	all := join{text("arn:"), partition, text(":s3:::"), ref(bucketParameter)}
	under := func(path string) value { return append(slices.Clip(all), text(path)) }
	read := allow("DistributionReadsAssets", []string{"s3:GetObject"}, under("/assets/*"))
	read.Principal = service("cloudfront")
	read.Condition = map[string]map[string]value{"StringEquals": {
		"AWS:SourceArn": join{text("arn:"), partition, text(":cloudfront::"), account, text(":distribution/"),
			ref(distributionID)},
	}}
	return policy(read, statement{
		Sid: "OnlyTLS", Effect: "Deny", Principal: "*", Action: []string{"s3:*"}, Resource: []value{all, under("/*")},
		Condition: map[string]map[string]value{"Bool": {"aws:SecureTransport": text("false")}},
	})
}
