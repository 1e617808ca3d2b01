package cloudfront

import (
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// functionAssociations are the functions that a behaviour runs, at most one for each event.
type functionAssociations struct {
	Quantity *int
	Items    []functionAssociation `wire:",item=FunctionAssociation"`
}

type functionAssociation struct {
	FunctionARN string `wire:",required"`
	EventType   string `wire:",required"`
}

const viewerRequest = "viewer-request"

// runs says whether the behaviour names a function.
func (b *cacheBehavior) runs(arn string) bool {
	for _, a := range b.FunctionAssociations.Items {
		if a.FunctionARN == arn {
			return true
		}
	}
	return false
}

// checkAssociations takes functions that are live; the caller holds mu.
func (s *CloudFront) checkAssociations(b *cacheBehavior) error {
	for i, a := range b.FunctionAssociations.Items {
		if a.EventType != viewerRequest || i > 0 {
			return invalid("Only one function on viewer-request is supported by the local AWS.")
		}
		if f := s.functions[strings.TrimPrefix(a.FunctionARN, s.functionARN(""))]; f == nil || f.live == nil {
			return wire.Errorf(400, "InvalidFunctionAssociation",
				"The specified function does not exist or is not published to the LIVE stage: %s", a.FunctionARN)
		}
	}
	return nil
}

// liveFunction gives the code that a behaviour runs on a viewer's request; false means none.
func (s *CloudFront) liveFunction(b *cacheBehavior) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range b.FunctionAssociations.Items {
		if f := s.functions[strings.TrimPrefix(a.FunctionARN, s.functionARN(""))]; f != nil && f.live != nil {
			return f.live.code, true
		}
	}
	return nil, false
}
