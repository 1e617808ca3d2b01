package cloudfront

import (
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// validate applies the rules that the API documents for CreateDistribution and UpdateDistribution, on
// a completed configuration. The caller holds mu.
func (s *CloudFront) validate(c *distributionConfig, self string) error {
	checks := []func() error{
		c.checkQuantities,
		func() error { return s.checkOrigins(c) },
		func() error { return s.checkBehaviors(c) },
		func() error { return s.checkAliases(c, self) },
		c.checkErrorResponses,
		func() error {
			if len(text(c.DefaultRootObject)) > 255 || strings.HasPrefix(text(c.DefaultRootObject), "/") {
				return wire.Errorf(400, "InvalidDefaultRootObject", "The parameter DefaultRootObject is not valid.")
			}
			return nil
		},
	}
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func invalid(format string, args ...any) *wire.Error {
	return wire.Errorf(400, "InvalidArgument", format, args...)
}

// checkQuantities compares every Quantity with its Items.
func (c *distributionConfig) checkQuantities() error {
	if !consistent(reflect.ValueOf(*c)) {
		return wire.Errorf(400, "InconsistentQuantities", "The value of Quantity and the size of Items don't match.")
	}
	if *c.OriginGroups.Quantity != 0 {
		return invalid("Origin groups are not supported by the local AWS.")
	}
	return nil
}

// consistent says whether all lists inside are as long as the Quantity beside them says.
func consistent(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer:
		return v.IsNil() || consistent(v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			if !consistent(v.Index(i)) {
				return false
			}
		}
	case reflect.Struct:
		quantity, items := v.FieldByName("Quantity"), v.FieldByName("Items")
		if items.IsValid() && !quantity.IsNil() && int(quantity.Elem().Int()) != items.Len() {
			return false
		}
		for i := range v.NumField() {
			if !consistent(v.Field(i)) {
				return false
			}
		}
	default:
	}
	return true
}

func (s *CloudFront) checkOrigins(c *distributionConfig) error {
	if len(c.Origins.Items) == 0 {
		return invalid("A distribution needs at least one origin.")
	}
	seen := map[string]bool{}
	for i := range c.Origins.Items {
		o := &c.Origins.Items[i]
		if seen[o.Id] {
			return invalid("The parameter Origin Id is not unique: %s", o.Id)
		}
		seen[o.Id] = true
		if err := s.checkOrigin(o); err != nil {
			return err
		}
	}
	return nil
}

func (s *CloudFront) checkOrigin(o *origin) error {
	if o.DomainName == "" || strings.ContainsAny(o.DomainName, "/: ") || !strings.Contains(o.DomainName, ".") {
		return invalid("The parameter origin name must be a domain name: %s", o.DomainName)
	}
	if (o.S3OriginConfig == nil) == (o.CustomOriginConfig == nil) {
		return invalid("Exactly one of CustomOriginConfig, VpcOriginConfig and S3OriginConfig must be specified")
	}
	if o.S3OriginConfig != nil && !bucketDomain.MatchString(o.DomainName) {
		return wire.Errorf(400, "InvalidOrigin", "The specified origin server does not exist or is not valid.")
	}
	return s.checkOriginSettings(o)
}

func (s *CloudFront) checkOriginSettings(o *origin) error {
	if path := text(o.OriginPath); path != "" && (!strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/")) {
		return invalid("The parameter OriginPath must begin with a slash and must not end with one: %s", path)
	}
	if id := text(o.OriginAccessControlId); id != "" && s.controls[id] == nil {
		return wire.Errorf(400, "InvalidOriginAccessControl", "The origin access control is not valid.")
	}
	return nil
}

func (s *CloudFront) checkBehaviors(c *distributionConfig) error {
	patterns := map[string]bool{}
	for _, b := range c.CacheBehaviors.Items {
		if patterns[b.PathPattern] || len(b.PathPattern) > 255 {
			return invalid("The parameter PathPattern is too long or not unique: %s", b.PathPattern)
		}
		patterns[b.PathPattern] = true
	}
	for _, b := range c.behaviors() {
		if c.origin(b.TargetOriginId) == nil {
			return wire.Errorf(http.StatusNotFound, "NoSuchOrigin", "One or more of your origins or origin groups do not exist.")
		}
		if err := b.check(); err != nil {
			return err
		}
		if err := s.checkAssociations(b); err != nil {
			return err
		}
	}
	return nil
}

func (b *cacheBehavior) check() error {
	if b.CachePolicyId == "" {
		return invalid("The parameter ForwardedValues is required.")
	}
	if err := b.checkPolicies(); err != nil {
		return err
	}
	if isTrue(b.TrustedSigners.Enabled) || isTrue(b.TrustedKeyGroups.Enabled) || text(b.FieldLevelEncryptionId) != "" ||
		*b.LambdaFunctionAssociations.Quantity != 0 {
		return invalid("Signed requests, field-level encryption and Lambda@Edge are not supported by the local AWS.")
	}
	return b.checkMethods()
}

// checkPolicies takes the managed policies that the local AWS knows.
func (b *cacheBehavior) checkPolicies() error {
	if _, known := cachePolicies[b.CachePolicyId]; !known {
		return wire.Errorf(http.StatusNotFound, "NoSuchCachePolicy", "The cache policy does not exist.")
	}
	if _, known := originRequestPolicies[b.OriginRequestPolicyId]; !known && b.OriginRequestPolicyId != "" {
		return wire.Errorf(http.StatusNotFound, "NoSuchOriginRequestPolicy", "The origin request policy does not exist.")
	}
	if _, known := responseHeadersPolicies[b.ResponseHeadersPolicyId]; !known && b.ResponseHeadersPolicyId != "" {
		return wire.Errorf(http.StatusNotFound, "NoSuchResponseHeadersPolicy", "The response headers policy does not exist.")
	}
	return nil
}

func (b *cacheBehavior) checkMethods() error {
	allowed := b.AllowedMethods.Items
	if !sameSet(allowed, readMethods) && !sameSet(allowed, optionsMethods) && !sameSet(allowed, allMethods) {
		return invalid("The parameter AllowedMethods is not one of the three possible sets: %s", strings.Join(allowed, ", "))
	}
	cached := b.AllowedMethods.CachedMethods.Items
	if !sameSet(cached, readMethods) && !(sameSet(cached, optionsMethods) &&
		slices.Contains(allowed, http.MethodOptions)) {
		return invalid("The parameter CachedMethods is not one of the two possible sets: %s", strings.Join(cached, ", "))
	}
	return nil
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// checkErrorResponses takes the life of errors; pages in their place are not supported.
func (c *distributionConfig) checkErrorResponses() error {
	for _, r := range c.CustomErrorResponses.Items {
		if !cachedErrors[r.ErrorCode] {
			return invalid("The parameter ErrorCode is not valid: %d", r.ErrorCode)
		}
		if text(r.ResponsePagePath) != "" || text(r.ResponseCode) != "" {
			return invalid("Custom error pages are not supported by the local AWS.")
		}
	}
	return nil
}
