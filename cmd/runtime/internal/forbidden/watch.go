package forbidden

import (
	"bytes"
	"strings"
	"sync"
)

// What a Watch reads at most: of a line, and of an output.
const (
	maxLine    = 1 << 10
	maxWatched = 256 << 10
)

// Watch reads an output as it comes and keeps the line that complains of a rule. Both ends of a long output may be of
// something else, such as the many complaints of another program that waits for the one that has ended. It is safe for
// concurrent use.
type Watch struct {
	mu    sync.Mutex
	total int
	line  []byte
	// rule is the number of the rule that complaint is about; complaint is empty before there is one.
	rule      int
	complaint string
}

// Write never fails.
func (w *Watch) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	rest := p[:min(len(p), maxWatched-w.total)]
	w.total += len(rest)
	for {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		w.line = append(w.line, line[:min(len(line), maxLine-len(w.line))]...)
		if !ended {
			return len(p), nil
		}
		w.look()
		w.line, rest = w.line[:0], after
	}
}

// look takes the line for the complaint where it is about a rule that stands before that of the last one.
func (w *Watch) look() {
	text := string(w.line)
	if n := ruleOf(text); n < len(rules) && (w.complaint == "" || n < w.rule) {
		w.rule, w.complaint = n, strings.TrimSpace(text)
	}
}

// Hint is the rule that was complained of with the place of its remedy, and with the complaint where what is shown of
// the output leaves it out; or "".
func (w *Watch) Hint(shown string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.look() // the last line may have no end
	if w.complaint == "" {
		return ""
	}
	hint := Hint(w.complaint)
	if !strings.Contains(shown, w.complaint) {
		hint += ": " + strings.TrimRight(w.complaint, ".") + "."
	}
	return hint
}
