package main

import (
	"context"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
	sample "github.com/aloft-dev/aloft/test/sampleapp/image"
)

// unchanged releases what is live under another tag, and counts what is sent of layers and assets
// that AWS holds already.
func (s *subject) unchanged(ctx context.Context) ([]figure, error) {
	if err := s.box.PushAs(ctx, sample.V2, "original"); err != nil {
		return nil, err
	}
	if _, _, err := s.release(ctx, "original"); err != nil {
		return nil, err
	}
	if err := s.box.PushAs(ctx, sample.V2, "same-content"); err != nil {
		return nil, err
	}
	since := s.box.AWS.Calls().End()
	if _, _, err := s.release(ctx, "same-content"); err != nil {
		return nil, err
	}
	calls := s.box.AWS.Calls().Since(since)
	assets := calls.Operation("s3:PutObject").Where(func(r wire.Record) bool {
		_, path, found := strings.Cut(r.Resource, "/assets/same-content/")
		return found && path != ""
	})
	return []figure{
		atMost("P7", "layer bytes sent for unchanged content", float64(calls.Service("ecr").Bytes()), "bytes", 0),
		atMost("P7.assets", "asset bytes sent for unchanged content", float64(assets.Bytes()), "bytes", 0),
	}, nil
}
