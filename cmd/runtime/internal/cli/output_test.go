package cli

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/api/function/redact"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/lambdaapi"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/logging"
)

// printed runs a script and gives its output as the answer and the pieces have it.
func printed(t *testing.T, script string, secrets ...string) (answered, stored string) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	h := NewHandler(Config{Log: log, Output: logging.NewSink(io.Discard), Hide: redact.New(secrets...)})
	var pieces bytes.Buffer
	cut := time.Now().Add(20 * time.Second)
	o := order{args: []string{"/bin/sh", "-c", script}}
	ended := h.run(t.Context(), o, lambdaapi.Invocation{Cut: cut}, &pieces, log)
	if ended.ExitCode != 0 {
		t.Fatalf("the script ended with %d: %s", ended.ExitCode, ended.Output)
	}
	return string(ended.Output), pieces.String()
}

func TestOutputIsKeptWithoutSecrets(t *testing.T) {
	for _, row := range []struct{ why, script, want string }{
		{"a secret that is printed at once", "echo a hunter2 b", "a [redacted] b\n"},
		{"a secret across two writes", "printf hun; sleep 0.2; printf ter2", "[redacted]"},
		{"a secret across two lines", "echo one; sleep 0.2; echo two; echo three", "[redacted]\nthree\n"},
		{"the beginning of a secret at the end", "printf hunt", "hunt"},
		{"no output at all", "true", ""},
	} {
		t.Run(row.why, func(t *testing.T) {
			answered, stored := printed(t, row.script, "hunter2", "one\ntwo")
			if answered != row.want || stored != row.want {
				t.Errorf("answered %q, stored %q, want %q", answered, stored, row.want)
			}
		})
	}
}

func TestOutputIsCutAfterSecretsAreHidden(t *testing.T) {
	// The output is cut within its first line, which would leave the end of the secret.
	answered, _ := printed(t, "echo 0123456789abcdef; head -c 262135 /dev/zero | tr '\\0' x", "0123456789abcdef")
	if len(answered) != maxOutput || !strings.HasPrefix(answered, "edacted]\nx") {
		t.Errorf("%d bytes, which begin with %.20q", len(answered), answered)
	}
}
