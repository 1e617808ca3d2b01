package cloudfront

import "time"

// cachePolicy is one of CloudFront's managed cache policies: how long to keep answers, and which
// parts of a request both distinguish them and travel to the origin.
type cachePolicy struct {
	name string
	// minimum, standard and maximum bound what the origin's Cache-Control and Expires ask for.
	minimum, standard, maximum time.Duration
	queryStrings, cookies      bool
	headers                    []string
	// encodings says that Accept-Encoding is part of the key and that compression is possible.
	encodings bool
}

// enabled is false for a policy under which nothing is ever cached.
func (p cachePolicy) enabled() bool { return p.maximum > 0 }

const year = 365 * 24 * time.Hour

// cachePolicies are the managed policies that the local AWS knows. AWS: "Use managed cache policies".
var cachePolicies = map[string]cachePolicy{
	"658327ea-f89d-4fab-a63d-7e88639e58f6": {
		name: "Managed-CachingOptimized", minimum: time.Second, standard: 24 * time.Hour, maximum: year, encodings: true,
	},
	"b2884449-e4de-46a7-ac36-70bc7f1ddd6d": {
		name: "Managed-CachingOptimizedForUncompressedObjects", minimum: time.Second, standard: 24 * time.Hour, maximum: year,
	},
	"4135ea2d-6df8-44a3-9df3-4b5a84be39ad": {name: "Managed-CachingDisabled"},
	"83da9c7e-98b4-4e11-a168-04f0df8e2c65": {
		name: "Managed-UseOriginCacheControlHeaders", maximum: year, cookies: true, encodings: true,
		headers: []string{"Host", "Origin", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"},
	},
	"4cc15a8a-d715-48a4-82b8-cc0b614638fe": {
		name: "Managed-UseOriginCacheControlHeaders-QueryStrings", maximum: year, cookies: true, queryStrings: true,
		encodings: true,
		headers:   []string{"Host", "Origin", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"},
	},
}

// originRequestPolicy says what of a request travels to the origin besides the cache key.
type originRequestPolicy struct {
	name                  string
	queryStrings, cookies bool
	// headers are named ones; allHeaders takes all of the viewer's, without those in except.
	headers    []string
	allHeaders bool
	except     []string
	// cloudFront adds the CloudFront-* headers about the viewer.
	cloudFront bool
}

// originRequestPolicies are the managed policies that the local AWS knows. AWS: "Use managed origin
// request policies".
var originRequestPolicies = map[string]originRequestPolicy{
	"b689b0a8-53d0-40ab-baf2-68738e2966ac": {
		name: "Managed-AllViewerExceptHostHeader", queryStrings: true, cookies: true, allHeaders: true,
		except: []string{"Host"},
	},
	"216adef6-5c7f-47e4-b989-5492eafa07d3": {
		name: "Managed-AllViewer", queryStrings: true, cookies: true, allHeaders: true,
	},
	"33f36d7e-f396-46d9-90e0-52428a34d9dc": {
		name: "Managed-AllViewerAndCloudFrontHeaders-2022-06", queryStrings: true, cookies: true, allHeaders: true,
		cloudFront: true,
	},
	"88a5eaf4-2fd4-4709-b370-b4c650ea3fcf": {
		name:    "Managed-CORS-S3Origin",
		headers: []string{"Origin", "Access-Control-Request-Headers", "Access-Control-Request-Method"},
	},
	"59781a5b-3903-41f3-afcb-af62929ccde1": {name: "Managed-CORS-CustomOrigin", headers: []string{"Origin"}},
	"acba4595-bd28-49b8-b9fe-13317c0390fa": {
		name: "Managed-UserAgentRefererHeaders", headers: []string{"User-Agent", "Referer"},
	},
}

// responseHeadersPolicies are the managed policies that may be named, with the headers they set when
// the origin did not. AWS: "Use managed response headers policies".
var responseHeadersPolicies = map[string]map[string]string{
	"67f7725c-6f97-4210-82d7-5512b31e9d03": {
		"Referrer-Policy":           "strict-origin-when-cross-origin",
		"Strict-Transport-Security": "max-age=31536000",
		"X-Content-Type-Options":    "nosniff",
		"X-Frame-Options":           "SAMEORIGIN",
		"X-XSS-Protection":          "1; mode=block",
	},
	"60669652-455b-4ae9-85a4-c4c02393f86c": {"Access-Control-Allow-Origin": "*"},
}
