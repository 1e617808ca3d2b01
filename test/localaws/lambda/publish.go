package lambda

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type publishInput struct {
	FunctionName string `wire:",path,required"`
	CodeSha256   string
	Description  *string
	RevisionId   string
}

func (l *Lambda) publishVersion(_ context.Context, call *wire.Call, in *publishInput) (*functionConfiguration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ref, err := l.refer(call, in.FunctionName, "")
	if err != nil {
		return nil, err
	}
	f, err := l.find(ref)
	if err != nil {
		return nil, err
	}
	if err := l.changeable(f, in.RevisionId); err != nil {
		return nil, err
	}
	if current := f.latest.image.hex(); in.CodeSha256 != "" && in.CodeSha256 != current {
		return nil, invalidValue(fmt.Sprintf("CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). "+
			"Please try again with the CodeSHA256 in $LATEST.",
			in.CodeSha256, current))
	}
	if f.published != nil && f.updates == f.publishedAt {
		call.NoEffect()
		return l.describe(f, f.published, ""), nil
	}
	return l.describe(f, l.publish(f, call, in.Description), ""), nil
}

// publish makes a version of $LATEST as it is; callers hold the lock.
func (l *Lambda) publish(f *function, call *wire.Call, description *string) *version {
	number := strconv.Itoa(f.next)
	f.next++
	v := &version{number: number, configuration: f.latest.configuration, image: f.latest.image, state: statePending,
		stateReason: "The function is being created.", stateCode: "Creating"}
	set(&v.description, description)
	v.touch(call.Time)
	f.versions[number] = v
	f.published, f.publishedAt = v, f.updates
	l.settleNew(f, v, l.options.Publish)
	return v
}

type listVersionsInput struct {
	FunctionName string `wire:",path,required"`
	Marker       string `wire:",query"`
	MaxItems     int    `wire:",query"`
}

type listVersionsOutput struct {
	Versions   []*functionConfiguration `wire:",required"`
	NextMarker string
}

func (l *Lambda) listVersions(_ context.Context, call *wire.Call, in *listVersionsInput) (*listVersionsOutput, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ref, err := l.refer(call, in.FunctionName, "")
	if err != nil {
		return nil, err
	}
	f, err := l.find(ref)
	if err != nil {
		return nil, err
	}
	numbers, next := page(append([]string{latestVersion}, f.numbers()...), in.Marker, in.MaxItems, 50)
	out := &listVersionsOutput{Versions: []*functionConfiguration{}, NextMarker: next}
	for _, number := range numbers {
		out.Versions = append(out.Versions, l.describe(f, f.version(number), number))
	}
	return out, nil
}
