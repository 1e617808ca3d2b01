package template

// accessControl is AWS::CloudFront::OriginAccessControl.
type accessControl struct {
	OriginAccessControlConfig accessControlConfig
}

func (accessControl) resourceType() string { return "AWS::CloudFront::OriginAccessControl" }

type accessControlConfig struct {
	Name                          value
	OriginAccessControlOriginType string
	SigningBehavior               string
	SigningProtocol               string
}

// distribution is AWS::CloudFront::Distribution.
type distribution struct {
	DistributionConfig distributionConfig
}

func (distribution) resourceType() string { return distributionType }

const distributionType = "AWS::CloudFront::Distribution"

type distributionConfig struct {
	Comment              string
	Enabled              bool
	HTTPVersion          string `json:"HttpVersion"`
	IPV6Enabled          bool
	Origins              []origin
	DefaultCacheBehavior behavior
	CacheBehaviors       []behavior
	CustomErrorResponses []errorResponse
}

// errorResponse says how long an error is kept.
type errorResponse struct {
	ErrorCode          int32
	ErrorCachingMinTTL int32
}

type origin struct {
	ID                    string `json:"Id"`
	DomainName            value
	OriginAccessControlID value          `json:"OriginAccessControlId,omitempty"`
	S3OriginConfig        *s3Origin      `json:",omitempty"`
	CustomOriginConfig    *customOrigin  `json:",omitempty"`
	OriginCustomHeaders   []originHeader `json:",omitempty"`
}

type originHeader struct {
	HeaderName  string
	HeaderValue value
}

// s3Origin is empty where an origin access control signs the requests.
type s3Origin struct{ OriginAccessIdentity string }

type customOrigin struct {
	OriginProtocolPolicy string
	OriginSSLProtocols   []string
}

type behavior struct {
	PathPattern           string `json:",omitempty"`
	TargetOriginID        string `json:"TargetOriginId"`
	ViewerProtocolPolicy  string
	AllowedMethods        []string
	CachedMethods         []string
	Compress              bool
	CachePolicyID         string        `json:"CachePolicyId"`
	OriginRequestPolicyID string        `json:"OriginRequestPolicyId,omitempty"`
	FunctionAssociations  []association `json:",omitempty"`
}

type association struct {
	EventType   string
	FunctionARN value
}

// bucketPolicy is AWS::S3::BucketPolicy.
type bucketPolicy struct {
	Bucket         value
	PolicyDocument policyDocument
}

func (bucketPolicy) resourceType() string { return bucketPolicyType }

const bucketPolicyType = "AWS::S3::BucketPolicy"
