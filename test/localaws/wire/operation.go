package wire

import (
	"context"
	"io"
	"net/http"
	"reflect"
)

// Operation is one action of a service.
type Operation struct {
	// Name is AWS's name of it, as "PublishVersion".
	Name string
	// Mutating says that it is made to change things.
	Mutating bool
	// Method and Route place it in a REST service; see At.
	Method string
	Route  string
	// Success is the HTTP status of a plain success; 0 means 200.
	Success int

	streams bool
	input   reflect.Type
	handle  func(ctx context.Context, call *Call, in any) (any, error)
}

// Response is the answer of a raw operation.
type Response struct {
	// Status 0 means 200.
	Status int
	Header http.Header
	// Body is sent as it is, and closed when it is a closer; nil sends none.
	Body io.Reader
	// Length is the Content-Length when it is known; a *bytes.Reader tells it by itself. Otherwise the
	// body is sent in chunks.
	Length int64
}

// Read is an operation that only looks.
func Read[In, Out any](name string, fn func(context.Context, *Call, *In) (*Out, error)) Operation {
	return typed(name, false, fn)
}

// Write is an operation that changes things.
func Write[In, Out any](name string, fn func(context.Context, *Call, *In) (*Out, error)) Operation {
	return typed(name, true, fn)
}

// Empty is the output of an operation that answers nothing.
type Empty struct{}

func typed[In, Out any](name string, mutating bool, fn func(context.Context, *Call, *In) (*Out, error)) Operation {
	return Operation{
		Name: name, Mutating: mutating, input: reflect.TypeFor[In](),
		handle: func(ctx context.Context, call *Call, in any) (any, error) {
			out, err := fn(ctx, call, in.(*In))
			if err != nil {
				return nil, err
			}
			if out == nil {
				return &Empty{}, nil
			}
			return out, nil
		},
	}
}

// RawRead is an operation that reads its request and writes its answer itself. Its request body has not been read.
func RawRead(name string, fn func(context.Context, *Call) (*Response, error)) Operation {
	return raw(name, false, fn)
}

// RawWrite is RawRead for an operation that changes things.
func RawWrite(name string, fn func(context.Context, *Call) (*Response, error)) Operation {
	return raw(name, true, fn)
}

func raw(name string, mutating bool, fn func(context.Context, *Call) (*Response, error)) Operation {
	return Operation{
		Name: name, Mutating: mutating, streams: true,
		handle: func(ctx context.Context, call *Call, _ any) (any, error) {
			return fn(ctx, call)
		},
	}
}

// At places an operation in a REST service: "GET", "/2015-03-31/functions/{FunctionName}/versions". {Name+} takes the
// rest of the path with its slashes. After a "?" stand query parameters that must be present, as "/{Bucket}?tagging" or
// "/{Bucket}?list-type=2", and after a "#" a header that must be, as "/{Bucket}/{Key+}#x-amz-copy-source". Of several
// fitting routes the one with the most such demands, then the one with the most fixed path segments, is taken.
func (o Operation) At(method, route string) Operation {
	o.Method, o.Route = method, route
	return o
}

// Answers sets the HTTP status of a plain success.
func (o Operation) Answers(status int) Operation {
	o.Success = status
	return o
}
