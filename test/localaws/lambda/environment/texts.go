package environment

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/lambda/jail"
)

// timedOut logs the timeout and gives the caller's payload.
func (p *Pool) timedOut(e *environment, in Invocation) []byte {
	message := fmt.Sprintf("Task timed out after %.2f seconds", p.function.Timeout.Seconds())
	e.log.print(p.host.Now().UTC().Format("2006-01-02T15:04:05.000Z") + " " + in.RequestID + " " + message)
	return problem("Sandbox.Timedout", "RequestId: "+in.RequestID+" Error: "+message)
}

// exited is the payload when the process ended before it answered.
func exited(in Invocation, e *environment) []byte {
	state := e.process.ExitStatus()
	message := "RequestId: " + in.RequestID + " Error: Runtime exited with error: " + state
	if state == "exit status 0" {
		message = "RequestId: " + in.RequestID + " Error: Runtime exited without providing a reason"
	}
	return problem("Runtime.ExitError", message)
}

// startFailed says that the program could not be started at all, so that repeating it is of no use.
func startFailed(failure error) bool {
	var own *errInit
	return !errors.Is(failure, errTimeout) && !errors.As(failure, &own)
}

// explain is the payload of an init phase that failed.
func explain(in Invocation, failure error, e *environment) []byte {
	if own, ok := errors.AsType[*errInit](failure); ok {
		if own.kind == "error" {
			return own.payload
		}
		return exited(in, e)
	}
	text := "RequestId: " + in.RequestID + " Error: "
	switch {
	case errors.Is(failure, jail.ErrEntrypoint):
		return problem("Runtime.InvalidEntrypoint", text+strings.TrimPrefix(failure.Error(), jail.ErrEntrypoint.Error()+": "))
	case errors.Is(failure, jail.ErrWorkingDir):
		return problem("Runtime.InvalidWorkingDir", text+strings.TrimPrefix(failure.Error(), jail.ErrWorkingDir.Error()+": "))
	default:
		return problem("Runtime.Unknown", text+failure.Error())
	}
}

func status(failure error) string {
	if errors.Is(failure, errTimeout) {
		return "timeout"
	}
	return "error\tError Type: Runtime.ExitError"
}

func millis(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d.Microseconds())/1000) }

// finishLog writes what Lambda writes after every invocation.
func (e *environment) finishLog(in Invocation, took, init time.Duration) {
	e.log.print("END RequestId: " + in.RequestID)
	line := fmt.Sprintf("REPORT RequestId: %s\tDuration: %s ms\tBilled Duration: %.0f ms\tMemory Size: %d MB\tMax "+
		"Memory Used: %d MB",
		in.RequestID, millis(took), math.Ceil(float64((took+init).Microseconds())/1000), e.function.MemoryMiB,
		e.function.MemoryMiB)
	if init > 0 {
		line += "\tInit Duration: " + millis(init) + " ms"
	}
	e.log.print(line)
}
