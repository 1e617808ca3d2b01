package process

import (
	"context"
	"time"
)

// Grace is how long a program may go on after the function itself was asked to end: Lambda gives the function half a
// second, and a moment of it is the runtime's.
const Grace = 400 * time.Millisecond

// TimeoutCode is the exit code of a program that was ended for its time, as of timeout(1).
const TimeoutCode = 124

// Run runs a program to its end. At the cut it is killed and its exit code is TimeoutCode; when the context is
// cancelled it is asked to end. A program that cannot be started ends with StartCode and the reason as its text.
func Run(ctx context.Context, spec Spec, cut time.Time) Exit {
	p, err := Start(spec)
	if err != nil {
		return Exit{Code: StartCode(err), Text: err.Error(), NotStarted: true}
	}
	timer := time.NewTimer(time.Until(cut))
	defer timer.Stop()
	select {
	case <-p.Exited():
		return p.Exit()
	case <-timer.C:
	case <-ctx.Done():
		if ctx.Err() == context.Canceled {
			p.Stop(min(Grace, max(0, time.Until(cut))))
			return p.Exit()
		}
	}
	p.Kill()
	<-p.Exited()
	return Exit{Code: TimeoutCode, Text: "ended because its time was over", TimedOut: true}
}
