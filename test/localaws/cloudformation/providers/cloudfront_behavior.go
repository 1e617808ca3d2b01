package providers

import (
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func methods(b resource.Properties) *types.AllowedMethods {
	names := b.Texts("AllowedMethods")
	if len(names) == 0 {
		return nil
	}
	allowed := &types.AllowedMethods{Quantity: quantity(names), Items: methodList(names)}
	if cached := b.Texts("CachedMethods"); len(cached) > 0 {
		allowed.CachedMethods = &types.CachedMethods{Quantity: quantity(cached), Items: methodList(cached)}
	}
	return allowed
}

func methodList(names []string) []types.Method {
	var list []types.Method
	for _, name := range names {
		list = append(list, types.Method(name))
	}
	return list
}

func defaultBehavior(b resource.Properties) *types.DefaultCacheBehavior {
	return &types.DefaultCacheBehavior{
		TargetOriginId:       b.TextPointer("TargetOriginId"),
		ViewerProtocolPolicy: types.ViewerProtocolPolicy(b.Text("ViewerProtocolPolicy")),
		AllowedMethods:       methods(b), CachePolicyId: b.TextPointer("CachePolicyId"), Compress: b.Bool("Compress"),
		OriginRequestPolicyId:   b.TextPointer("OriginRequestPolicyId"),
		ResponseHeadersPolicyId: b.TextPointer("ResponseHeadersPolicyId"), FunctionAssociations: associations(b),
	}
}

func pathBehavior(b resource.Properties) types.CacheBehavior {
	return types.CacheBehavior{
		PathPattern: b.TextPointer("PathPattern"), TargetOriginId: b.TextPointer("TargetOriginId"),
		ViewerProtocolPolicy: types.ViewerProtocolPolicy(b.Text("ViewerProtocolPolicy")), AllowedMethods: methods(b),
		CachePolicyId: b.TextPointer("CachePolicyId"), Compress: b.Bool("Compress"),
		OriginRequestPolicyId:   b.TextPointer("OriginRequestPolicyId"),
		ResponseHeadersPolicyId: b.TextPointer("ResponseHeadersPolicyId"), FunctionAssociations: associations(b),
	}
}

func associations(b resource.Properties) *types.FunctionAssociations {
	list := b.Objects("FunctionAssociations")
	if len(list) == 0 {
		return nil
	}
	all := &types.FunctionAssociations{Quantity: quantity(list)}
	for _, a := range list {
		all.Items = append(all.Items, types.FunctionAssociation{
			EventType: types.EventType(a.Text("EventType")), FunctionARN: a.TextPointer("FunctionARN"),
		})
	}
	return all
}
