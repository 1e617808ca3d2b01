package s3

import (
	"context"
	"sort"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type uploadEntry struct {
	Key       string
	UploadID  string `wire:"UploadId"`
	Initiated time.Time
}

type listUploadsInput struct {
	target
	Prefix       string `wire:"prefix,query"`
	EncodingType string `wire:"encoding-type,query"`
	MaxUploads   int    `wire:"max-uploads,query"`
	KeyMarker    string `wire:"key-marker,query"`
}

type uploadList struct {
	Bucket      string
	IsTruncated bool          `wire:",required"`
	Upload      []uploadEntry `wire:",flat"`
}

type listUploadsOutput struct {
	Result uploadList `wire:"ListMultipartUploadsResult,payload"`
}

func (s *service) listUploads(_ context.Context, call *wire.Call, in *listUploadsInput) (*listUploadsOutput, error) {
	out := &listUploadsOutput{Result: uploadList{Bucket: in.Bucket}}
	return out, s.look(call, in.target, "s3:ListBucketMultipartUploads", func(b *bucket) error {
		for _, u := range b.uploads {
			if strings.HasPrefix(u.key, in.Prefix) {
				out.Result.Upload = append(out.Result.Upload, uploadEntry{Key: u.key, UploadID: u.id, Initiated: u.initiated})
			}
		}
		list := out.Result.Upload
		sort.Slice(list, func(i, j int) bool { return list[i].Key+list[i].UploadID < list[j].Key+list[j].UploadID })
		return nil
	})
}

type listPartsInput struct {
	target
	Key      string `wire:",path"`
	UploadID string `wire:"uploadId,query"`
	MaxParts *int   `wire:"max-parts,query"`
	Marker   int    `wire:"part-number-marker,query"`
}

type partEntry struct {
	PartNumber   int
	ETag         string
	Size         int `wire:",required"`
	LastModified time.Time
}

type partList struct {
	Bucket               string
	Key                  string
	UploadID             string `wire:"UploadId"`
	PartNumberMarker     int    `wire:",required"`
	NextPartNumberMarker int
	MaxParts             int         `wire:",required"`
	IsTruncated          bool        `wire:",required"`
	Part                 []partEntry `wire:",flat"`
}

type listPartsOutput struct {
	Result partList `wire:"ListPartsResult,payload"`
}

func (s *service) listParts(_ context.Context, call *wire.Call, in *listPartsInput) (*listPartsOutput, error) {
	limit, err := pageLimit(in.MaxParts)
	if err != nil {
		return nil, err
	}
	out := &listPartsOutput{Result: partList{Bucket: in.Bucket, Key: in.Key, UploadID: in.UploadID,
		PartNumberMarker: in.Marker, MaxParts: limit}}
	return out, s.look(call, in.target, "s3:ListMultipartUploadParts", func(b *bucket) error {
		u, err := b.upload(call, in.Key)
		if err != nil {
			return err
		}
		for number, p := range u.parts {
			if number <= in.Marker {
				continue
			}
			out.Result.Part = append(out.Result.Part, partEntry{number, quote(p.etag), len(p.content), p.modified})
		}
		sort.Slice(out.Result.Part, func(i, j int) bool {
			return out.Result.Part[i].PartNumber < out.Result.Part[j].PartNumber
		})
		if parts := out.Result.Part; len(parts) > limit {
			out.Result.Part, out.Result.IsTruncated = parts[:limit], true
		}
		if n := len(out.Result.Part); n > 0 {
			out.Result.NextPartNumberMarker = out.Result.Part[n-1].PartNumber
		}
		return nil
	})
}
