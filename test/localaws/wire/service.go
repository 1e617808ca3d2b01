package wire

import (
	"net/http"

	"github.com/aloft-dev/aloft/test/localaws/model"
)

// Service is what a service package plugs into the local AWS.
type Service struct {
	// Name is the prefix in call log, latency table and faults; it is also IAM's action prefix unless
	// ActionPrefix says otherwise.
	Name string
	// SigningNames are the names in SigV4's credential scope; nil means Name alone.
	SigningNames []string
	// ActionPrefix is IAM's, as "apigateway"; empty means Name.
	ActionPrefix string
	Protocol     Protocol
	Operations   []Operation
	// Names changes Go field names into names on the wire; nil leaves them. Tags win.
	Names func(string) string
	// Invalid makes the error of an unknown, malformed or missing parameter; nil means ValidationException, 400.
	Invalid func(message string) *Error
	// Violated makes the error of an input that the service's model refuses; nil means Invalid with AWS's usual text.
	Violated func([]model.Violation) *Error
	// Resource is the ARN that identity policies are asked about, from an operation and its decoded input (nil for raw
	// operations); nil or an empty answer mean "*".
	Resource func(call *Call, in any) string
	// Action changes the IAM action of an operation; nil or an empty answer mean "<ActionPrefix>:<Operation>",
	// "-" that identity policies are not asked.
	Action func(call *Call) string

	// Rewrite changes a request before its route is looked for, as S3 does with bucket names in the host; nil leaves it.
	Rewrite func(*http.Request) *http.Request

	// Claims takes requests that are not signed API calls, by host or path: a data plane as execute-api or the registry's
	// /v2/. They go to Data, unlogged unless Data logs them with Gateway.Calls.
	Claims func(*http.Request) bool
	Data   http.Handler
	// Close ends what the service started; it may be nil.
	Close func() error

	byName      map[string]*Operation
	routes      []route
	constraints *model.Service
}

// Prepare indexes the operations; the assembly calls it once.
func (s *Service) Prepare() error {
	s.byName = make(map[string]*Operation, len(s.Operations))
	s.routes = nil
	if s.Names == nil {
		s.Names = func(name string) string { return name }
	}
	if s.Invalid == nil {
		s.Invalid = Sender("ValidationException")
	}
	if s.Violated == nil {
		s.Violated = func(found []model.Violation) *Error { return s.Invalid(model.Message(found)) }
	}
	constraints, err := model.Constraints()
	if err != nil {
		return err
	}
	s.constraints = constraints[s.Name]
	if s.ActionPrefix == "" {
		s.ActionPrefix = s.Name
	}
	if s.SigningNames == nil {
		s.SigningNames = []string{s.Name}
	}
	for i := range s.Operations {
		op := &s.Operations[i]
		s.byName[op.Name] = op
		if op.Route == "" {
			continue
		}
		r, err := parseRoute(op)
		if err != nil {
			return err
		}
		s.routes = append(s.routes, r)
	}
	sortRoutes(s.routes)
	return nil
}

// hold refuses an input that the service's model refuses.
func (s *Service) hold(op *Operation, in model.Input) error {
	if found := s.constraints.Check(op.Name, in); len(found) > 0 {
		return s.Violated(found)
	}
	return nil
}

// Protocol is one of AWS's ways to put an operation on HTTP.
type Protocol interface {
	// find names the operation that a request asks for; it may fill call.Path.
	find(s *Service, call *Call) (*Operation, error)
	// decode fills a pointer to the operation's input.
	decode(s *Service, op *Operation, call *Call, in any) error
	// result and fail make the answer.
	result(s *Service, op *Operation, call *Call, out any) (*Response, error)
	fail(s *Service, call *Call, e *Error) *Response
	// authError and deniedCode adapt authentication and authorization to the protocol's codes.
	authError(kind authFailure) *Error
	deniedCode() string
	// throttled is the answer to a call beyond a quota.
	throttled() *Error
	// inBody says that the operation's name stands in the body, which has to be read first.
	inBody() bool
}

// LowerCamel is the Names function of services whose wire names begin with a small letter.
func LowerCamel(name string) string {
	if name == "" {
		return name
	}
	return string(name[0]|0x20) + name[1:]
}
