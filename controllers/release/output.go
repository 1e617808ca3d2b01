package release

import (
	"strings"

	"github.com/aloft-dev/aloft/api/function/redact"
)

// How much of the beginning and of the end of the application's output is shown, in bytes: some programs say first what
// is wrong, others last. The status has room for both, and for the sentence that they stand in.
const (
	firstOutput = 800
	lastOutput  = 800
)

// Shown gives both ends of what the application has printed, as plain text and without any known secret value. Without
// the secrets at hand nothing is shown: the whole output stays where the application wrote it.
func (c Config) Shown(output []byte) string {
	if c.Secrets == nil {
		return ""
	}
	secrets := make([]string, 0, len(c.Secrets))
	for _, secret := range c.Secrets {
		secrets = append(secrets, secret.Reveal())
	}
	// The runtime hides secrets by the same rule, but a release keeps the runtime that it was made with.
	text := strings.TrimSpace(redact.New(secrets...).Text(string(output)))
	return bothEnds(text)
}

func bothEnds(text string) string {
	if len(text) <= firstOutput+lastOutput {
		return text
	}
	first, last := Bounded(text, firstOutput), len(text)-lastOutput
	for text[last]&0xC0 == 0x80 { // half a character
		last++
	}
	return first + "\n…" + text[last:]
}
