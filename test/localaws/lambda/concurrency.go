package lambda

import (
	"context"
	"fmt"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// minUnreserved is what the account must keep for functions without a reservation (Lambda API
// reference, PutFunctionConcurrency).
const minUnreserved = 100

type functionInput struct {
	FunctionName string `wire:",path,required"`
}

type putConcurrencyInput struct {
	FunctionName                 string `wire:",path,required"`
	ReservedConcurrentExecutions *int   `wire:",required"`
}

func (l *Lambda) putConcurrency(_ context.Context, call *wire.Call, in *putConcurrencyInput) (*concurrency, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.whole(call, in.FunctionName)
	if err != nil {
		return nil, err
	}
	wanted := *in.ReservedConcurrentExecutions
	if left := l.unreserved(f) - wanted; left < minUnreserved && wanted > 0 {
		return nil, invalidValue(fmt.Sprintf("Specified ReservedConcurrentExecutions for function decreases account's "+
			"UnreservedConcurrentExecution below its minimum value of [%d].", minUnreserved))
	}
	f.reserved = &wanted
	return &concurrency{&wanted}, nil
}

// unreserved is what no other function has reserved; callers hold the lock.
func (l *Lambda) unreserved(but *function) int {
	left := l.options.Concurrency
	for _, f := range l.functions {
		if f != but && f.reserved != nil {
			left -= *f.reserved
		}
	}
	return left
}

// whole finds a function where a qualifier makes no sense; callers hold the lock.
func (l *Lambda) whole(call *wire.Call, name string) (*function, error) {
	ref, err := l.refer(call, name, "")
	if err != nil {
		return nil, err
	}
	if err := unqualified(ref); err != nil {
		return nil, err
	}
	return l.find(ref)
}

func (l *Lambda) deleteConcurrency(_ context.Context, call *wire.Call, in *functionInput) (*wire.Empty, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.whole(call, in.FunctionName)
	if err != nil {
		return nil, err
	}
	f.reserved = nil
	return nil, nil
}

func (l *Lambda) getConcurrency(_ context.Context, call *wire.Call, in *functionInput) (*concurrency, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.whole(call, in.FunctionName)
	if err != nil {
		return nil, err
	}
	if f.reserved == nil {
		return &concurrency{}, nil
	}
	reserved := *f.reserved
	return &concurrency{&reserved}, nil
}

// enter takes a place for one request or says why there is none; callers hold the lock.
func (l *Lambda) enter(f *function) error {
	if f.reserved != nil {
		if f.running >= *f.reserved {
			return throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
		}
		f.running++
		return nil
	}
	busy := 0
	for _, other := range l.functions {
		if other.reserved == nil {
			busy += other.running
		}
	}
	if busy >= l.unreserved(nil) {
		return throttled("ConcurrentInvocationLimitExceeded")
	}
	f.running++
	return nil
}

func (l *Lambda) leave(f *function) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f.running--
}

type accountLimit struct {
	TotalCodeSize                  int64
	CodeSizeUnzipped               int64
	CodeSizeZipped                 int64
	ConcurrentExecutions           int
	UnreservedConcurrentExecutions *int
}

type accountUsage struct {
	TotalCodeSize int64 `wire:",required"`
	FunctionCount int64 `wire:",required"`
}

type accountOutput struct {
	AccountLimit accountLimit
	AccountUsage accountUsage
}

func (l *Lambda) accountSettings(context.Context, *wire.Call, *wire.Empty) (*accountOutput, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := l.unreserved(nil)
	return &accountOutput{accountLimit{80530636800, 262144000, 52428800, l.options.Concurrency, &left},
		accountUsage{0, int64(len(l.functions))}}, nil
}
