package providers

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func distributionProperty() resource.Property {
	certificate := resource.Fields(resource.Schema{
		"AcmCertificateArn": resource.Text(), "CloudFrontDefaultCertificate": resource.Bool(),
		"MinimumProtocolVersion": resource.Text(), "SslSupportMethod": resource.Text(),
	})
	failure := resource.Fields(resource.Schema{
		"ErrorCachingMinTTL": resource.Int(), "ErrorCode": resource.Int().Must(), "ResponseCode": resource.Int(),
		"ResponsePagePath": resource.Text(),
	})
	return resource.Fields(resource.Schema{
		"Aliases": resource.Texts(), "CacheBehaviors": resource.ListOf(behaviorProperty(true)), "Comment": resource.Text(),
		"CustomErrorResponses": resource.ListOf(failure), "DefaultCacheBehavior": behaviorProperty(false).Must(),
		"DefaultRootObject": resource.Text(), "Enabled": resource.Bool().Must(), "HttpVersion": resource.Text(),
		"IPV6Enabled": resource.Bool(), "Origins": resource.ListOf(originProperty()).Must(),
		"PriceClass": resource.Text(), "ViewerCertificate": certificate, "WebACLId": resource.Text(),
	}).Must()
}

func behaviorProperty(withPath bool) resource.Property {
	fields := resource.Schema{
		"AllowedMethods": resource.Texts(), "CachedMethods": resource.Texts(), "CachePolicyId": resource.Text(),
		"Compress": resource.Bool(), "OriginRequestPolicyId": resource.Text(), "ResponseHeadersPolicyId": resource.Text(),
		"FunctionAssociations": resource.ListOf(resource.Fields(resource.Schema{
			"EventType": resource.Text(), "FunctionARN": resource.Text(),
		})),
		"TargetOriginId":       resource.Text().Must(),
		"ViewerProtocolPolicy": resource.OneOf("allow-all", "redirect-to-https", "https-only").Must(),
	}
	if withPath {
		fields["PathPattern"] = resource.Text().Must()
	}
	return resource.Fields(fields)
}

func originProperty() resource.Property {
	return resource.Fields(resource.Schema{
		"ConnectionAttempts": resource.Int(), "ConnectionTimeout": resource.Int(),
		"CustomOriginConfig": resource.Fields(resource.Schema{
			"HTTPPort": resource.Int(), "HTTPSPort": resource.Int(), "OriginKeepaliveTimeout": resource.Int(),
			"OriginProtocolPolicy": resource.Text().Must(), "OriginReadTimeout": resource.Int(),
			"OriginSSLProtocols": resource.Texts(),
		}),
		"DomainName": resource.Text().Must(), "Id": resource.Text().Must(), "OriginAccessControlId": resource.Text(),
		"OriginPath": resource.Text(), "OriginCustomHeaders": resource.ListOf(resource.Fields(resource.Schema{
			"HeaderName": resource.Text().Must(), "HeaderValue": resource.Text().Must(),
		})),
		"S3OriginConfig": resource.Fields(resource.Schema{"OriginAccessIdentity": resource.Text()}),
	})
}

func quantity[T any](list []T) *int32 { return aws.Int32(int32(len(list))) }

