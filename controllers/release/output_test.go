package release_test

import (
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/controllers/release"
)

func TestTheOutputOfACommandIsShownWithoutSecrets(t *testing.T) {
	config := release.Config{Secrets: map[string]release.Sensitive{
		"SIGNING_KEY":  "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----\n",
		"DATABASE_URL": "postgres://clouder:sw%40rdf%2Fish@db-1.example.com:5432/shop",
	}}
	for _, r := range []struct{ why, output, want string }{
		{"nothing of them is in it", "3 migrations\n", "3 migrations"},
		{"a key that was printed line by line", "1: MIIEvQIBADANBg\n2: kqhkiG9w0BAQEF\n", "1: [redacted]\n2: [redacted]"},
		{"a key in a log of JSON", `{"key":"MIIEvQIBADANBg\nkqhkiG9w0BAQEF"}`, `{"key":"[redacted]\n[redacted]"}`},
		{"the password of a URL, as it is written in it", "dialing :sw%40rdf%2Fish@", "dialing :[redacted]@"},
		{"the password of a URL, decoded", "password sw@rdf/ish is wrong", "password [redacted] is wrong"},
		{"user and host of a URL", "clouder@db-1.example.com", "[redacted]@[redacted]"},
		{"one that lies across the cut", strings.Repeat("x", 795) + "MIIEvQIBADANBg" + strings.Repeat("y", 1020),
			strings.Repeat("x", 795) + "[r…\n…" + strings.Repeat("y", 800)},
		{"the beginning is shown as well as the end",
			"LoadError: no sinatra\n" + strings.Repeat("from a\n", 500) + "exit 1\n",
			"LoadError: no sinatra\n" + strings.Repeat("from a\n", 500)[:775] + "…\n…" +
				strings.Repeat("from a\n", 500)[3500-794:] + "exit 1"},
		{"letters are not cut in half", strings.Repeat("ü", 1000),
			strings.Repeat("ü", 398) + "…\n…" + strings.Repeat("ü", 400)},
		{"colours and titles", "\x1b[31mERROR\x1b[0m \x1b]0;title\x07 \x00\b1 of 2\r2 of 2", "ERROR  1 of 2\n2 of 2"},
	} {
		t.Run(r.why, func(t *testing.T) {
			if got := config.Shown([]byte(r.output)); got != r.want {
				t.Errorf("shown is %q, want %q", got, r.want)
			}
		})
	}
}

func TestNothingIsShownWhereTheSecretsAreNotKnown(t *testing.T) {
	if got := (release.Config{}).Shown([]byte("hunter2")); got != "" {
		t.Errorf("shown is %q", got)
	}
}
