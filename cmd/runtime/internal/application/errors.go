package application

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/cmd/runtime/internal/forbidden"
)

// How much of the command, and how many addresses, an error shows.
const (
	shownCommand   = 200
	shownAddresses = 5
)

// Error says why the application does not serve, for the person who released it.
type Error struct {
	kind    string
	message string
}

func (e *Error) Error() string { return e.message }

// The kinds of errors, as Lambda shows them.
const (
	// kindStart: it ended, or could not be started.
	kindStart = "Aloft.ApplicationStart"
	// kindPort: it runs and does not listen on its port.
	kindPort = "Aloft.ApplicationPort"
	// kindHealth: it listens and does not answer.
	kindHealth = "Aloft.ApplicationHealth"
)

// ErrorType is the type that Lambda shows.
func (e *Error) ErrorType() string { return e.kind }

// Unanswered is for an application that was ready and did not answer its first request: servers listen before the
// processes that do their work have loaded the application's code.
func (a *Application) Unanswered(first string, failure error) *Error {
	l := a.asked.Load()
	if l.dead() && !l.intended.Load() {
		<-l.gone
		ending := l.ending()
		return &Error{kindStart, fmt.Sprintf("the application (%s) ended %s after its start, at its first request, %s: %s.",
			a.command(), rounded(l.ended.Sub(l.began)), first, ending) + l.output(ending)}
	}
	return &Error{kindHealth, fmt.Sprintf("the application (%s) listens on %s, but did not answer its first request, "+
		"%s, %s after its start: %s.", a.command(), l.listensOn(), first, rounded(time.Since(l.began)), failure) +
		l.output("")}
}

// startError is for an application that ended, or never ran.
func (a *Application) startError(l *life) *Error {
	if l.failed != nil {
		reason := a.Hide.Text(l.failed.Error())
		return &Error{kindStart, fmt.Sprintf("the application (%s) cannot be started: %s.%s",
			a.command(), reason, forbidden.Hint(reason))}
	}
	missed := fmt.Sprintf("before it listened on port %d", a.Port)
	if address := l.listensOn(); address != "" {
		missed = fmt.Sprintf("before it was ready on %s", address)
	}
	ending := l.ending()
	if ending == succeeded {
		ending += "; a server that goes on in the background is not seen: start it in the foreground"
	}
	return &Error{kindStart, fmt.Sprintf("the application (%s) ended %s after its start, %s: %s.",
		a.command(), rounded(l.ended.Sub(l.began)), missed, ending) + l.output(ending)}
}

// succeeded is how a program ends that has started another one and left it alone.
const succeeded = "exit status 0"

// lateError is for an application that runs but is not ready when the time is over.
func (a *Application) lateError(l *life) *Error {
	given := rounded(time.Since(l.began))
	if address := l.listensOn(); address != "" {
		return &Error{kindHealth, fmt.Sprintf(
			"the application (%s) listens on %s, but was not ready within %s of its start: GET %s %s.",
			a.command(), address, given, a.HealthPath, textOf(&l.unwell)) + l.output("")}
	}
	return &Error{kindPort, fmt.Sprintf(
		"the application (%s) did not listen on port %d within %s of its start: %s.",
		a.command(), a.Port, given, elsewhere()) + l.output("")}
}

// elsewhere says where the application listens in place of its port, with the remedy.
func elsewhere() string {
	others := ownAddresses()
	if len(others) == 0 {
		return "it listens on no port; let it listen on the port given in PORT or set runtime.http.port, and where it is " +
			"slow, give it more memoryMiB, which is more CPU too"
	}
	return "it listens on " + strings.Join(others[:min(len(others), shownAddresses)], " and ") +
		"; let it listen on the port given in PORT, or set runtime.http.port in the manifest to the port that it uses"
}

// output is what the application printed, after the rule of Lambda's that it complains of.
func (l *life) output(ending string) string {
	said := l.said.String()
	hint := cmp.Or(l.complained.Hint(said), forbidden.Hint(ending))
	if said == "" {
		return hint + " It printed nothing."
	}
	return hint + " It printed:\n" + said
}

func (a *Application) command() string {
	command := a.Hide.Text(strings.Join(a.Spec.Args, " "))
	if len(command) > shownCommand {
		command = command[:shownCommand] + "..."
	}
	return command
}

func rounded(length time.Duration) time.Duration { return length.Round(100 * time.Millisecond) }
