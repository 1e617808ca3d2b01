package s3

import (
	"cmp"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// object is one version of a key.
type object struct {
	key          string
	version      string
	content      []byte
	etag         string
	modified     time.Time
	header       http.Header // Content-Type, Cache-Control, X-Amz-Meta-.. as they were put
	algorithm    string
	checksum     string
	checksumType string
	encryption   string
	// storage is the class, empty for the standard one.
	storage      string
	deleteMarker bool
}

// kept are the headers that come back with an object.
var kept = []string{"Content-Type", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language",
	"Expires", "X-Amz-Website-Redirect-Location"}

const (
	metaPrefix  = "X-Amz-Meta-"
	maxMetadata = 2 << 10
	maxKey      = 1024
)

// describedBy takes the kept headers and the metadata out of a request.
func describedBy(request http.Header) (http.Header, error) {
	out, size := http.Header{}, 0
	for _, name := range kept {
		if value := request.Get(name); value != "" {
			out.Set(name, value)
		}
	}
	if encoding := withoutChunked(out.Get("Content-Encoding")); encoding == "" {
		out.Del("Content-Encoding")
	} else {
		out.Set("Content-Encoding", encoding)
	}
	if out.Get("Content-Type") == "" {
		out.Set("Content-Type", "binary/octet-stream")
	}
	for name, values := range request {
		if strings.HasPrefix(name, metaPrefix) {
			// Clients that do not change names show them as they come, and S3 gives them in small letters.
			out[strings.ToLower(name)] = values //nolint:staticcheck // not by Set, which would spell it with capitals
			size += len(name) - len(metaPrefix) + len(values[0])
		}
	}
	if size > maxMetadata {
		return nil, wire.Errorf(http.StatusBadRequest, "MetadataTooLarge",
			"Your metadata headers exceed the maximum allowed metadata size")
	}
	return out, nil
}

// withoutChunked removes aws-chunked, which is the transfer's and not the object's.
func withoutChunked(encoding string) string {
	var rest []string
	for e := range strings.SplitSeq(encoding, ",") {
		if e = strings.TrimSpace(e); e != "" && e != "aws-chunked" {
			rest = append(rest, e)
		}
	}
	return strings.Join(rest, ",")
}

// describe fills the header of an answer about an object.
func (o *object) describe(h http.Header, checksums bool) {
	maps.Copy(h, o.header)
	h.Set("ETag", quote(o.etag))
	h.Set("Last-Modified", o.modified.UTC().Format(http.TimeFormat))
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Length", strconv.Itoa(len(o.content)))
	if o.storage != "" {
		h.Set("X-Amz-Storage-Class", o.storage)
	}
	o.mark(h)
	if checksums {
		o.checksums(h)
	}
}

// mark adds version and encryption, which puts answer as well.
func (o *object) mark(h http.Header) {
	if o.version != nullVersion {
		h.Set("X-Amz-Version-Id", o.version)
	}
	h.Set("X-Amz-Server-Side-Encryption", o.encryption)
}

// class is the storage class as lists show it.
func (o *object) class() string { return cmp.Or(o.storage, "STANDARD") }

// summed is an object's checksum as documents show it.
type summed struct {
	CRC32        string `xml:"ChecksumCRC32,omitempty"`
	CRC32C       string `xml:"ChecksumCRC32C,omitempty"`
	CRC64NVME    string `xml:"ChecksumCRC64NVME,omitempty"`
	SHA1         string `xml:"ChecksumSHA1,omitempty"`
	SHA256       string `xml:"ChecksumSHA256,omitempty"`
	ChecksumType string `xml:",omitempty"`
}

func (o *object) summed() summed {
	out := summed{ChecksumType: o.checksumType}
	*map[string]*string{"crc32": &out.CRC32, "crc32c": &out.CRC32C, "crc64nvme": &out.CRC64NVME, "sha1": &out.SHA1,
		"sha256": &out.SHA256}[o.algorithm] = o.checksum
	return out
}

func (o *object) checksums(h http.Header) {
	if o.algorithm == "" {
		return
	}
	h.Set(checksumHeader+o.algorithm, o.checksum)
	h.Set("X-Amz-Checksum-Type", o.checksumType)
}

func quote(etag string) string { return `"` + etag + `"` }

func unquote(etag string) string { return strings.Trim(etag, `"`) }
