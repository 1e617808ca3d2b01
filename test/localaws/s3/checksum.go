package s3

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

var crc64NVME = crc64.MakeTable(0x9a6c9329ac4bc9b5)

// algorithms are the checksums that S3 computes, by the end of their header's name.
var algorithms = map[string]func() hash.Hash{
	"crc32":     func() hash.Hash { return crc32.NewIEEE() },
	"crc32c":    func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
	"crc64nvme": func() hash.Hash { return crc64.New(crc64NVME) },
	"sha1":      sha1.New,
	"sha256":    sha256.New,
}

const checksumHeader = "X-Amz-Checksum-"

// verify compares everything that the request says about its content and returns the checksum to keep with the object.
func verify(header http.Header, content []byte) (algorithm, checksum string, err error) {
	if err := verifyMD5(header, content); err != nil {
		return "", "", err
	}
	if err := verifyPayloadHash(header, content); err != nil {
		return "", "", err
	}
	algorithm = strings.ToLower(header.Get("X-Amz-Sdk-Checksum-Algorithm"))
	for name := range algorithms {
		declared := header.Get(checksumHeader + name)
		if declared == "" {
			continue
		}
		algorithm = name
		if raw, err := base64.StdEncoding.DecodeString(declared); err != nil || len(raw) != algorithms[name]().Size() {
			return "", "", wire.Errorf(http.StatusBadRequest, "InvalidRequest",
				"Value for x-amz-checksum-%s header is invalid.", name)
		}
		if sum(name, content) != declared {
			return "", "", wire.Errorf(http.StatusBadRequest, "BadDigest",
				"The %s you specified did not match the calculated checksum.", strings.ToUpper(name))
		}
	}
	if algorithm == "" {
		algorithm = "crc64nvme"
	}
	if algorithms[algorithm] == nil {
		return "", "", notImplemented("checksum algorithm " + algorithm)
	}
	return algorithm, sum(algorithm, content), nil
}

func sum(algorithm string, content []byte) string {
	h := algorithms[algorithm]()
	h.Write(content)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

func verifyMD5(header http.Header, content []byte) error {
	declared := header.Get("Content-Md5")
	if declared == "" {
		return nil
	}
	raw, err := base64.StdEncoding.DecodeString(declared)
	if err != nil || len(raw) != md5.Size {
		return wire.Errorf(http.StatusBadRequest, "InvalidDigest", "The Content-MD5 you specified was invalid.")
	}
	if got := md5.Sum(content); !bytes.Equal(got[:], raw) {
		return wire.Errorf(http.StatusBadRequest, "BadDigest",
			"The Content-MD5 you specified did not match what we received.")
	}
	return nil
}

func verifyPayloadHash(header http.Header, content []byte) error {
	declared := header.Get("X-Amz-Content-Sha256")
	if len(declared) != 2*sha256.Size {
		return nil
	}
	if got := sha256.Sum256(content); hex.EncodeToString(got[:]) != declared {
		return wire.Errorf(http.StatusBadRequest, "XAmzContentSHA256Mismatch",
			"The provided 'x-amz-content-sha256' header does not match what was computed.")
	}
	return nil
}

func etagOf(content []byte) string {
	s := md5.Sum(content)
	return hex.EncodeToString(s[:])
}
