// Package environment runs function versions as processes that speak the Lambda Runtime API.
//
// It encodes how Lambda executes functions (AWS Lambda Developer Guide: lambda-runtime-environment, runtimes-api,
// runtimes-extensions-api, configuration-envvars, lambda-concurrency): one request per environment at a time, a new
// environment whenever none is idle, an init phase of ten seconds that is repeated inside the invocation when it
// failed, timeouts and exits that end the environment, the texts that callers see then, and a shutdown phase that only
// who has an extension gets time in.
package environment

import (
	"errors"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/lambda/jail"
)

// runtimePort is where the Runtime API listens inside an environment that has a network of its own.
const runtimePort = 9001

// environment is one process of one version.
type environment struct {
	function *Function
	stream   string
	log      *lineLog
	process  *jail.Process
	server   *http.Server

	// work hands one invocation to the process's request for the next one.
	work chan *task
	// waiting receives whenever the process asks for the next invocation.
	waiting chan struct{}
	// failed receives what the process posts as its init error.
	failed chan []byte

	extension *extension

	mu      sync.Mutex
	current *task
	idle    *time.Timer
}

// begin starts a process for the version; it does not wait for its init phase.
func begin(host *Host, function *Function) (*environment, error) {
	e := &environment{function: function, stream: streamName(host.Now(), function.Version),
		work: make(chan *task), waiting: make(chan struct{}, 1), failed: make(chan []byte, 1),
		extension: newExtension()}
	e.log = newLineLog(func(line string) { host.Logs(function.LogGroup, e.stream, host.Now(), line) })
	mode, err := jail.Available()
	if err != nil {
		return nil, err
	}
	spec := jail.Spec{Root: function.Root, Dir: function.WorkingDir, Args: function.Args, TmpBytes: function.TmpBytes,
		Ports: []int{runtimePort}}
	e.server = &http.Server{Handler: e.runtimeAPI(), ErrorLog: quiet}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(runtimePort))
	if mode == jail.Chroot {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		address = listener.Addr().String()
		go e.server.Serve(listener)
	} else {
		spec.Ports = append(spec.Ports, host.Reach...)
		if port := host.port(); port > 0 {
			spec.Ports = append(spec.Ports, port)
		}
	}
	if spec.Env, err = host.environ(function, e.stream, address); err != nil {
		e.server.Close()
		return nil, err
	}
	if err := e.launch(host, spec); err != nil {
		e.server.Close()
		return nil, err
	}
	return e, nil
}

// launch starts the process with its output in a pipe, and serves its ports.
func (e *environment) launch(host *Host, spec jail.Spec) error {
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer write.Close()
	spec.Stdout, spec.Stderr = write, write
	if e.process, err = jail.Start(spec); err != nil {
		_ = read.Close()
		return err
	}
	if err := e.log.follow(read); err != nil {
		e.process.Kill()
		return err
	}
	for i, listener := range e.process.Listeners {
		switch {
		case i == 0:
			go e.server.Serve(listener)
		case i <= len(host.Reach):
			go forward(listener, host.Reach[i-1])
		default:
			go host.gateway.Serve(listener)
		}
	}
	go func() {
		<-e.process.Exited
		e.server.Close()
		for _, listener := range e.process.Listeners {
			listener.Close()
		}
	}()
	return nil
}

// errInit is why an init phase did not end well.
type errInit struct {
	kind    string
	payload []byte
}

func (e *errInit) Error() string { return e.kind }

// errTimeout is the init phase's own.
var errTimeout = errors.New("timeout")

// await waits for the end of the init phase: the first request for an invocation.
func (e *environment) await(limit time.Duration) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-e.process.Started:
		if err != nil {
			return err
		}
	case <-timer.C:
		return errTimeout
	}
	select {
	case <-e.waiting:
		return nil
	case payload := <-e.failed:
		return &errInit{kind: "error", payload: payload}
	case <-e.process.Exited:
		select {
		case payload := <-e.failed:
			return &errInit{kind: "error", payload: payload}
		default:
			return &errInit{kind: "exit"}
		}
	case <-timer.C:
		return errTimeout
	}
}

// end kills the process and waits until nothing of it is left.
func (e *environment) end() {
	e.process.Kill()
	<-e.process.Exited
	e.log.flush()
}

// shutdownLimit is how long a process with an extension of its own may take to end when its environment is no longer
// needed; without one it gets no time at all (AWS Lambda Developer Guide, lambda-runtime-environment, "Shutdown
// phase").
const shutdownLimit = 500 * time.Millisecond

// shutDown ends an environment that waits for work: the shutdown phase.
func (e *environment) shutDown() {
	if e.extension.registered() {
		e.process.Terminate()
		select {
		case <-e.process.Exited:
		case <-time.After(shutdownLimit):
		}
	}
	e.end()
}

func (e *environment) gone() bool {
	select {
	case <-e.process.Exited:
		return true
	default:
		return false
	}
}
