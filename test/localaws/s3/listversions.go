package s3

import (
	"context"
	"slices"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type listVersionsInput struct {
	target
	Prefix          string `wire:"prefix,query"`
	MaxKeys         *int   `wire:"max-keys,query"`
	KeyMarker       string `wire:"key-marker,query"`
	VersionIDMarker string `wire:"version-id-marker,query"`
	EncodingType    string `wire:"encoding-type,query"`
}

type versionEntry struct {
	Key          string
	VersionID    string `wire:"VersionId"`
	IsLatest     bool   `wire:",required"`
	LastModified time.Time
	ETag         string
	Size         *int
	StorageClass string
}

type versionList struct {
	Name                string
	Prefix              string `wire:",required"`
	KeyMarker           string `wire:",required"`
	VersionIDMarker     string `wire:"VersionIdMarker"`
	MaxKeys             int    `wire:",required"`
	IsTruncated         bool   `wire:",required"`
	EncodingType        string
	NextKeyMarker       string
	NextVersionIDMarker string         `wire:"NextVersionIdMarker"`
	Version             []versionEntry `wire:",flat"`
	DeleteMarker        []versionEntry `wire:",flat"`
}

type listVersionsOutput struct {
	Result versionList `wire:"ListVersionsResult,payload"`
}

func (s *service) listVersions(_ context.Context, call *wire.Call, in *listVersionsInput) (*listVersionsOutput, error) {
	limit, err := pageLimit(in.MaxKeys)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.find(call, in.target, "s3:ListBucketVersions")
	if err != nil {
		return nil, err
	}
	out := versionList{Name: b.name, KeyMarker: in.KeyMarker, VersionIDMarker: in.VersionIDMarker,
		MaxKeys: limit, EncodingType: in.EncodingType}
	encode := keyEncoding(in.EncodingType)
	out.Prefix, out.KeyMarker = encode(in.Prefix), encode(in.KeyMarker)
	out.fill(b, b.versionsAfter(in), limit, encode)
	return &listVersionsOutput{Result: out}, nil
}

// versionsAfter lists versions by key, the newest first, behind the markers.
func (b *bucket) versionsAfter(in *listVersionsInput) []*object {
	var list []*object
	for _, key := range b.sorted(in.Prefix) {
		if key < in.KeyMarker || key == in.KeyMarker && in.VersionIDMarker == "" {
			continue
		}
		versions, behind := b.keys[key], key != in.KeyMarker
		for _, version := range slices.Backward(versions) {
			if behind {
				list = append(list, version)
			}
			behind = behind || version.version == in.VersionIDMarker
		}
	}
	return list
}

func (b *bucket) newest(o *object) bool {
	versions := b.keys[o.key]
	return versions[len(versions)-1] == o
}

func (l *versionList) fill(b *bucket, versions []*object, limit int, encode func(string) string) {
	for i, o := range versions {
		if i >= limit {
			l.IsTruncated = true
			break
		}
		l.NextKeyMarker, l.NextVersionIDMarker = encode(o.key), o.version
		entry := versionEntry{Key: encode(o.key), VersionID: o.version, IsLatest: b.newest(o), LastModified: o.modified}
		if o.deleteMarker {
			l.DeleteMarker = append(l.DeleteMarker, entry)
			continue
		}
		size := len(o.content)
		entry.ETag, entry.Size, entry.StorageClass = quote(o.etag), &size, o.class()
		l.Version = append(l.Version, entry)
	}
	if !l.IsTruncated {
		l.NextKeyMarker, l.NextVersionIDMarker = "", ""
	}
}