// distributionConfig turns CloudFormation's lists into CloudFront's pairs of quantity and items.
func distributionConfig(c resource.Properties) *types.DistributionConfig {
	config := &types.DistributionConfig{
		Comment: aws.String(c.Text("Comment")), Enabled: c.Bool("Enabled"),
		DefaultRootObject: aws.String(c.Text("DefaultRootObject")), HttpVersion: types.HttpVersion(c.Text("HttpVersion")),
		IsIPV6Enabled: c.Bool("IPV6Enabled"), PriceClass: types.PriceClass(c.Text("PriceClass")),
		WebACLId: c.TextPointer("WebACLId"), Origins: &types.Origins{},
	}
	if aliases := c.Texts("Aliases"); len(aliases) > 0 {
		config.Aliases = &types.Aliases{Items: aliases, Quantity: quantity(aliases)}
	}
	for _, o := range c.Objects("Origins") {
		config.Origins.Items = append(config.Origins.Items, origin(o))
	}
	config.Origins.Quantity = quantity(config.Origins.Items)
	config.DefaultCacheBehavior = defaultBehavior(c.Object("DefaultCacheBehavior"))
	if behaviors := c.Objects("CacheBehaviors"); len(behaviors) > 0 {
		config.CacheBehaviors = &types.CacheBehaviors{Quantity: quantity(behaviors)}
		for _, b := range behaviors {
			config.CacheBehaviors.Items = append(config.CacheBehaviors.Items, pathBehavior(b))
		}
	}
	config.CustomErrorResponses = errorResponses(c.Objects("CustomErrorResponses"))
	if v := c.Object("ViewerCertificate"); v != nil {
		config.ViewerCertificate = &types.ViewerCertificate{
			ACMCertificateArn:            v.TextPointer("AcmCertificateArn"),
			CloudFrontDefaultCertificate: v.Bool("CloudFrontDefaultCertificate"),
			MinimumProtocolVersion:       types.MinimumProtocolVersion(v.Text("MinimumProtocolVersion")),
			SSLSupportMethod:             types.SSLSupportMethod(v.Text("SslSupportMethod")),
		}
	}
	return config
}

func errorResponses(list []resource.Properties) *types.CustomErrorResponses {
	if len(list) == 0 {
		return nil
	}
	responses := &types.CustomErrorResponses{Quantity: quantity(list)}
	for _, e := range list {
		response := types.CustomErrorResponse{ErrorCode: e.Int32("ErrorCode"),
			ResponsePagePath: e.TextPointer("ResponsePagePath")}
		if ttl, ok := e["ErrorCachingMinTTL"].(int64); ok {
			response.ErrorCachingMinTTL = &ttl
		}
		if e.Has("ResponseCode") {
			response.ResponseCode = aws.String(e.AttributeText("ResponseCode"))
		}
		responses.Items = append(responses.Items, response)
	}
	return responses
}

func origin(o resource.Properties) types.Origin {
	converted := types.Origin{
		Id: o.TextPointer("Id"), DomainName: o.TextPointer("DomainName"), OriginPath: aws.String(o.Text("OriginPath")),
		OriginAccessControlId: o.TextPointer("OriginAccessControlId"), ConnectionAttempts: o.Int32("ConnectionAttempts"),
		ConnectionTimeout: o.Int32("ConnectionTimeout"),
	}
	if headers := o.Objects("OriginCustomHeaders"); len(headers) > 0 {
		converted.CustomHeaders = &types.CustomHeaders{Quantity: quantity(headers)}
		for _, h := range headers {
			converted.CustomHeaders.Items = append(converted.CustomHeaders.Items, types.OriginCustomHeader{
				HeaderName: h.TextPointer("HeaderName"), HeaderValue: h.TextPointer("HeaderValue"),
			})
		}
	}
	if o.Has("S3OriginConfig") {
		converted.S3OriginConfig = &types.S3OriginConfig{
			OriginAccessIdentity: aws.String(o.Object("S3OriginConfig").Text("OriginAccessIdentity")),
		}
	}
	if o.Has("CustomOriginConfig") {
		converted.CustomOriginConfig = customOrigin(o.Object("CustomOriginConfig"))
	}
	return converted
}

func customOrigin(c resource.Properties) *types.CustomOriginConfig {
	converted := &types.CustomOriginConfig{
		HTTPPort: c.Int32Or("HTTPPort", 80), HTTPSPort: c.Int32Or("HTTPSPort", 443),
		OriginProtocolPolicy:   types.OriginProtocolPolicy(c.Text("OriginProtocolPolicy")),
		OriginKeepaliveTimeout: c.Int32("OriginKeepaliveTimeout"), OriginReadTimeout: c.Int32("OriginReadTimeout"),
	}
	if names := c.Texts("OriginSSLProtocols"); len(names) > 0 {
		converted.OriginSslProtocols = &types.OriginSslProtocols{Quantity: quantity(names)}
		for _, name := range names {
			converted.OriginSslProtocols.Items = append(converted.OriginSslProtocols.Items, types.SslProtocol(name))
		}
	}
	return converted
}
