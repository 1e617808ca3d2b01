package redact_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/aloft-dev/aloft/api/function/redact"
)

// secret draws values that have all that encodings change, several lines among it. They hold upper case and digits,
// which no word of drawnText has, so that the two meet only where a test puts one into the other.
func secret() *rapid.Generator[string] {
	return rapid.StringMatching(`[A-Z0-9]{2}[A-Z0-9/+&%"\\<é😀 \n]{0,20}[A-Z0-9]{2}`)
}

// ownForms are the forms of a value by the standard library alone.
func ownForms(value string) []string {
	var forms []string
	for piece := range strings.SplitSeq(value+"\n"+strings.ReplaceAll(value, "\n", "\x00"), "\n") {
		piece = strings.TrimSpace(strings.ReplaceAll(piece, "\x00", "\n"))
		if len(piece) < 4 {
			continue
		}
		quoted, _ := json.Marshal(piece)
		forms = append(forms, piece, string(quoted[1:len(quoted)-1]), url.QueryEscape(piece), url.PathEscape(piece),
			base64.StdEncoding.EncodeToString([]byte(piece)), base64.RawStdEncoding.EncodeToString([]byte(piece)),
			base64.URLEncoding.EncodeToString([]byte(piece)), base64.RawURLEncoding.EncodeToString([]byte(piece)))
	}
	return forms
}

// drawnText mixes words with forms of secrets.
func drawnText(t *rapid.T, secrets []string) string {
	words := []string{"", "migrated ", "table\n", "\"key\": ", "\n", "é "}
	for _, value := range secrets {
		words = append(words, ownForms(value)...)
	}
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 20).Draw(t, "text"), "")
}

// survivors are the forms that a text still shows. The replacement itself is not looked at, nor what it would form with
// the text beside it.
func survivors(secrets []string, hidden string) (found []string) {
	for part := range strings.SplitSeq(hidden, redact.Replacement) {
		for _, value := range secrets {
			for _, form := range ownForms(value) {
				if strings.Contains(part, form) {
					found = append(found, form)
				}
			}
		}
	}
	return found
}

func TestNoFormOfASecretSurvives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secrets := rapid.SliceOfN(secret(), 1, 5).Draw(t, "secrets")
		text := drawnText(t, secrets)
		hidden := redact.New(secrets...).Text(text)
		if found := survivors(secrets, hidden); len(found) > 0 {
			t.Errorf("%q became %q and still shows %q", text, hidden, found)
		}
	})
}

func TestNoPartOfAURLSurvives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		user := rapid.StringMatching(`[A-Z]{4,9}`).Draw(t, "user")
		password := rapid.StringMatching(`[A-Z0-9/@:%?# é]{4,12}`).
			Filter(func(s string) bool { return s == strings.TrimSpace(s) }).Draw(t, "password")
		host := rapid.StringMatching(`[A-Z]{1,5}\.[A-Z]{2,5}`).Draw(t, "host")
		address := url.URL{Scheme: "mysql", User: url.UserPassword(user, password), Host: host + ":3306", Path: "/shop"}
		secrets := []string{user, password, host, address.String()}
		text := drawnText(t, secrets)
		hidden := redact.New(address.String()).Text(text)
		if found := survivors(secrets, hidden); len(found) > 0 {
			t.Errorf("%s: %q became %q and still shows %q", address.String(), text, hidden, found)
		}
	})
}

func TestATextWithoutSecretsIsUnchanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secrets := rapid.SliceOfN(secret(), 0, 5).Draw(t, "secrets")
		text := rapid.StringMatching(`[a-z \n{}:=.-]{0,80}`).Draw(t, "text")
		if hidden := redact.New(secrets...).Text(text); hidden != text {
			t.Errorf("%q became %q", text, hidden)
		}
	})
}

func TestWhatIsBesideASecretStays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := secret().Draw(t, "secret")
		before := rapid.StringMatching(`[a-z \n]{0,20}`).Draw(t, "before")
		after := rapid.StringMatching(`[a-z \n]{0,20}`).Draw(t, "after")
		if got, want := redact.New(value).Text(before+value+after), before+redact.Replacement+after; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestAStreamIsHiddenAsItsTextIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secrets := rapid.SliceOfN(secret(), 1, 5).Draw(t, "secrets")
		text := drawnText(t, secrets)
		redactor := redact.New(secrets...)
		var out strings.Builder
		w := redactor.Writer(&out)
		for part := range slices.Chunk([]byte(text), rapid.IntRange(1, 30).Draw(t, "bytes of a write")) {
			if _, err := w.Write(part); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if want := redactor.Text(text); out.String() != want {
			t.Errorf("the stream became %q, the text %q", out.String(), want)
		}
	})
}
