package environment

import (
	"errors"
	"fmt"
	"time"
)

// initLimit is how long the init phase may last before it is repeated inside the invocation, under the function's own
// timeout (AWS Lambda Developer Guide, lambda-runtime-environment).
const initLimit = 10 * time.Second

// settle is how long an answer waits for the environment to ask for more work, so that a caller who invokes again at
// once meets the same environment, as over the distance to AWS.
const settle = 100 * time.Millisecond

// Invocation is one request to a function.
type Invocation struct {
	RequestID string
	// FunctionARN is what the caller named, with its qualifier.
	FunctionARN   string
	Payload       []byte
	TraceID       string
	ClientContext string
}

// Result is a function's answer.
type Result struct {
	Payload []byte
	// Failed says that the function failed: X-Amz-Function-Error.
	Failed bool
	// Log is the end of what the invocation logged, at most 4 KB.
	Log []byte
	// Stream names the environment.
	Stream string
}

// Invoke runs one request in an idle environment or in a new one. The error is the host's, never the function's.
func (p *Pool) Invoke(in Invocation) (Result, error) {
	if e := p.take(); e != nil {
		return p.run(e, in, p.function.Timeout, 0)
	}
	begun := time.Now()
	e, err := p.start()
	if err != nil {
		return Result{}, err
	}
	failure := e.await(p.host.initLimit())
	if failure == nil {
		return p.run(e, in, p.function.Timeout, time.Since(begun))
	}
	e.log.print(fmt.Sprintf("INIT_REPORT Init Duration: %s ms\tPhase: init\tStatus: %s", millis(time.Since(begun)),
		status(failure)))
	if startFailed(failure) {
		return p.report(e, in, begun, answer{payload: explain(in, failure, e), failed: true})
	}
	p.discard(e)
	return p.again(in)
}

// again repeats a failed init phase inside the invocation ("suppressed init").
func (p *Pool) again(in Invocation) (Result, error) {
	begun := time.Now()
	e, err := p.start()
	if err != nil {
		return Result{}, err
	}
	failure := e.await(p.function.Timeout)
	if failure == nil {
		return p.run(e, in, p.function.Timeout-time.Since(begun), 0)
	}
	e.log.print(fmt.Sprintf("INIT_REPORT Init Duration: %s ms\tPhase: invoke\tStatus: %s", millis(time.Since(begun)),
		status(failure)))
	if errors.Is(failure, errTimeout) {
		return p.report(e, in, begun, answer{payload: p.timedOut(e, in), failed: true})
	}
	return p.report(e, in, begun, answer{payload: explain(in, failure, e), failed: true})
}

// report closes an invocation that never reached the function's own code.
func (p *Pool) report(e *environment, in Invocation, begun time.Time, a answer) (Result, error) {
	e.end()
	e.log.print("START RequestId: " + in.RequestID + " Version: " + p.function.Version)
	e.finishLog(in, time.Since(begun), 0)
	p.discard(e)
	return Result{Payload: a.payload, Failed: a.failed, Log: e.log.last(), Stream: e.stream}, nil
}

// run hands the request to a waiting environment and waits for its answer, its end or the timeout.
func (p *Pool) run(e *environment, in Invocation, limit, init time.Duration) (Result, error) {
	begun := time.Now()
	if init == 0 {
		e.log.restart()
	}
	e.log.print("START RequestId: " + in.RequestID + " Version: " + p.function.Version)
	t := &task{Invocation: in, deadline: begun.Add(limit), done: make(chan answer, 1)}
	a, left := p.exchange(e, t)
	switch left {
	case ready:
		e.log.catchUp()
	case dead:
		p.discard(e)
	case late:
	}
	e.finishLog(in, time.Since(begun), init)
	result := Result{Payload: a.payload, Failed: a.failed, Log: e.log.last(), Stream: e.stream}
	switch left {
	case ready:
		p.put(e)
	case dead:
	case late:
		go p.lateReturn(e, t)
	}
	return result, nil
}

// leaving is what an environment is after its answer.
type leaving int

const (
	// ready: it has asked for more work.
	ready leaving = iota
	// late: it has answered but not asked yet; the timeout still runs.
	late
	// dead: it has ended or must end.
	dead
)

func (p *Pool) exchange(e *environment, t *task) (answer, leaving) {
	timer := time.NewTimer(time.Until(t.deadline))
	defer timer.Stop()
	select {
	case e.work <- t:
	case <-e.process.Exited:
		return answer{payload: exited(t.Invocation, e), failed: true}, dead
	case <-timer.C:
		return answer{payload: p.timedOut(e, t.Invocation), failed: true}, dead
	}
	select {
	case a := <-t.done:
		return a, e.afterAnswer()
	case <-e.process.Exited:
		select {
		case a := <-t.done:
			return a, dead
		default:
			return answer{payload: exited(t.Invocation, e), failed: true}, dead
		}
	case <-timer.C:
		return answer{payload: p.timedOut(e, t.Invocation), failed: true}, dead
	}
}

func (e *environment) afterAnswer() leaving {
	timer := time.NewTimer(settle)
	defer timer.Stop()
	select {
	case <-e.waiting:
		return ready
	case <-e.process.Exited:
		return dead
	case <-timer.C:
		return late
	}
}

// lateReturn takes an environment back that went on working after its answer, or ends it at the timeout.
func (p *Pool) lateReturn(e *environment, t *task) {
	timer := time.NewTimer(time.Until(t.deadline))
	defer timer.Stop()
	select {
	case <-e.waiting:
		p.put(e)
	case <-e.process.Exited:
		p.discard(e)
	case <-timer.C:
		_ = p.timedOut(e, t.Invocation)
		p.discard(e)
	}
}
