package redact_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/api/function/redact"
)

// passed is what the writes of a Writer's destination were.
type passed []string

func (p *passed) Write(data []byte) (int, error) {
	*p = append(*p, string(data))
	return len(data), nil
}

func TestWhatIsPassedOnAndWhen(t *testing.T) {
	for _, r := range []struct {
		why     string
		secrets []string
		writes  []string
		want    passed
	}{
		{
			"text without a secret goes on at once", []string{"hunter2"}, []string{"one\n", "two\n"},
			passed{"one\n", "two\n"},
		},
		{"a secret within a write", []string{"hunter2"}, []string{"a hunter2 b"}, passed{"a [redacted] b"}},
		{"a secret across two writes", []string{"hunter2"}, []string{"a hun", "ter2 b"}, passed{"a ", "[redacted] b"}},
		{"a secret byte by byte", []string{"1234"}, []string{"1", "2", "3", "4", "5"}, passed{"[redacted]", "5"}},
		{"the beginning of a secret is no secret", []string{"hunter2"}, []string{"hunt", "ing"}, passed{"hunting"}},
		{"nor is it at the very end", []string{"hunter2"}, []string{"hunt"}, passed{"hunt"}},
		{
			"a short secret waits for the long one that begins with it", []string{"pass", "passphrase"},
			[]string{"pass", "phrase!", "pass", "port"}, passed{"[redacted]!", "[redacted]port"},
		},
		{
			"overlapping secrets across writes", []string{"abcdef", "defghi"},
			[]string{"abcdef", "ghi."}, passed{"[redacted]", "."},
		},
		{
			"secrets side by side across writes", []string{"hunter2"}, []string{"hunter2", "hunter2", "!"},
			passed{"[redacted]", "!"},
		},
		{
			"a key in a stream of lines", []string{"line one\nline two\n"},
			[]string{"> line one\n", "> line two\n", "done\n"}, passed{"> ", "[redacted]\n> [redacted]\n", "done\n"},
		},
	} {
		t.Run(r.why, func(t *testing.T) {
			var got passed
			w := redact.New(r.secrets...).Writer(&got)
			for _, text := range r.writes {
				if n, err := w.Write([]byte(text)); n != len(text) || err != nil {
					t.Fatalf("wrote %d, %v", n, err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(r.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// broken takes nothing.
type broken struct{ error }

func (b broken) Write([]byte) (int, error) { return 0, b.error }

func TestAnErrorOfTheDestinationIsTheWriters(t *testing.T) {
	full := errors.New("no space left")
	w := redact.New("hunter2").Writer(broken{full})
	if _, err := w.Write([]byte("hunt")); err != nil {
		t.Errorf("nothing was passed on, yet %v", err)
	}
	if err := w.Close(); !errors.Is(err, full) {
		t.Errorf("closing gives %v", err)
	}
	if _, err := w.Write([]byte(strings.Repeat("x", 100))); !errors.Is(err, full) {
		t.Errorf("writing gives %v", err)
	}
}
