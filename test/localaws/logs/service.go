// Package logs is CloudWatch Logs of the local AWS: groups, streams, retention, and reading them back by
// time and by filter pattern.
//
// Rules it encodes (CloudWatch Logs API reference and User Guide):
//   - A group or stream that exists is ResourceAlreadyExistsException; retention takes only the listed numbers of days.
//   - A batch of events ascends in time, spans at most a day and has at most 1 MiB, 26 bytes per event included; events
//     older than 14 days or more than two hours ahead are left out and reported.
//   - Reading one stream answers both tokens always, and at its end the forward token stays the same; a search comes in
//     pages, in the order of the events' time over all streams, its end inclusive.
//   - Filter patterns: all plain terms, one of the "?" terms, none of the "-" terms; punctuation stands in quotes.
//   - Tagging takes the group's ARN without ":*".
//
// Not yet proven against AWS itself: the resource that policies are asked about in each operation.
package logs

import "github.com/aloft-dev/aloft/test/localaws/wire"

// Limits bound the memory of one log stream; the oldest events go first. AWS has no such limit.
type Limits struct {
	// StreamEvents is the number of events kept; 0 means 10,000.
	StreamEvents int
	// StreamBytes is the size of the events kept; 0 means 4 MiB.
	StreamBytes int
}

// Logs is the service.
type Logs struct{ store *store }

// New plugs CloudWatch Logs in.
func New(env *wire.Env) (*wire.Service, error) { return open(env, Limits{}).Service(), nil }

// open makes an empty service.
func open(env *wire.Env, limits Limits) *Logs {
	if limits.StreamEvents == 0 {
		limits.StreamEvents = 10_000
	}
	if limits.StreamBytes == 0 {
		limits.StreamBytes = 4 << 20
	}
	return &Logs{store: &store{env: env, limits: limits, groups: map[string]*group{}}}
}

// Service is the service on the wire.
func (l *Logs) Service() *wire.Service {
	s := l.store
	return &wire.Service{
		Name:     "logs",
		Protocol: wire.JSON("Logs_20140328"),
		Invalid:  wire.Sender("InvalidParameterException"),
		Names:    wire.LowerCamel,
		Resource: s.resource,
		Operations: []wire.Operation{
			wire.Write("CreateLogGroup", s.createLogGroup),
			wire.Write("DeleteLogGroup", s.deleteLogGroup),
			wire.Read("DescribeLogGroups", s.describeLogGroups),
			wire.Write("PutRetentionPolicy", s.putRetentionPolicy),
			wire.Write("DeleteRetentionPolicy", s.deleteRetentionPolicy),
			wire.Write("AssociateKmsKey", s.associateKmsKey),
			wire.Write("DisassociateKmsKey", s.disassociateKmsKey),
			wire.Write("CreateLogStream", s.createLogStream),
			wire.Read("DescribeLogStreams", s.describeLogStreams),
			wire.Write("PutLogEvents", s.putLogEvents),
			wire.Read("GetLogEvents", s.getLogEvents),
			wire.Read("FilterLogEvents", s.filterLogEvents),
			wire.Write("TagResource", s.tagResource),
			wire.Write("UntagResource", s.untagResource),
			wire.Read("ListTagsForResource", s.listTagsForResource),
		},
	}
}
