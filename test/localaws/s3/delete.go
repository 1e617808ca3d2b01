package s3

import (
	"bytes"
	"context"
	"encoding/xml"
	"io"
	"net/http"
	"slices"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const (
	maxDelete     = 1000
	maxDeleteBody = 2 << 20
)

func (s *service) deleteObject(_ context.Context, call *wire.Call) (*wire.Response, error) {
	if err := known(call.HTTP, "versionId"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	version := call.HTTP.URL.Query().Get("versionId")
	b, key, err := s.request(call, deleteAction(version))
	if err != nil {
		return nil, err
	}
	if match := call.HTTP.Header.Get("If-Match"); match != "" {
		if err := b.unchanged(match, key, version); err != nil {
			return nil, err
		}
	}
	deleted, changed := s.drop(b, key, version)
	if !changed {
		call.NoEffect()
	}
	h := http.Header{}
	if deleted.DeleteMarker {
		h.Set("X-Amz-Delete-Marker", "true")
		h.Set("X-Amz-Version-Id", deleted.DeleteMarkerVersionID)
	} else if version != "" {
		h.Set("X-Amz-Version-Id", version)
	}
	return &wire.Response{Status: http.StatusNoContent, Header: h}, nil
}

// unchanged holds that what is deleted is still what its ETag was read of.
func (b *bucket) unchanged(match, key, version string) error {
	o, err := b.version(key, version)
	switch {
	case err != nil:
		return err
	case o == nil:
		return noSuchKey(key)
	case match != "*" && unquote(match) != o.etag:
		return preconditionFailed("If-Match")
	}
	return nil
}

func deleteAction(version string) string {
	if version != "" {
		return "s3:DeleteObjectVersion"
	}
	return "s3:DeleteObject"
}

type deletedEntry struct {
	Key                   string `xml:"Key"`
	VersionID             string `xml:"VersionId,omitempty"`
	DeleteMarker          bool   `xml:"DeleteMarker,omitempty"`
	DeleteMarkerVersionID string `xml:"DeleteMarkerVersionId,omitempty"`
}

func (s *service) drop(b *bucket, key, version string) (deletedEntry, bool) {
	if version != "" {
		gone := b.remove(key, version)
		entry := deletedEntry{Key: key, VersionID: version}
		if gone != nil && gone.deleteMarker {
			entry.DeleteMarker, entry.DeleteMarkerVersionID = true, version
		}
		return entry, gone != nil
	}
	marker, changed := b.deleteKey(s, key)
	if marker == nil {
		return deletedEntry{Key: key}, changed
	}
	return deletedEntry{Key: key, DeleteMarker: true, DeleteMarkerVersionID: marker.version}, true
}

type deleteRequest struct {
	XMLName xml.Name `xml:"Delete"`
	Quiet   bool
	Object  []deleteTarget
}

type deleteTarget struct {
	Key       string
	VersionID string `xml:"VersionId"`
}

type deleteFailure struct {
	Key     string
	Code    string
	Message string
}

type deleteResult struct {
	XMLName xml.Name        `xml:"http://s3.amazonaws.com/doc/2006-03-01/ DeleteResult"`
	Deleted []deletedEntry  `xml:"Deleted"`
	Error   []deleteFailure `xml:"Error"`
}

// deleteObjects wants a checksum over its body, and answers per key; a key that was not there counts as deleted.
func (s *service) deleteObjects(_ context.Context, call *wire.Call) (*wire.Response, error) {
	if err := known(call.HTTP, "delete"); err != nil {
		return nil, err
	}
	asked, err := readDelete(call.HTTP)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.find(call, targetOf(call), "")
	if err != nil {
		return nil, err
	}
	result, effect := deleteResult{}, false
	for _, o := range asked.Object {
		if b.allowObject(call, deleteAction(o.VersionID), o.Key) != nil {
			result.Error = append(result.Error, deleteFailure{Key: o.Key, Code: "AccessDenied", Message: "Access Denied"})
			continue
		}
		entry, changed := s.drop(b, o.Key, o.VersionID)
		effect = effect || changed
		if !asked.Quiet {
			result.Deleted = append(result.Deleted, entry)
		}
	}
	if !effect {
		call.NoEffect()
	}
	return xmlResponse(result)
}

func readDelete(r *http.Request) (deleteRequest, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxDeleteBody))
	if err != nil {
		return deleteRequest{}, incomplete()
	}
	if _, _, err := verify(r.Header, body); err != nil {
		return deleteRequest{}, err
	}
	var asked deleteRequest
	if xml.Unmarshal(body, &asked) != nil || len(asked.Object) == 0 || len(asked.Object) > maxDelete {
		return deleteRequest{}, malformedXML()
	}
	if slices.ContainsFunc(asked.Object, func(o deleteTarget) bool { return o.Key == "" }) {
		return deleteRequest{}, malformedXML()
	}
	return asked, nil
}

func xmlResponse(v any) (*wire.Response, error) {
	raw, err := xml.Marshal(v)
	if err != nil {
		return nil, err
	}
	body := append([]byte(xml.Header), raw...)
	return &wire.Response{Header: http.Header{"Content-Type": {"application/xml"}}, Body: bytes.NewReader(body)}, nil
}
