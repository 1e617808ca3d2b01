package lambda

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// invokeConfig says how asynchronous events of one qualifier are retried; nil members mean the defaults.
type invokeConfig struct {
	retries  *int
	maxAge   *int
	modified time.Time
}

const (
	defaultRetries = 2
	// maxEventAge is six hours, in seconds.
	maxEventAge = 21600
)

// limits gives the retries and the age at which an event is dropped.
func (c *invokeConfig) limits() (retries int, age time.Duration) {
	retries, ageSeconds := defaultRetries, maxEventAge
	if c != nil {
		set(&retries, c.retries)
		set(&ageSeconds, c.maxAge)
	}
	return retries, seconds(ageSeconds)
}

type invokeConfigInput struct {
	FunctionName             string `wire:",path,required"`
	Qualifier                string `wire:",query"`
	MaximumRetryAttempts     *int
	MaximumEventAgeInSeconds *int
}

type invokeConfigOutput struct {
	FunctionArn              string
	LastModified             time.Time
	MaximumRetryAttempts     *int
	MaximumEventAgeInSeconds *int
}

func (l *Lambda) showInvokeConfig(f *function, qualifier string, c *invokeConfig) *invokeConfigOutput {
	if qualifier == "" {
		qualifier = latestVersion
	}
	return &invokeConfigOutput{l.arn(f.name + ":" + qualifier), c.modified, c.retries, c.maxAge}
}

func (l *Lambda) putInvokeConfig(
	_ context.Context, call *wire.Call, in *invokeConfigInput,
) (*invokeConfigOutput, error) {
	if in.MaximumRetryAttempts == nil && in.MaximumEventAgeInSeconds == nil {
		return nil, invalidValue("You must specify at least one of error handling or destination setting.")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	f, _, ref, err := l.qualified(call, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	key := invokeKey(ref.qualifier)
	c := &invokeConfig{retries: in.MaximumRetryAttempts, maxAge: in.MaximumEventAgeInSeconds, modified: call.Time}
	f.invokes[key] = c
	return l.showInvokeConfig(f, key, c), nil
}

// invokeKey files the unqualified function under nothing.
func invokeKey(qualifier string) string {
	if qualifier == latestVersion {
		return ""
	}
	return qualifier
}

func (l *Lambda) noInvokeConfig(ref reference) error {
	qualifier := ref.qualifier
	if qualifier == "" {
		qualifier = latestVersion
	}
	return missing("The function " + l.arn(ref.name+":"+qualifier) + " doesn't have an EventInvokeConfig")
}

func (l *Lambda) getInvokeConfig(_ context.Context, call *wire.Call, in *qualifiedInput) (*invokeConfigOutput, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, _, ref, err := l.qualified(call, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	c := f.invokes[invokeKey(ref.qualifier)]
	if c == nil {
		return nil, l.noInvokeConfig(ref)
	}
	return l.showInvokeConfig(f, ref.qualifier, c), nil
}

func (l *Lambda) deleteInvokeConfig(_ context.Context, call *wire.Call, in *qualifiedInput) (*wire.Empty, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, _, ref, err := l.qualified(call, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	key := invokeKey(ref.qualifier)
	if f.invokes[key] == nil {
		return nil, l.noInvokeConfig(ref)
	}
	delete(f.invokes, key)
	return nil, nil
}

type listInvokeConfigsInput struct {
	FunctionName string `wire:",path,required"`
	Marker       string `wire:",query"`
	MaxItems     int    `wire:",query"`
}

type listInvokeConfigsOutput struct {
	FunctionEventInvokeConfigs []*invokeConfigOutput `wire:",required"`
	NextMarker                 string
}

func (l *Lambda) listInvokeConfigs(
	_ context.Context, call *wire.Call, in *listInvokeConfigsInput,
) (*listInvokeConfigsOutput, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.whole(call, in.FunctionName)
	if err != nil {
		return nil, err
	}
	keys, next := page(slices.Sorted(maps.Keys(f.invokes)), in.Marker, in.MaxItems, 50)
	out := &listInvokeConfigsOutput{FunctionEventInvokeConfigs: []*invokeConfigOutput{}, NextMarker: next}
	for _, key := range keys {
		out.FunctionEventInvokeConfigs = append(out.FunctionEventInvokeConfigs, l.showInvokeConfig(f, key, f.invokes[key]))
	}
	return out, nil
}
