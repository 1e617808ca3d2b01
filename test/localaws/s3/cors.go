package s3

import (
	"context"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// corsConfiguration is kept and answered; no browser comes here, so that nothing follows from it.
type corsConfiguration struct {
	CORSRule []corsRule `wire:",flat"`
}

type corsRule struct {
	ID            string
	AllowedHeader []string `wire:",flat"`
	AllowedMethod []string `wire:",flat"`
	AllowedOrigin []string `wire:",flat"`
	ExposeHeader  []string `wire:",flat"`
	MaxAgeSeconds *int
}

// corsMethods are those that a rule may name.
var corsMethods = map[string]bool{"GET": true, "PUT": true, "POST": true, "DELETE": true, "HEAD": true}

type putCORSInput struct {
	target
	Configuration corsConfiguration `wire:"CORSConfiguration,payload"`
}

type getCORSOutput struct {
	Configuration *corsConfiguration `wire:"CORSConfiguration,payload"`
}

func (s *service) putCORS(_ context.Context, call *wire.Call, in *putCORSInput) (*wire.Empty, error) {
	if len(in.Configuration.CORSRule) == 0 {
		return nil, malformedXML()
	}
	for _, rule := range in.Configuration.CORSRule {
		for _, method := range rule.AllowedMethod {
			if !corsMethods[method] {
				return nil, wire.Errorf(400, "InvalidRequest",
					"Found unsupported HTTP method in CORS config. Unsupported method is %s", method)
			}
		}
	}
	return s.configure(call, in.target, "s3:PutBucketCORS", func(b *bucket) { b.cors = &in.Configuration })
}

func (s *service) getCORS(_ context.Context, call *wire.Call, in *target) (*getCORSOutput, error) {
	out := &getCORSOutput{}
	err := s.look(call, *in, "s3:GetBucketCORS", func(b *bucket) error {
		if b.cors == nil {
			return missingConfiguration("NoSuchCORSConfiguration", "The CORS configuration does not exist")
		}
		out.Configuration = b.cors
		return nil
	})
	return out, err
}

func (s *service) deleteCORS(_ context.Context, call *wire.Call, in *target) (*wire.Empty, error) {
	return s.configure(call, *in, "s3:PutBucketCORS", func(b *bucket) { b.cors = nil })
}
