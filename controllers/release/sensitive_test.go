package release_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/controllers/release"
)

const secret = "s3cr3t-canary"

func TestASensitiveValueNeverShowsItself(t *testing.T) {
	value := release.Sensitive(secret)
	config := release.Config{Secrets: map[string]release.Sensitive{"TOKEN": value}}
	desired := release.Desired{Config: config, Image: release.Image{PullSecret: value}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s", "%.3s", "%U"} {
		for _, shown := range []any{value, &value, config, &config, desired, &desired, []release.Sensitive{value},
			fmt.Errorf("with %v", value)} {
			if text := fmt.Sprintf(verb, shown); reveals(text) {
				t.Errorf("%s of a %T gives %q", verb, shown, text)
			}
		}
	}
}

func TestASensitiveValueIsNotInJSON(t *testing.T) {
	value := release.Sensitive(secret)
	for _, encoded := range []any{
		value, &value, map[string]release.Sensitive{"TOKEN": value},
		release.Desired{Config: release.Config{Secrets: map[string]release.Sensitive{"TOKEN": value}},
			Image: release.Image{PullSecret: value}},
	} {
		text, err := json.Marshal(encoded)
		if err == nil && reveals(string(text)) {
			t.Errorf("a %T encodes as %s", encoded, text)
		}
	}
}

func TestADeclarationKeepsNothingOfItsBundle(t *testing.T) {
	d := release.Desired{ID: "0123", Config: release.Config{
		Environment: map[string]string{"APP_ENV": "production-canary"},
		Secrets:     map[string]release.Sensitive{"TOKEN": secret},
	}}
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"production-canary", secret, "TOKEN", "APP_ENV"} {
		if strings.Contains(string(text), part) {
			t.Errorf("the declaration holds %q: %s", part, text)
		}
	}
}

func TestASensitiveValueIsNotInOtherEncodings(t *testing.T) {
	text, err := release.Sensitive(secret).MarshalText()
	if err != nil || reveals(string(text)) {
		t.Errorf("got %q, %v", text, err)
	}
	if text := release.Sensitive(secret).String(); reveals(text) {
		t.Errorf("got %q", text)
	}
}

func TestRevealGivesTheValueItself(t *testing.T) {
	if got := release.Sensitive(secret).Reveal(); got != secret {
		t.Errorf("got %q", got)
	}
}

// reveals looks for the secret as text and as the hexadecimal forms of fmt.
func reveals(text string) bool {
	lower := strings.ToLower(text)
	return strings.Contains(lower, secret) || strings.Contains(lower, fmt.Sprintf("%x", secret)) ||
		strings.Contains(lower, "115 51 99") || strings.HasPrefix(lower, secret[:3])
}
