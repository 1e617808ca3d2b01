package cloudfront

import "net/http"

// The sets of methods that a behaviour may allow, and that it may cache.
var (
	readMethods    = []string{http.MethodGet, http.MethodHead}
	optionsMethods = []string{http.MethodGet, http.MethodHead, http.MethodOptions}
	allMethods     = []string{
		http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodPost, http.MethodPatch,
		http.MethodDelete,
	}
)

// complete fills in what AWS answers for settings that were left out, so that a configuration which
// is read, changed in one place and sent back stays what it was.
func (c *distributionConfig) complete() {
	c.Aliases.Quantity = new(len(c.Aliases.Items))
	c.CacheBehaviors.Quantity = new(len(c.CacheBehaviors.Items))
	c.CustomErrorResponses.Quantity = new(len(c.CustomErrorResponses.Items))
	orDefault(&c.OriginGroups.Quantity, 0)
	orDefault(&c.DefaultRootObject, "")
	orDefault(&c.WebACLId, "")
	orDefault(&c.IsIPV6Enabled, false)
	orDefault(&c.Staging, false)
	if c.PriceClass == "" {
		c.PriceClass = "PriceClass_All"
	}
	if c.HttpVersion == "" {
		c.HttpVersion = "http2"
	}
	if c.Logging == nil {
		c.Logging = &logging{Enabled: new(false), IncludeCookies: new(false), Bucket: new(""), Prefix: new("")}
	}
	if c.Restrictions == nil {
		c.Restrictions = &restrictions{GeoRestriction: geoRestriction{RestrictionType: "none", Quantity: new(0)}}
	}
	if c.ViewerCertificate == nil {
		c.ViewerCertificate = &viewerCertificate{
			CloudFrontDefaultCertificate: new(true), MinimumProtocolVersion: "TLSv1", CertificateSource: "cloudfront",
			SSLSupportMethod: "vip",
		}
	}
	for _, behavior := range c.behaviors() {
		behavior.complete()
	}
	for i := range c.Origins.Items {
		c.Origins.Items[i].complete()
	}
}

func (b *cacheBehavior) complete() {
	if b.AllowedMethods == nil {
		b.AllowedMethods = &allowedMethods{Quantity: new(len(readMethods)), Items: readMethods}
	}
	if b.AllowedMethods.CachedMethods == nil {
		b.AllowedMethods.CachedMethods = &cachedMethods{Quantity: new(len(readMethods)), Items: readMethods}
	}
	if b.TrustedSigners == nil {
		b.TrustedSigners = &signers{Enabled: new(false), Quantity: new(0)}
	}
	if b.TrustedKeyGroups == nil {
		b.TrustedKeyGroups = &signers{Enabled: new(false), Quantity: new(0)}
	}
	orDefault(&b.LambdaFunctionAssociations.Quantity, 0)
	b.FunctionAssociations.Quantity = new(len(b.FunctionAssociations.Items))
	orDefault(&b.SmoothStreaming, false)
	orDefault(&b.Compress, false)
	orDefault(&b.FieldLevelEncryptionId, "")
}

func (o *origin) complete() {
	o.CustomHeaders.Quantity = new(len(o.CustomHeaders.Items))
	orDefault(&o.OriginPath, "")
	orDefault(&o.OriginAccessControlId, "")
	if o.ConnectionAttempts == 0 {
		o.ConnectionAttempts = 3
	}
	if o.ConnectionTimeout == 0 {
		o.ConnectionTimeout = 10
	}
	if o.OriginShield == nil {
		o.OriginShield = &originShield{Enabled: new(false)}
	}
	if c := o.CustomOriginConfig; c != nil {
		c.complete()
	}
}

func (c *customOriginConfig) complete() {
	if c.OriginSslProtocols == nil {
		c.OriginSslProtocols = &sslProtocols{Quantity: new(2), Items: []string{"TLSv1", "SSLv3"}}
	}
	if c.OriginReadTimeout == 0 {
		c.OriginReadTimeout = 30
	}
	if c.OriginKeepaliveTimeout == 0 {
		c.OriginKeepaliveTimeout = 5
	}
}

func orDefault[T any](field **T, value T) {
	if *field == nil {
		*field = &value
	}
}
