package s3

import (
	"github.com/aloft-dev/aloft/test/localaws/policy"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// allow asks the bucket policy and, where it is silent, the caller's own policies. A service
// principal has none of its own.
func (b *bucket) allow(call *wire.Call, action, resource string) error {
	request := policy.Request{Principal: call.Principal, Action: action, Resource: resource}
	switch policy.Resource(b.policy, request) {
	case policy.Denied:
		return accessDenied()
	case policy.Allowed:
		return nil
	}
	if call.Principal.Service != "" || call.Authorize(action, resource) != nil {
		return accessDenied()
	}
	return nil
}

func (b *bucket) allowObject(call *wire.Call, action, key string) error {
	return b.allow(call, action, "arn:aws:s3:::"+b.name+"/"+key)
}

// absent is the answer about a missing key, which depends on whether the caller may list.
func (b *bucket) absent(call *wire.Call, key string) error {
	if b.allow(call, "s3:ListBucket", "arn:aws:s3:::"+b.name) != nil {
		return accessDenied()
	}
	return noSuchKey(key)
}
