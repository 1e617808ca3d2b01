package cloudfront

import (
	"context"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type listFunctionsInput struct {
	listInput
	Stage string `wire:",query"`
}

type listFunctionsOutput struct {
	FunctionList functionList `wire:",payload"`
}

// functionList is a page of functions; unlike other lists it has no marker of its own and no IsTruncated.
type functionList struct {
	NextMarker string
	MaxItems   int               `wire:",required"`
	Quantity   int               `wire:",required"`
	Items      []functionSummary `wire:",item=FunctionSummary"`
}

func (s *CloudFront) listFunctions(
	_ context.Context, _ *wire.Call, in *listFunctionsInput,
) (*listFunctionsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for name, f := range s.functions {
		if in.Stage != stageLive || f.live != nil {
			names = append(names, name)
		}
	}
	names, frame := cut(names, in.listInput)
	list := functionList{NextMarker: frame.NextMarker, MaxItems: frame.MaxItems, Quantity: frame.Quantity}
	stage := stageDevelopment
	if in.Stage == stageLive {
		stage = stageLive
	}
	for _, name := range names {
		list.Items = append(list.Items, s.functionOutput(s.functions[name], stage).FunctionSummary)
	}
	return &listFunctionsOutput{FunctionList: list}, nil
}
