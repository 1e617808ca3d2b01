package s3

import (
	"context"
	"encoding/xml"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type copiedPart struct {
	XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CopyPartResult"`
	copied
}

// copyPart makes a part of an object, or of a range of it.
func (s *service) copyPart(_ context.Context, call *wire.Call) (*wire.Response, error) {
	r := call.HTTP
	if err := known(r, "uploadId", "partNumber"); err != nil {
		return nil, err
	}
	number, err := partNumber(r)
	if err != nil {
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
	u, err := b.upload(call, key)
	if err != nil {
		return nil, err
	}
	from, to, _, err := span(r.Header.Get("X-Amz-Copy-Source-Range"), len(source.content))
	if err != nil {
		return nil, err
	}
	content := source.content[from:to]
	part := &object{key: key, content: content, etag: etagOf(content), modified: s.now(), algorithm: "crc64nvme",
		checksum: sum("crc64nvme", content)}
	u.parts[number] = part
	return xmlResponse(copiedPart{copied: part.copied()})
}
