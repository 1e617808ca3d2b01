package s3

import (
	"context"
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type copyResult struct {
	XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CopyObjectResult"`
	copied
}

// copied is what the answer to a copy tells of what was made.
type copied struct {
	ETag         string    `xml:"ETag"`
	LastModified time.Time `xml:"LastModified"`
	summed
}

func (o *object) copied() copied {
	return copied{ETag: quote(o.etag), LastModified: o.modified.UTC(), summed: o.summed()}
}

// copyObject copies within the account; metadata comes along unless the directive is REPLACE.
func (s *service) copyObject(_ context.Context, call *wire.Call) (*wire.Response, error) {
	r := call.HTTP
	if err := known(r); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, key, err := s.request(call, "s3:PutObject")
	if err != nil {
		return nil, err
	}
	source, err := s.copySource(call)
	if err != nil {
		return nil, err
	}
	if err := b.acl(r.Header); err != nil {
		return nil, err
	}
	if err := b.conditions(r.Header, key); err != nil {
		return nil, err
	}
	if source == b.current(key) && !changes(r.Header) {
		return nil, wire.Errorf(http.StatusBadRequest, "InvalidRequest", "This copy request is illegal because it is trying "+
			"to copy an object to itself without changing the object's metadata, storage class, website redirect location or "+
			"encryption attributes.")
	}
	o := *source
	o.key, o.modified, o.storage = key, s.now(), ""
	if r.Header.Get("X-Amz-Metadata-Directive") == "REPLACE" {
		if o.header, err = describedBy(r.Header); err != nil {
			return nil, err
		}
	}
	b.store(&o, r.Header)
	resp, err := xmlResponse(copyResult{copied: o.copied()})
	if err == nil {
		o.mark(resp.Header)
	}
	return resp, err
}

// changes says whether a copy makes anything of the object another.
func changes(h http.Header) bool {
	return h.Get("X-Amz-Metadata-Directive") == "REPLACE" || h.Get("X-Amz-Storage-Class") != "" ||
		h.Get("X-Amz-Website-Redirect-Location") != "" || h.Get("X-Amz-Server-Side-Encryption") != ""
}

func (s *service) copySource(call *wire.Call) (*object, error) {
	name, key, version, err := parseCopySource(call.HTTP.Header.Get("X-Amz-Copy-Source"))
	if err != nil {
		return nil, err
	}
	from, ok := s.buckets[name]
	if !ok {
		return nil, noSuchBucket(name)
	}
	if err := checkOwner(call, call.HTTP.Header.Get("X-Amz-Source-Expected-Bucket-Owner")); err != nil {
		return nil, err
	}
	if err := from.allowObject(call, "s3:GetObject", key); err != nil {
		return nil, err
	}
	o, err := from.version(key, version)
	if err != nil {
		return nil, err
	}
	if o == nil || o.deleteMarker {
		return nil, from.absent(call, key)
	}
	return o, nil
}

// parseCopySource reads "/<bucket>/<key>?versionId=<id>", URL-encoded: a plus sign is a space. aws/aws-sdk-php#236.
func parseCopySource(header string) (bucket, key, version string, err error) {
	text, version, _ := strings.Cut(header, "?versionId=")
	path, err := url.QueryUnescape(text)
	if err != nil {
		return "", "", "", invalidArgument("Invalid copy source encoding")
	}
	bucket, key, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !ok {
		return "", "", "", invalidArgument("Invalid copy source object key")
	}
	return bucket, key, version, nil
}
