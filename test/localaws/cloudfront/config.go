package cloudfront

// distributionConfig is what the user of the API configures. It names the settings that the local
// AWS honours or may accept without harm; any other element is refused by the wire.
type distributionConfig struct {
	CallerReference      string `wire:",required"`
	Aliases              aliases
	DefaultRootObject    *string
	Origins              origins `wire:",required"`
	OriginGroups         emptyList
	DefaultCacheBehavior cacheBehavior `wire:",required"`
	CacheBehaviors       cacheBehaviors
	CustomErrorResponses errorResponses
	Comment              *string `wire:",required"`
	Logging              *logging
	PriceClass           string
	Enabled              *bool `wire:",required"`
	ViewerCertificate    *viewerCertificate
	Restrictions         *restrictions
	WebACLId             *string
	HttpVersion          string
	IsIPV6Enabled        *bool
	Staging              *bool
}

type aliases struct {
	Quantity *int
	Items    []string `wire:",item=CNAME"`
}

// emptyList stands for features that the local AWS does not have: only Quantity 0 is taken.
type emptyList struct{ Quantity *int }

type origins struct {
	Quantity *int     `wire:",required"`
	Items    []origin `wire:",required,item=Origin"`
}

type origin struct {
	Id                    string `wire:",required"`
	DomainName            string `wire:",required"`
	OriginPath            *string
	CustomHeaders         customHeaders
	S3OriginConfig        *s3OriginConfig
	CustomOriginConfig    *customOriginConfig
	ConnectionAttempts    int
	ConnectionTimeout     int
	OriginShield          *originShield
	OriginAccessControlId *string
}

type originShield struct {
	Enabled *bool `wire:",required"`
}

type customHeaders struct {
	Quantity *int
	Items    []customHeader `wire:",item=OriginCustomHeader"`
}

type customHeader struct {
	HeaderName  string `wire:",required"`
	HeaderValue string `wire:",required"`
}

type s3OriginConfig struct {
	OriginAccessIdentity *string
	OriginReadTimeout    int
}

type customOriginConfig struct {
	HTTPPort               int    `wire:",required"`
	HTTPSPort              int    `wire:",required"`
	OriginProtocolPolicy   string `wire:",required"`
	OriginSslProtocols     *sslProtocols
	OriginReadTimeout      int
	OriginKeepaliveTimeout int
}

type sslProtocols struct {
	Quantity *int     `wire:",required"`
	Items    []string `wire:",item=SslProtocol"`
}

type cacheBehaviors struct {
	Quantity *int
	Items    []pathBehavior `wire:",item=CacheBehavior"`
}

// pathBehavior is a cache behaviour with the pattern of the paths that it takes.
type pathBehavior struct {
	PathPattern string `wire:",required"`
	cacheBehavior
}

type cacheBehavior struct {
	TargetOriginId             string `wire:",required"`
	TrustedSigners             *signers
	TrustedKeyGroups           *signers
	ViewerProtocolPolicy       string `wire:",required"`
	AllowedMethods             *allowedMethods
	SmoothStreaming            *bool
	Compress                   *bool
	LambdaFunctionAssociations emptyList
	FunctionAssociations       functionAssociations
	FieldLevelEncryptionId     *string
	CachePolicyId              string
	OriginRequestPolicyId      string
	ResponseHeadersPolicyId    string
}

type signers struct {
	Enabled  *bool `wire:",required"`
	Quantity *int  `wire:",required"`
}

type allowedMethods struct {
	Quantity      *int     `wire:",required"`
	Items         []string `wire:",required,item=Method"`
	CachedMethods *cachedMethods
}

type cachedMethods struct {
	Quantity *int     `wire:",required"`
	Items    []string `wire:",required,item=Method"`
}

type errorResponses struct {
	Quantity *int
	Items    []errorResponse `wire:",item=CustomErrorResponse"`
}

// errorResponse replaces an origin's error by a page and says how long errors are remembered.
type errorResponse struct {
	ErrorCode          int `wire:",required"`
	ResponsePagePath   *string
	ResponseCode       *string
	ErrorCachingMinTTL *int64
}

type logging struct {
	Enabled        *bool
	IncludeCookies *bool
	Bucket         *string
	Prefix         *string
}

type viewerCertificate struct {
	CloudFrontDefaultCertificate *bool
	IAMCertificateId             string
	ACMCertificateArn            string
	SSLSupportMethod             string
	MinimumProtocolVersion       string
	Certificate                  string
	CertificateSource            string
}

type restrictions struct {
	GeoRestriction geoRestriction `wire:",required"`
}

type geoRestriction struct {
	RestrictionType string   `wire:",required"`
	Quantity        *int     `wire:",required"`
	Items           []string `wire:",item=Location"`
}

func (c *distributionConfig) origin(id string) *origin {
	for i := range c.Origins.Items {
		if c.Origins.Items[i].Id == id {
			return &c.Origins.Items[i]
		}
	}
	return nil
}

// behaviors are the default behaviour and all others.
func (c *distributionConfig) behaviors() []*cacheBehavior {
	list := []*cacheBehavior{&c.DefaultCacheBehavior}
	for i := range c.CacheBehaviors.Items {
		list = append(list, &c.CacheBehaviors.Items[i].cacheBehavior)
	}
	return list
}
