package cloudfront

import (
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// checkAliases holds alternate domain names to CloudFront's rules: no two distributions share one, and
// each is covered by a certificate from us-east-1. The caller holds mu.
func (s *CloudFront) checkAliases(c *distributionConfig, self string) error {
	if len(c.Aliases.Items) == 0 {
		return nil
	}
	arn := c.ViewerCertificate.ACMCertificateArn
	if arn == "" && c.ViewerCertificate.IAMCertificateId == "" {
		return wire.Errorf(400, "InvalidViewerCertificate",
			"To add an alternate domain name (CNAME) to a CloudFront distribution, "+
				"you must attach a trusted certificate that validates your authorization to use the domain name.")
	}
	if arn != "" && !strings.HasPrefix(arn, "arn:aws:acm:us-east-1:") {
		return wire.Errorf(400, "InvalidViewerCertificate",
			"The specified SSL certificate doesn't exist, isn't in us-east-1 region, "+
				"isn't valid, or doesn't include a valid certificate chain.")
	}
	for _, other := range s.distributions {
		if other.id == self {
			continue
		}
		for _, alias := range c.Aliases.Items {
			if slices.Contains(other.config.Aliases.Items, alias) {
				return wire.Errorf(http.StatusConflict, "CNAMEAlreadyExists",
					"One or more of the CNAMEs you provided are already associated with a different resource.")
			}
		}
	}
	return nil
}

// answersTo says whether a Host header names this distribution: by its domain name or an alias, of
// which the leftmost label may be "*".
func (s *CloudFront) answersTo(d *distribution, config *distributionConfig, host string) bool {
	if host == d.domain {
		return true
	}
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	if _, own, _ := net.SplitHostPort(d.domain); name == "localhost" && port == own {
		return true
	}
	for _, alias := range config.Aliases.Items {
		_, parent, _ := strings.Cut(name, ".")
		if alias == name || alias == "*."+parent {
			return true
		}
	}
	return false
}
