package s3

import (
	"context"
	"encoding/base64"
	"net/url"
	"sort"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const pageSize = 1000

type listInput struct {
	target
	Prefix                   string `wire:"prefix,query"`
	Delimiter                string `wire:"delimiter,query"`
	MaxKeys                  *int   `wire:"max-keys,query"`
	ContinuationToken        string `wire:"continuation-token,query"`
	StartAfter               string `wire:"start-after,query"`
	FetchOwner               bool   `wire:"fetch-owner,query"`
	EncodingType             string `wire:"encoding-type,query"`
	OptionalObjectAttributes string `wire:"x-amz-optional-object-attributes,header"`
}

type listedObject struct {
	Key               string
	LastModified      time.Time
	ETag              string
	Size              int `wire:",required"`
	Owner             *owner
	StorageClass      string
	ChecksumAlgorithm string
	ChecksumType      string
}

type owner struct{ ID string }

// tokenMark begins every continuation token, so that a text that is none is known.
const tokenMark = "1 "

func tokenAfter(name string) string {
	return base64.StdEncoding.EncodeToString([]byte(tokenMark + name))
}

func afterToken(token string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(token)
	name, ours := strings.CutPrefix(string(raw), tokenMark)
	if err != nil || !ours {
		return "", invalidArgument("The continuation token provided is incorrect").
			With("ArgumentName", "continuation-token")
	}
	return name, nil
}

type commonPrefix struct{ Prefix string }

type objectList struct {
	Name                  string
	Prefix                string `wire:",required"`
	Delimiter             string
	MaxKeys               int  `wire:",required"`
	KeyCount              int  `wire:",required"`
	IsTruncated           bool `wire:",required"`
	EncodingType          string
	ContinuationToken     string
	NextContinuationToken string
	StartAfter            string
	Contents              []listedObject `wire:",flat"`
	CommonPrefixes        []commonPrefix `wire:",flat"`
}

type listOutput struct {
	Result objectList `wire:"ListBucketResult,payload"`
}

func (s *service) listObjects(_ context.Context, call *wire.Call, in *listInput) (*listOutput, error) {
	after := in.StartAfter
	if in.ContinuationToken != "" {
		var err error
		if after, err = afterToken(in.ContinuationToken); err != nil {
			return nil, err
		}
	}
	limit, err := pageLimit(in.MaxKeys)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.find(call, in.target, "s3:ListBucket")
	if err != nil {
		return nil, err
	}
	encode := keyEncoding(in.EncodingType)
	page := b.page(in.Prefix, in.Delimiter, after, limit)
	out := objectList{
		Name: b.name, Prefix: encode(in.Prefix), Delimiter: encode(in.Delimiter), MaxKeys: limit,
		KeyCount: len(page.keys) + len(page.prefixes), IsTruncated: page.next != "", EncodingType: in.EncodingType,
		ContinuationToken: in.ContinuationToken, StartAfter: encode(in.StartAfter),
	}
	if page.next != "" {
		out.NextContinuationToken = tokenAfter(page.next)
	}
	for _, key := range page.keys {
		entry := b.current(key).listed(encode)
		if in.FetchOwner {
			entry.Owner = &owner{ID: call.AccountID}
		}
		out.Contents = append(out.Contents, entry)
	}
	for _, prefix := range page.prefixes {
		out.CommonPrefixes = append(out.CommonPrefixes, commonPrefix{encode(prefix)})
	}
	return &listOutput{Result: out}, nil
}

func (o *object) listed(encode func(string) string) listedObject {
	return listedObject{
		Key: encode(o.key), LastModified: o.modified, ETag: quote(o.etag), Size: len(o.content), StorageClass: o.class(),
		ChecksumAlgorithm: strings.ToUpper(o.algorithm), ChecksumType: o.checksumType,
	}
}

func pageLimit(asked *int) (int, error) {
	if asked == nil {
		return pageSize, nil
	}
	if *asked < 0 {
		return 0, invalidArgument("Argument maxKeys must be an integer between 0 and 2147483647")
	}
	return min(*asked, pageSize), nil
}

func keyEncoding(kind string) func(string) string {
	if kind != "url" {
		return func(key string) string { return key }
	}
	return func(key string) string { return strings.ReplaceAll(url.QueryEscape(key), "%2F", "/") }
}

type page struct {
	keys     []string
	prefixes []string
	// next is the last key or prefix of a page that is not the last, else empty.
	next string
}

// page lists current keys in byte order after a mark; keys with a common prefix up to the delimiter count as one.
func (b *bucket) page(prefix, delimiter, after string, limit int) page {
	var out page
	last := ""
	for _, key := range b.sorted(prefix) {
		if b.current(key) == nil {
			continue
		}
		name, common := key, false
		if rest := key[len(prefix):]; delimiter != "" {
			if i := strings.Index(rest, delimiter); i >= 0 {
				name, common = prefix+rest[:i+len(delimiter)], true
			}
		}
		if name <= after || common && name == last {
			continue
		}
		if len(out.keys)+len(out.prefixes) >= limit {
			out.next = last
			return out
		}
		last = name
		if common {
			out.prefixes = append(out.prefixes, name)
		} else {
			out.keys = append(out.keys, name)
		}
	}
	return out
}

func (b *bucket) sorted(prefix string) []string {
	keys := make([]string, 0, len(b.keys))
	for key := range b.keys {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	sort.Strings(keys)
	return keys
}
