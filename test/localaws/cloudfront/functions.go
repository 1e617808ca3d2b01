package cloudfront

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// function is a CloudFront function. What changes is guarded by the service's mu.
type function struct {
	name, etag        string
	created, modified time.Time
	development       functionVersion
	// live is what distributions run; nil before the first publication.
	live *functionVersion
}

// functionVersion is the code in one of the two stages.
type functionVersion struct {
	config functionConfig
	code   []byte
}

type functionConfig struct {
	Comment *string `wire:",required"`
	Runtime string  `wire:",required"`
}

// The stages of a function.
const (
	stageDevelopment = "DEVELOPMENT"
	stageLive        = "LIVE"
)

// maxFunctionCode is the most bytes of a function. AWS: "Quotas on CloudFront Functions".
const maxFunctionCode = 10 << 10

var functionName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

type functionSummary struct {
	Name             string `wire:",required"`
	Status           string
	FunctionConfig   functionConfig
	FunctionMetadata functionMetadata
}

type functionMetadata struct {
	FunctionARN      string
	Stage            string
	CreatedTime      time.Time
	LastModifiedTime time.Time
}

type functionOutput struct {
	Location        string          `wire:"Location,header"`
	ETag            string          `wire:"ETag,header"`
	FunctionSummary functionSummary `wire:",payload"`
}

func (s *CloudFront) functionARN(name string) string {
	return "arn:aws:cloudfront::" + s.env.AccountID + ":function/" + name
}

// functionOutput shows a function in one of its stages; the caller holds mu.
func (s *CloudFront) functionOutput(f *function, stage string) *functionOutput {
	version, status := &f.development, "UNPUBLISHED"
	if stage == stageLive {
		version, status = f.live, "DEPLOYED"
	}
	return &functionOutput{ETag: f.etag, FunctionSummary: functionSummary{
		Name: f.name, Status: status, FunctionConfig: version.config, FunctionMetadata: functionMetadata{
			FunctionARN: s.functionARN(f.name), Stage: stage, CreatedTime: f.created, LastModifiedTime: f.modified,
		},
	}}
}

type createFunctionInput struct {
	CreateFunctionRequest createFunctionRequest `wire:",payload"`
}

type createFunctionRequest struct {
	Name string `wire:",required"`
	functionRequestBody
}

// functionRequestBody is what a creation and an update have in common.
type functionRequestBody struct {
	FunctionConfig functionConfig `wire:",required"`
	FunctionCode   []byte         `wire:",required"`
}

func (s *CloudFront) createFunction(
	_ context.Context, call *wire.Call, in *createFunctionInput,
) (*functionOutput, error) {
	request := in.CreateFunctionRequest
	call.On(request.Name)
	version := functionVersion{config: request.FunctionConfig, code: request.FunctionCode}
	if !functionName.MatchString(request.Name) {
		return nil, invalid("The parameter Name is not valid: %s", request.Name)
	}
	if err := version.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.functions[request.Name] != nil {
		return nil, wire.Errorf(http.StatusConflict, "FunctionAlreadyExists",
			"A function with the same name already exists in this account.")
	}
	now := s.env.Clock.Now()
	f := &function{name: request.Name, etag: newID(), created: now, modified: now, development: version}
	s.functions[f.name] = f
	out := s.functionOutput(f, stageDevelopment)
	out.Location = "https://cloudfront.amazonaws.com/2020-05-31/function/" + f.name
	return out, nil
}

func (v functionVersion) check() error {
	if !slices.Contains([]string{"cloudfront-js-1.0", "cloudfront-js-2.0"}, v.config.Runtime) {
		return invalid("The parameter Runtime is not valid: %s", v.config.Runtime)
	}
	if len(v.code) > maxFunctionCode {
		return wire.Errorf(http.StatusRequestEntityTooLarge, "FunctionSizeLimitExceeded",
			"The function exceeds the maximum size of %d bytes.", maxFunctionCode)
	}
	return nil
}

type functionInput struct {
	Name  string `wire:",path"`
	Stage string `wire:",query"`
}

// function finds one by name; the caller holds mu.
func (s *CloudFront) function(name string) (*function, error) {
	if f := s.functions[name]; f != nil {
		return f, nil
	}
	return nil, wire.Errorf(http.StatusNotFound, "NoSuchFunctionExists", "The function does not exist.")
}

func (s *CloudFront) describeFunction(
	_ context.Context, call *wire.Call, in *functionInput,
) (*functionOutput, error) {
	call.On(in.Name)
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.function(in.Name)
	if err != nil {
		return nil, err
	}
	if in.Stage != stageLive {
		return s.functionOutput(f, stageDevelopment), nil
	}
	if f.live == nil {
		return nil, wire.Errorf(http.StatusNotFound, "NoSuchFunctionExists", "The function is not published.")
	}
	return s.functionOutput(f, stageLive), nil
}

type updateFunctionInput struct {
	Name                  string              `wire:",path"`
	IfMatch               string              `wire:"If-Match,header"`
	UpdateFunctionRequest functionRequestBody `wire:",payload"`
}

// updatedFunction is the answer to an update, whose header with the version AWS has spelt so.
type updatedFunction struct {
	ETag            string          `wire:"ETtag,header"`
	FunctionSummary functionSummary `wire:",payload"`
}

func (s *CloudFront) updateFunction(
	_ context.Context, call *wire.Call, in *updateFunctionInput,
) (*updatedFunction, error) {
	call.On(in.Name)
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.matchingFunction(in.Name, in.IfMatch)
	if err != nil {
		return nil, err
	}
	request := in.UpdateFunctionRequest
	version := functionVersion{config: request.FunctionConfig, code: request.FunctionCode}
	if err := version.check(); err != nil {
		return nil, err
	}
	f.development, f.etag, f.modified = version, newID(), s.env.Clock.Now()
	return &updatedFunction{ETag: f.etag, FunctionSummary: s.functionOutput(f, stageDevelopment).FunctionSummary}, nil
}

// matchingFunction finds one by name and compares its version.
func (s *CloudFront) matchingFunction(name, ifMatch string) (*function, error) {
	f, err := s.function(name)
	if err != nil {
		return nil, err
	}
	return f, checkMatch(ifMatch, f.etag)
}

type changeFunctionInput struct {
	Name    string `wire:",path"`
	IfMatch string `wire:"If-Match,header"`
}

// publishFunction makes the code in development what every distribution runs that names the function.
func (s *CloudFront) publishFunction(
	_ context.Context, call *wire.Call, in *changeFunctionInput,
) (*functionOutput, error) {
	call.On(in.Name)
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.matchingFunction(in.Name, in.IfMatch)
	if err != nil {
		return nil, err
	}
	published := f.development
	f.live, f.modified = &published, s.env.Clock.Now()
	return s.functionOutput(f, stageLive), nil
}

// deleteFunction refuses while a behaviour of any distribution names the function.
func (s *CloudFront) deleteFunction(_ context.Context, call *wire.Call, in *changeFunctionInput) (*wire.Empty, error) {
	call.On(in.Name)
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.matchingFunction(in.Name, in.IfMatch)
	if err != nil {
		return nil, err
	}
	for _, d := range s.distributions {
		for _, b := range d.config.behaviors() {
			if b.runs(s.functionARN(f.name)) {
				return nil, wire.Errorf(http.StatusConflict, "FunctionInUse",
					"Cannot delete the function because it's attached to one or more cache behaviors.")
			}
		}
	}
	delete(s.functions, f.name)
	return nil, nil
}
