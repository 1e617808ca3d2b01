package plan

import (
	"fmt"
	"strings"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// Requests are the values of a Stage's annotations. Each acts once: when it differs from the value that was handled
// last.
type Requests struct {
	RequestedAt       string
	FluxRequestedAt   string
	Retry             string
	CommandResolution string
}

// Reasons of notes.
const (
	NoteRetryIgnored      = "RetryIgnored"
	NoteResolutionIgnored = "ResolutionIgnored"
	NoteAssetsLeftOut     = "AssetsLeftOut"
)

// The words that resolve a command of unknown outcome.
const (
	resolveSucceeded = "succeeded"
	resolveRetry     = "retry"
	resolveAbort     = "abort"
)

// looks says that a person asks to look at AWS now.
func (m *Machine) looks() bool {
	r, handled := m.Asked.Requests, m.Recorded.Handled
	return r.RequestedAt != "" && r.RequestedAt != handled.RequestedAt ||
		r.FluxRequestedAt != "" && r.FluxRequestedAt != handled.FluxRequestedAt
}

// markLooked remembers that the requests to look were answered.
func (m *Machine) markLooked() {
	m.Recorded.Handled.RequestedAt = m.Asked.Requests.RequestedAt
	m.Recorded.Handled.FluxRequestedAt = m.Asked.Requests.FluxRequestedAt
}

// retries says that a person asks for another try of a failed run.
func (m *Machine) retries() bool {
	return m.Asked.Requests.Retry != "" && m.Asked.Requests.Retry != m.Recorded.Handled.Retry
}

func (m *Machine) markRetried() { m.Recorded.Handled.Retry = m.Asked.Requests.Retry }

// handleRequests sees to it that no request waits for something that it was not meant for: one that finds nothing to do
// is handled now, and said to be.
func (m *Machine) handleRequests() {
	if m.Asked.Removal != nil {
		return
	}
	if m.looks() && m.Recorded.Live != nil {
		m.Recorded.Live.Cleaned = false // so that AWS is asked
	}
	if run := m.Recorded.Run; m.retries() && run != nil && run.UploadTries >= maxInterrupted {
		run.UploadTries = 0
		m.markRetried()
	}
	if m.retries() && m.Asked.Unprepared == nil && !m.retriable() {
		m.markRetried()
		m.note(NoteRetryIgnored, "there is no failed run to try again: the annotation %s is handled and does nothing later",
			v1alpha1.AnnotationRetry)
	}
	if m.resolves() && m.resolution() == nil {
		m.markResolved()
		m.note(NoteResolutionIgnored,
			"the annotation %s=%s names no command of unknown outcome in the present run: it is <run>/<command>=succeeded, "+
				"retry or abort",
			v1alpha1.AnnotationCommandResolution, m.Asked.Requests.CommandResolution)
	}
}

func (m *Machine) note(reason, format string, arguments ...any) {
	m.Notes = append(m.Notes, Note{reason, fmt.Sprintf(format, arguments...)})
}

// retriable says that the run of what is asked for has failed.
func (m *Machine) retriable() bool {
	run := m.Recorded.Run
	return m.Desired != nil && !m.isLive() && !m.superseded && run != nil && run.State == release.RunFailed &&
		run.ReleaseID == m.Desired.ID
}

func (m *Machine) resolves() bool {
	value := m.Asked.Requests.CommandResolution
	return value != "" && value != m.Recorded.Handled.CommandResolution
}

func (m *Machine) markResolved() {
	m.Recorded.Handled.CommandResolution = m.Asked.Requests.CommandResolution
}

// resolution is a person's word for a command of unknown outcome.
type resolution struct{ command, word string }

// resolution gives the word that names the run and a command of it whose outcome is unknown; nil for any other.
func (m *Machine) resolution() *resolution {
	about, word, _ := strings.Cut(m.Asked.Requests.CommandResolution, "=")
	id, name, _ := strings.Cut(about, "/")
	run := m.Recorded.Run
	if !m.resolves() || run == nil || run.ID != id || run.State != release.RunRunning {
		return nil
	}
	command := run.Command(name)
	if command == nil || command.State != release.CommandUnknown {
		return nil
	}
	if word != resolveSucceeded && word != resolveRetry && word != resolveAbort {
		return nil
	}
	return &resolution{name, word}
}

// Ended tells the machine how the reconcile ended. A request to look is answered by anything but a hold, a run that
// must end first, or an error: then nothing could be looked at.
func (m *Machine) Ended(outcome error) {
	waiting, isWaiting := release.AsWaiting(outcome)
	_, isRejected := release.AsRejected(outcome)
	held := isWaiting && waiting.Reason == v1alpha1.ReasonSuspended || outcome != nil && !isWaiting && !isRejected
	if m.Desired != nil && !m.superseded && !held {
		m.markLooked()
	}
}
