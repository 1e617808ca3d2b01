package redact

import "io"

// Writer passes on what is written to it as plain text without the secrets, also where one of them lies across several
// writes. It is for one writer at a time.
type Writer struct {
	redactor Redactor
	to       io.Writer
	plain    plain
	// held is the end of what was written, as long as it may be the beginning of a secret.
	held  []byte
	state state
}

// Writer returns a writer that passes on to another one. It must be closed.
func (r Redactor) Writer(to io.Writer) *Writer { return &Writer{redactor: r, to: to} }

// Write passes on all but an end that may become a secret. Its error is that of the writer behind it.
func (w *Writer) Write(p []byte) (int, error) {
	w.held = w.plain.pass(w.held, p, false)
	return len(p), w.pass(false)
}

// Close passes on what is held: no more comes. It does not close the writer behind it.
func (w *Writer) Close() error {
	w.held = w.plain.pass(w.held, nil, true)
	return w.pass(true)
}

func (w *Writer) pass(last bool) error {
	out, decided := w.redactor.hide(&w.state, make([]byte, 0, len(w.held)), w.held, last)
	w.held = append(w.held[:0], w.held[decided:]...)
	if len(out) == 0 {
		return nil
	}
	_, err := w.to.Write(out)
	return err
}
