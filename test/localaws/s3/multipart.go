package s3

import (
	"cmp"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const minPart = 5 << 20

// upload is a multipart upload that has begun.
type upload struct {
	id        string
	key       string
	header    http.Header
	initiated time.Time
	parts     map[int]*object
}

type initiated struct {
	XMLName  xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ InitiateMultipartUploadResult"`
	Bucket   string
	Key      string
	UploadID string `xml:"UploadId"`
}

// finished is an upload that was completed; who did not get the answer may ask again.
type finished struct {
	key    string
	answer completed
	mark   http.Header
}

func (s *service) createUpload(_ context.Context, call *wire.Call) (*wire.Response, error) {
	if err := known(call.HTTP, "uploads"); err != nil {
		return nil, err
	}
	described, err := describedBy(call.HTTP.Header)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, key, err := s.request(call, "s3:PutObject")
	if err != nil {
		return nil, err
	}
	u := &upload{id: wire.RandomID("u"), key: key, header: described, initiated: s.now(), parts: map[int]*object{}}
	b.uploads[u.id] = u
	resp, err := xmlResponse(initiated{Bucket: b.name, Key: key, UploadID: u.id})
	if algorithm := call.HTTP.Header.Get("X-Amz-Checksum-Algorithm"); err == nil && algorithm != "" {
		resp.Header.Set("X-Amz-Checksum-Algorithm", algorithm)
		resp.Header.Set("X-Amz-Checksum-Type", cmp.Or(call.HTTP.Header.Get("X-Amz-Checksum-Type"), "COMPOSITE"))
	}
	return resp, err
}

// upload finds the upload that a call names.
func (b *bucket) upload(call *wire.Call, key string) (*upload, error) {
	u, ok := b.uploads[call.HTTP.URL.Query().Get("uploadId")]
	if !ok || u.key != key {
		return nil, wire.Errorf(http.StatusNotFound, "NoSuchUpload",
			"The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "+
				"completed.").With("UploadId", call.HTTP.URL.Query().Get("uploadId"))
	}
	return u, nil
}

func (s *service) uploadPart(_ context.Context, call *wire.Call) (*wire.Response, error) {
	r := call.HTTP
	if err := known(r, "uploadId", "partNumber"); err != nil {
		return nil, err
	}
	number, err := partNumber(r)
	if err != nil {
		return nil, err
	}
	body, err := content(r)
	if err != nil {
		return nil, err
	}
	call.Sent(int64(len(body)))
	part, err := s.newObject(r.Header, call.Path["Key"], body)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, key, err := s.request(call, "s3:PutObject")
	if err != nil {
		return nil, err
	}
	u, err := b.upload(call, key)
	if err != nil {
		return nil, err
	}
	u.parts[number] = part
	h := http.Header{}
	h.Set("ETag", quote(part.etag))
	h.Set(checksumHeader+part.algorithm, part.checksum)
	return &wire.Response{Header: h}, nil
}

type copiedPart struct {
	XMLName      xml.Name  `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CopyPartResult"`
	ETag         string    `xml:"ETag"`
	LastModified time.Time `xml:"LastModified"`
	summed
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
	return xmlResponse(copiedPart{ETag: quote(part.etag), LastModified: part.modified.UTC(), summed: part.summed()})
}

func partNumber(r *http.Request) (int, error) {
	number, err := strconv.Atoi(r.URL.Query().Get("partNumber"))
	if err != nil || number < 1 || number > 10000 {
		return 0, invalidArgument("Part number must be an integer between 1 and 10000, inclusive").
			With("ArgumentName", "partNumber")
	}
	return number, nil
}

type completeRequest struct {
	XMLName xml.Name `xml:"CompleteMultipartUpload"`
	Part    []struct {
		PartNumber int
		ETag       string
	}
}

type completed struct {
	XMLName  xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CompleteMultipartUploadResult"`
	Location string
	Bucket   string
	Key      string
	ETag     string
	summed
}

func (s *service) completeUpload(_ context.Context, call *wire.Call) (*wire.Response, error) {
	r := call.HTTP
	if err := known(r, "uploadId"); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxDeleteBody))
	if err != nil {
		return nil, incomplete()
	}
	var asked completeRequest
	if xml.Unmarshal(body, &asked) != nil || len(asked.Part) == 0 {
		return nil, malformedXML()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, key, err := s.request(call, "s3:PutObject")
	if err != nil {
		return nil, err
	}
	if again, ok := b.finished[r.URL.Query().Get("uploadId")]; ok && again.key == key {
		call.NoEffect()
		resp, err := xmlResponse(again.answer)
		if err == nil {
			maps.Copy(resp.Header, again.mark)
		}
		return resp, err
	}
	u, err := b.upload(call, key)
	if err != nil {
		return nil, err
	}
	if err := b.conditions(r.Header, key); err != nil {
		return nil, err
	}
	o, err := u.assemble(asked)
	if err != nil {
		return nil, err
	}
	// An object of parts is as old as the upload's beginning (S3 user guide, object metadata, Last-Modified).
	o.modified = u.initiated
	b.store(o, r.Header)
	delete(b.uploads, u.id)
	done := finished{key: key, mark: http.Header{}, answer: completed{Location: "/" + b.name + "/" + key, Bucket: b.name,
		Key: key, ETag: quote(o.etag), summed: o.summed()}}
	o.mark(done.mark)
	b.finished[u.id] = done
	resp, err := xmlResponse(done.answer)
	if err == nil {
		maps.Copy(resp.Header, done.mark)
	}
	return resp, err
}

// assemble joins the parts in ascending order; all but the last have at least 5 MiB.
func (u *upload) assemble(asked completeRequest) (*object, error) {
	o := &object{key: u.key, header: u.header}
	digests := md5.New()
	last := 0
	for i, p := range asked.Part {
		if p.PartNumber <= last {
			return nil, wire.Errorf(http.StatusBadRequest, "InvalidPartOrder",
				"The list of parts was not in ascending order. Parts must be ordered by part number.")
		}
		last = p.PartNumber
		part, ok := u.parts[p.PartNumber]
		if !ok || unquote(p.ETag) != part.etag {
			return nil, wire.Errorf(http.StatusBadRequest, "InvalidPart",
				"One or more of the specified parts could not be found. The part may not have been uploaded, or the specified "+
					"entity tag may not match the part's entity tag.")
		}
		if i < len(asked.Part)-1 && len(part.content) < minPart {
			return nil, wire.Errorf(http.StatusBadRequest, "EntityTooSmall",
				"Your proposed upload is smaller than the minimum allowed size")
		}
		o.content = append(o.content, part.content...)
		raw, _ := hex.DecodeString(part.etag)
		digests.Write(raw)
	}
	o.etag = fmt.Sprintf("%x-%d", digests.Sum(nil), len(asked.Part))
	o.algorithm, o.checksum, o.checksumType = "crc64nvme", sum("crc64nvme", o.content), "FULL_OBJECT"
	return o, nil
}

func (s *service) abortUpload(_ context.Context, call *wire.Call) (*wire.Response, error) {
	if err := known(call.HTTP, "uploadId"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, key, err := s.request(call, "s3:AbortMultipartUpload")
	if err != nil {
		return nil, err
	}
	u, err := b.upload(call, key)
	if err != nil {
		return nil, err
	}
	delete(b.uploads, u.id)
	return &wire.Response{Status: http.StatusNoContent}, nil
}
