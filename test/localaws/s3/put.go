package s3

import (
	"context"
	"net/http"
	"net/textproto"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// knownHeaders are the x-amz- headers of object requests; others ask for what is not there.
var knownHeaders = map[string]bool{
	"X-Amz-Content-Sha256": true, "X-Amz-Date": true, "X-Amz-Security-Token": true, "X-Amz-Decoded-Content-Length": true,
	"X-Amz-Trailer": true, "X-Amz-Sdk-Checksum-Algorithm": true, "X-Amz-Checksum-Algorithm": true,
	"X-Amz-Checksum-Type": true, "X-Amz-Checksum-Mode": true, "X-Amz-Expected-Bucket-Owner": true,
	"X-Amz-Source-Expected-Bucket-Owner": true, "X-Amz-Acl": true, "X-Amz-Storage-Class": true,
	"X-Amz-Server-Side-Encryption": true, "X-Amz-Website-Redirect-Location": true, "X-Amz-Copy-Source": true,
	"X-Amz-Metadata-Directive": true, "X-Amz-Mp-Object-Size": true, "X-Amz-Copy-Source-Range": true, "X-Amz-User-Agent": true,
	"X-Amz-Cf-Id": true, // CloudFront sends it to its origins
}

// request checks what every object operation shares: known headers and query parameters, the bucket and its
// owner. Callers hold the lock.
func (s *service) request(call *wire.Call, action string) (*bucket, string, error) {
	key := call.Path["Key"]
	b, err := s.find(call, targetOf(call), "")
	if err != nil {
		return nil, key, err
	}
	call.On(b.name + "/" + key)
	return b, key, b.allowObject(call, action, key)
}

// known refuses headers and query parameters that S3 has and the local one has not.
func known(r *http.Request, parameters ...string) error {
	for name := range r.Header {
		name = textproto.CanonicalMIMEHeaderKey(name)
		fine := !strings.HasPrefix(name, "X-Amz-") || knownHeaders[name] || strings.HasPrefix(name, metaPrefix) ||
			strings.HasPrefix(name, checksumHeader)
		if !fine {
			return notImplemented(name)
		}
	}
	for name := range r.URL.Query() {
		fine := name == "x-id" || strings.HasPrefix(name, "X-Amz-")
		for _, p := range parameters {
			fine = fine || p == name
		}
		if !fine {
			return notImplemented(name)
		}
	}
	return nil
}

// acl takes a canned access control list where the bucket's ownership allows lists, and one that lets everybody in where
// its public access block does not forbid that. Nobody comes without a signature here, so that none has an effect.
func (b *bucket) acl(h http.Header) error {
	switch h.Get("X-Amz-Acl") {
	case "", "private", "bucket-owner-full-control":
		return nil
	case "public-read", "public-read-write", "authenticated-read":
		if b.enforced() {
			break
		}
		if b.public != nil && b.public.BlockPublicAcls {
			return accessDenied()
		}
		return nil
	default:
		if !b.enforced() {
			return nil
		}
	}
	return wire.Errorf(http.StatusBadRequest, "AccessControlListNotSupported", "The bucket does not allow ACLs")
}

// enforced says whether the bucket's owner owns everything in it, which turns lists off.
func (b *bucket) enforced() bool {
	return b.ownership != nil && b.ownership.Rule[0].ObjectOwnership == "BucketOwnerEnforced"
}

func (s *service) putObject(_ context.Context, call *wire.Call) (*wire.Response, error) {
	r := call.HTTP
	if err := known(r); err != nil {
		return nil, err
	}
	if len(call.Path["Key"]) > maxKey {
		return nil, wire.Errorf(http.StatusBadRequest, "KeyTooLongError", "Your key is too long")
	}
	body, err := content(r)
	if err != nil {
		return nil, err
	}
	call.Sent(int64(len(body)))
	o, err := s.newObject(r.Header, call.Path["Key"], body)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, key, err := s.request(call, "s3:PutObject")
	if err != nil {
		return nil, err
	}
	if err := b.acl(r.Header); err != nil {
		return nil, err
	}
	if err := b.conditions(r.Header, key); err != nil {
		return nil, err
	}
	b.store(o, r.Header)
	out := http.Header{}
	out.Set("ETag", quote(o.etag))
	o.mark(out)
	o.checksums(out)
	return &wire.Response{Header: out}, nil
}

// newObject makes an object of a verified body.
func (s *service) newObject(h http.Header, key string, body []byte) (*object, error) {
	described, err := describedBy(h)
	if err != nil {
		return nil, err
	}
	algorithm, checksum, err := verify(h, body)
	if err != nil {
		return nil, err
	}
	return &object{
		key: key, content: body, etag: etagOf(body), modified: s.now(), header: described,
		algorithm: algorithm, checksum: checksum, checksumType: "FULL_OBJECT",
	}, nil
}

// conditions are If-None-Match and If-Match of a write; callers hold the lock until the object is stored.
func (b *bucket) conditions(h http.Header, key string) error {
	now := b.current(key)
	if none := h.Get("If-None-Match"); none != "" {
		if none != "*" {
			return notImplemented("If-None-Match with an ETag")
		}
		if now != nil {
			return preconditionFailed("If-None-Match")
		}
	}
	if match := h.Get("If-Match"); match != "" {
		if now == nil {
			return noSuchKey(key)
		}
		if match != "*" && unquote(match) != now.etag {
			return preconditionFailed("If-Match")
		}
	}
	return nil
}

func (b *bucket) store(o *object, h http.Header) {
	o.encryption = h.Get("X-Amz-Server-Side-Encryption")
	if o.encryption == "" {
		o.encryption = b.encryption.algorithm()
	}
	if class := h.Get("X-Amz-Storage-Class"); class != "STANDARD" {
		o.storage = class
	}
	b.add(o)
}
