package redact_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/aloft-dev/aloft/api/function/redact"
)

func TestWhatIsPlain(t *testing.T) {
	for _, r := range []struct{ why, text, want string }{
		{"text, tabs and lines stay", "grün\t1\n\n2\n", "grün\t1\n\n2\n"},
		{"colours are left out", "\x1b[1;31mERROR\x1b[0m: x", "ERROR: x"},
		{"the eight-bit form of them too", "\u009b31mERROR", "ERROR"},
		{"a title ended by BEL", "\x1b]0;rm -rf\x07done", "done"},
		{"a title ended by ST", "\x1b]0;rm -rf\x1b\\done", "done"},
		{"the eight-bit form of it too", "\u009d0;rm -rf\u009cdone", "done"},
		{"a link", "\x1b]8;;http://evil.example\x1b\\here\x1b]8;;\x1b\\", "here"},
		{"a character set", "\x1b(0lqk\x1b(B", "lqk"},
		{"a cursor that is saved", "\x1b7a\x1b8b", "ab"},
		{"a device's string", "\x1bPq#0\x1b\\a", "a"},
		{"an escape within a command that ends nothing", "\x1b]0;a\x1bb\x07c", "c"},
		{"a command without an end does not swallow the next line", "\x1b]0;never\nnext", "\nnext"},
		{"nor does a broken colour", "\x1b[31\nnext", "\nnext"},
		{"at the very end", "a\x1b[", "a"},
		{"bells, backspaces and NULs", "a\x07b\bc\x00d\x7fe\u0085f", "abcdef"},
		{"lines of Windows", "a\r\nb\r\n", "a\nb\n"},
		{"a progress bar", "10 %\r20 %\rdone", "10 %\n20 %\ndone"},
		{"lines of Unicode", "a\u2028b\u2029c", "a\nb\nc"},
		{"marks that turn the direction", "user\u202e\u2066txt.exe\u2069", "usertxt.exe"},
		{"a mark of the byte order", "\ufefftext", "text"},
		{"bytes that are no text", "a\xffb\xe2\x82", "a?b??"},
		{"the replacement character itself", "a\ufffdb", "a\ufffdb"},
		{"families of emoji", "👩‍👧", "👩‍👧"},
	} {
		t.Run(r.why, func(t *testing.T) {
			if got := redact.Plain(r.text); got != r.want {
				t.Errorf("got %q, want %q", got, r.want)
			}
		})
	}
}

func TestPlainTextIsPlainInStreamsAndForGood(t *testing.T) {
	signs := []string{
		"\x1b", "[", "]", "P", "0;", "m", "\\", "\x07", "\r", "\n", "a", "ü", "\xe2", "\x82", "\u009b", "(", "\u202e",
	}
	rapid.Check(t, func(t *rapid.T) {
		writes := rapid.SliceOf(rapid.SampledFrom(signs)).Draw(t, "writes")
		want := redact.Plain(strings.Join(writes, ""))
		var out strings.Builder
		w := redact.Redactor{}.Writer(&out)
		for _, text := range writes {
			_, _ = w.Write([]byte(text))
		}
		if err := w.Close(); err != nil || out.String() != want {
			t.Errorf("in pieces it is %q, as a whole %q", out.String(), want)
		}
		if again := redact.Plain(want); again != want {
			t.Errorf("%q is not plain: %q", want, again)
		}
	})
}
