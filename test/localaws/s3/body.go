package s3

import (
	"bufio"
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// maxObject bounds one put: far below S3's 5 GiB, for everything is kept in memory.
const maxObject = 1 << 30

// content reads a put's body: as it is, or aws-chunked, whose trailers are added to the header.
func content(r *http.Request) ([]byte, error) {
	if r.ContentLength > maxObject {
		return nil, tooLarge()
	}
	body := http.MaxBytesReader(nil, r.Body, maxObject)
	if !strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		raw, err := readAll(body, r.ContentLength)
		if err != nil {
			return nil, incomplete()
		}
		return raw, nil
	}
	declared, err := strconv.ParseInt(r.Header.Get("X-Amz-Decoded-Content-Length"), 10, 64)
	if err != nil {
		return nil, wire.Errorf(http.StatusLengthRequired, "MissingContentLength",
			"You must provide the Content-Length HTTP header.")
	}
	raw, trailer, err := dechunk(bufio.NewReader(body), declared)
	if err != nil || int64(len(raw)) != declared {
		return nil, incomplete()
	}
	maps.Copy(r.Header, trailer)
	return raw, nil
}

func readAll(body io.Reader, size int64) ([]byte, error) {
	if size < 0 {
		return io.ReadAll(body)
	}
	raw := make([]byte, size)
	_, err := io.ReadFull(body, raw)
	return raw, err
}

// dechunk reads "<hex length>[;chunk-signature=..]\r\n<bytes>\r\n" up to the empty chunk, and the trailers behind it.
func dechunk(in *bufio.Reader, size int64) ([]byte, http.Header, error) {
	out := bytes.NewBuffer(make([]byte, 0, min(max(size, 0), maxObject)))
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return nil, nil, err
		}
		length, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		n, err := strconv.ParseInt(length, 16, 64)
		if err != nil || n < 0 || int64(out.Len())+n > size {
			return nil, nil, io.ErrUnexpectedEOF
		}
		if n == 0 {
			trailer, err := textproto.NewReader(in).ReadMIMEHeader()
			if err == io.EOF {
				err = nil
			}
			return out.Bytes(), http.Header(trailer), err
		}
		if _, err := io.CopyN(out, in, n); err != nil {
			return nil, nil, err
		}
		if _, err := in.Discard(2); err != nil {
			return nil, nil, err
		}
	}
}

func incomplete() *wire.Error {
	return wire.Errorf(http.StatusBadRequest, "IncompleteBody", "The request body terminated unexpectedly")
}

func tooLarge() *wire.Error {
	return wire.Errorf(http.StatusBadRequest, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
}
