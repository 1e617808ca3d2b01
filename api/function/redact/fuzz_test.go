package redact_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/api/function/redact"
)

// FuzzRedactor looks for a value that survives, for a text that is changed without reason, and for a stream that
// differs from its text.
func FuzzRedactor(f *testing.F) {
	f.Add("hunter2", "a hunter2 b", 4)
	f.Add("postgres://user:p%40ss@db.example.com:5432/shop", "p@ss at db.example.com", 9)
	f.Add("line one\nline two", "line one\r\nline two", 2)
	f.Add("x://[::1]:%zz@,,:,@[", "x", 0)
	f.Add("\xff\xfe\xfd\xfc", `\ufffd\ufffd`, 1)
	f.Fuzz(func(t *testing.T, value, text string, cut int) {
		redactor := redact.New(value)
		hidden := redactor.Text(text)
		worth := redactor.Text(value) != value
		for part := range strings.SplitSeq(hidden, redact.Replacement) {
			if worth && strings.Contains(part, strings.TrimSpace(value)) {
				t.Errorf("%q shows %q", hidden, value)
			}
		}
		if !strings.Contains(hidden, redact.Replacement) && hidden != redact.Plain(text) {
			t.Errorf("%q became %q", text, hidden)
		}
		cut = min(max(cut, 0), len(text))
		var out strings.Builder
		w := redactor.Writer(&out)
		_, first := w.Write([]byte(text[:cut]))
		_, second := w.Write([]byte(text[cut:]))
		if err := w.Close(); first != nil || second != nil || err != nil || out.String() != hidden {
			t.Errorf("the stream became %q, the text %q", out.String(), hidden)
		}
	})
}

// manySecrets are as a large application has them: passwords, tokens, URLs and a few keys of many lines.
func manySecrets() []string {
	var secrets []string
	for i := range 100 {
		switch {
		case i < 5:
			secrets = append(secrets, strings.Repeat(fmt.Sprintf("%060d/+\n", i), 30))
		case i < 20:
			secrets = append(secrets, fmt.Sprintf("mysql://user-%d:p%%40ss-%d@db-%d.example.com:3306/shop", i, i, i))
		default:
			secrets = append(secrets, fmt.Sprintf("sk_live_%d_%s", i, strings.Repeat("4eC39HqLyjWD", 3)))
		}
	}
	return secrets
}

// line is of an ordinary output, with beginnings of secrets in it.
const line = "2026-01-02 12:00:00 INFO  Migrating: create_orders_table, user-7 sk_live_ mysql://user db-1.example.org\n"

func BenchmarkText(b *testing.B) {
	redactor := redact.New(manySecrets()...)
	text := strings.Repeat(line, (256<<10)/len(line))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		redactor.Text(text)
	}
}

// BenchmarkTextOfOneCharacter is the worst that a text can be: each place of it may be the beginning of the secret.
func BenchmarkTextOfOneCharacter(b *testing.B) {
	redactor := redact.New(strings.Repeat("a", 1<<20) + "b")
	text := strings.Repeat("a", 256<<10)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		redactor.Text(text)
	}
}

func BenchmarkWriter(b *testing.B) {
	redactor := redact.New(manySecrets()...)
	b.SetBytes(int64(len(line)))
	w := redactor.Writer(&strings.Builder{})
	for b.Loop() {
		_, _ = w.Write([]byte(line))
	}
}

func BenchmarkNew(b *testing.B) {
	secrets := manySecrets()
	b.ReportAllocs()
	for b.Loop() {
		redact.New(secrets...)
	}
}

// BenchmarkNewOfTheMost is for a file of many lines that fills the bundle.
func BenchmarkNewOfTheMost(b *testing.B) {
	var file strings.Builder
	for i := range (1 << 20) / 41 {
		fmt.Fprintf(&file, "%040d\n", i)
	}
	b.ReportAllocs()
	for b.Loop() {
		redact.New(file.String())
	}
}
