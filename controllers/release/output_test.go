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
		{"one that lies across the cut", strings.Repeat("x", 20) + "MIIEvQIBADANBg" + strings.Repeat("y", 1020),
			"…ted]" + strings.Repeat("y", 1020)},
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
