package release

import (
	"strings"

	"github.com/aloft-dev/aloft/api/function/redact"
)

// maxOutput is how much of the application's output is shown.
const maxOutput = 1024

// Shown gives the tail of what the application has printed without any known secret value. Without the secrets at hand
// nothing is shown: the whole output stays where the application wrote it.
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
	if len(text) > maxOutput {
		text = "…" + text[len(text)-maxOutput:]
	}
	return strings.ToValidUTF8(text, "?")
}
