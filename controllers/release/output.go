package release

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// maxOutput is how much of the application's output is shown.
const maxOutput = 1024

// leastSecret is the length from which a secret's line is worth hiding: shorter ones are parts of ordinary words.
const leastSecret = 4

// Shown gives the tail of what the application has printed without any known secret value. Without the secrets at hand nothing is
// shown: the whole output stays where the application wrote it.
func (c Config) Shown(output []byte) string {
	if c.Secrets == nil {
		return ""
	}
	var lines []string
	for _, secret := range c.Secrets {
		for line := range strings.Lines(secret.Reveal()) {
			if line = strings.TrimSpace(line); len(line) >= leastSecret {
				lines = append(lines, line)
			}
		}
	}
	// The longest first: a secret that begins with another one must not be left with its end showing.
	slices.SortFunc(lines, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	for _, line := range lines {
		output = bytes.ReplaceAll(output, []byte(line), []byte("[redacted]"))
	}
	output = bytes.TrimSpace(output)
	if len(output) > maxOutput {
		output = append([]byte("…"), output[len(output)-maxOutput:]...)
	}
	return string(bytes.ToValidUTF8(output, []byte("?")))
}
