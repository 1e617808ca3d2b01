// Package lambda is the local AWS's Lambda: functions made of container images, which really run.
//
// Rules of AWS that it encodes (AWS Lambda Developer Guide and API reference; where an observation is older than the
// documentation, its source stands at the code):
//
//   - functions and versions change their state asynchronously; while they do, further changes are refused with 409
//     and the old code serves
//   - a version is published when an update was called since the last one, whatever its content; otherwise the
//     existing version is the answer
//   - versions never change and their numbers are never given twice; aliases name versions, with weights for a second
//     one, never $LATEST then
//   - revision ids guard against overwriting someone else's change (412), and permissions change them too
//   - a resource policy belongs to the function, to one version or to one alias, and does not cover the others
//   - images are single-architecture manifests with gzip layers in ECR, resolved to a digest at each update, readable
//     by lambda.amazonaws.com
//   - reserved concurrency is shared by all versions of a function, and 100 of the account's stay unreserved
//   - asynchronous events are tried three times by default, one and two minutes apart
//   - an event source mapping follows its alias and deletes from the queue what the function did not report as failed
//
// Not yet proven against AWS itself: the wording of the errors for images without permission, and the order of
// checks among several errors.
package lambda

import (
	"context"
	"net/http"
	"path/filepath"
	"sync"

	"github.com/aloft-dev/aloft/test/localaws/lambda/environment"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// service is Lambda's name as a principal.
const service = "lambda.amazonaws.com"

// Lambda is the service of one account and region.
type Lambda struct {
	env     *wire.Env
	options Options
	images  *images
	host    *environment.Host
	logs    *logWriter

	// background holds everything that goes on after an answer; stop ends it.
	background context.Context
	stop       context.CancelFunc
	work       sync.WaitGroup

	mu        sync.Mutex
	functions map[string]*function
	mappings  map[string]*mapping
}

// New plugs a Lambda without functions in; see Options for its settings.
func New(env *wire.Env) (*wire.Service, error) {
	options, err := readOptions(env.Settings)
	if err != nil {
		return nil, err
	}
	return open(env, options).service(), nil
}

func open(env *wire.Env, options Options) *Lambda {
	l := &Lambda{env: env, options: options, functions: map[string]*function{}, mappings: map[string]*mapping{}}
	l.background, l.stop = context.WithCancel(context.Background())
	l.images = newImages(env, filepath.Join(env.Dir, "lambda"))
	l.logs = newLogWriter(l)
	l.host = &environment.Host{Endpoint: func() string { return env.URL }, Logs: l.logs.add, Now: env.Clock.Now,
		Idle: options.Idle, Reach: options.Reach}
	l.host.Open(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { env.Handler.ServeHTTP(w, r) }))
	if options.CheckImages > 0 {
		l.later(l.checkImages)
	}
	return l
}

// close ends all environments and everything in the background.
func (l *Lambda) close() error {
	l.stop()
	var kills sync.WaitGroup
	l.mu.Lock()
	for _, f := range l.functions {
		for _, v := range f.all() {
			if v.pool != nil {
				kills.Go(v.pool.Kill)
			}
		}
	}
	l.mu.Unlock()
	kills.Wait()
	l.work.Wait()
	l.host.Close()
	return nil
}

// later runs something after the answer, until close.
func (l *Lambda) later(do func(ctx context.Context)) {
	if l.background.Err() != nil {
		return
	}
	l.work.Go(func() { do(l.background) })
}
