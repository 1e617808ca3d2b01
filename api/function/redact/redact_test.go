package redact_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/api/function/redact"
)

const (
	key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n  kqhkiG9w0BAQEF\nab\n-----END PRIVATE KEY-----\n"
	dsn = "postgres://clouder:p%40ss%2Fword@db-1.example.com:5432/shop?sslmode=require"
)

// long has no part twice.
var long = func() string {
	var text strings.Builder
	for i := range 300 {
		fmt.Fprintf(&text, "%d,", i*i)
	}
	return text.String()
}()

func TestWhatIsHidden(t *testing.T) {
	for _, r := range []struct {
		why     string
		secrets []string
		text    string
		want    string
	}{
		{"without secrets a text stays as it is", nil, "as it is", "as it is"},
		{"a value is hidden wherever it is", []string{"hunter2"}, "hunter2, xhunter2x", "[redacted], x[redacted]x"},
		{"four bytes are enough", []string{"1234"}, "pin 1234", "pin [redacted]"},
		{"three bytes are a part of ordinary words", []string{"abl"}, "a table, YWJs", "a table, YWJs"},
		{"the space around a value is not always printed", []string{" hunter2\n"}, "<hunter2>", "<[redacted]>"},
		{
			"a longer value is not left with its end showing where it begins with a shorter one",
			[]string{"pass", "password-of-mine", "password"}, "password-of-mine", "[redacted]",
		},
		{
			"a value that overlaps another one is not left with its end showing either",
			[]string{"abcdef", "defghi"}, "abcdefghi abcdef", "[redacted] [redacted]",
		},
		{"values side by side are hidden as one", []string{"hunter2"}, "hunter2hunter2.", "[redacted]."},
		{"a value that is longer than what is looked for at once", []string{long}, "<" + long + ">", "<[redacted]>"},
		{"a long part of it", []string{long}, "<" + long[:1024] + ">", "<[redacted]>"},

		{"a key is hidden as a whole", []string{key}, "key " + key, "key [redacted]"},
		{
			"a key that is printed line by line", []string{key}, "1: MIIEvQIBADANBg\n2: kqhkiG9w0BAQEF",
			"1: [redacted]\n2: [redacted]",
		},
		{
			"lines end differently elsewhere", []string{"first line\r\nsecond line"}, "first line\nsecond line; second line",
			"[redacted]; [redacted]",
		},
		{"short lines are hidden only together", []string{"ab\ncd"}, "ab cd; ab\ncd", "ab cd; [redacted]"},

		{"in a Go program's JSON", []string{"a<b&\"c\n"}, `{"p":"a\u003cb\u0026\"c\n"}`, `{"p":"[redacted]"}`},
		{"in a browser's JSON", []string{`a<b"c`}, `{"p":"a<b\"c"}`, `{"p":"[redacted]"}`},
		{"in Python's JSON", []string{"naïve😀"}, `{"p":"na\u00efve\ud83d\ude00"}`, `{"p":"[redacted]"}`},
		{
			"in PHP's JSON", []string{"é/key"},
			`{"p":"\u00e9\/key","q":"é\/key"}`, `{"p":"[redacted]","q":"[redacted]"}`,
		},
		{"in a query", []string{"a b/c&d"}, "?p=a+b%2Fc%26d", "?p=[redacted]"},
		{"in a path", []string{"a b/c&d"}, "/a%20b%2Fc&d", "/[redacted]"},
		{"by encodeURIComponent", []string{"a b/c&d"}, "a%20b%2Fc%26d", "[redacted]"},
		{"in base64", []string{"swordfish?>"}, "c3dvcmRmaXNoPz4= c3dvcmRmaXNoPz4", "[redacted] [redacted]"},
		{
			"in base64 for URLs", []string{"??>>swordfish"}, "Pz8-PnN3b3JkZmlzaA== Pz8-PnN3b3JkZmlzaA",
			"[redacted] [redacted]",
		},
		{"in base64 behind a user", []string{"swordfish-42"}, "Basic YXBwOnN3b3JkZmlzaC00Mg==", "Basic YXBwOn[redacted]g=="},
		{"in base64 before something else", []string{"swordfish-42"}, "c3dvcmRmaXNoLTQyOnJlc3Q=", "[redacted]OnJlc3Q="},
		{
			"in base64 of several lines", []string{strings.Repeat("swordfish", 8)},
			"c3dvcmRmaXNoc3dvcmRmaXNoc3dvcmRmaXNoc3dvcmRmaXNoc3dvcmRmaXNoc3dv\ncmRmaXNoc3dvcmRmaXNoc3dvcmRmaXNo",
			"[redacted]\n[redacted]",
		},
		{"in hexadecimal", []string{"hunter2"}, "68756e74657232 68756E74657232", "[redacted] [redacted]"},
		{"in colours", []string{"hunter2"}, "hun\x1b[1mter\x1b[0m2", "[redacted]"},
		{
			"with a control character of its own", []string{"hun\x01ter2"},
			"<hun\x01ter2> <hunter2>", "<[redacted]> <[redacted]>",
		},
		{"with bytes that are no text", []string{"\xff\xfe12"}, "<\xff\xfe12>", "<[redacted]>"},
		{"a value with its newline in base64", []string{"hunter2\n"}, "aHVudGVyMgo=", "[redacted]"},

		{"a URL as a whole", []string{dsn}, "dialing " + dsn, "dialing [redacted]"},
		{
			"a driver tells the parts of its URL", []string{dsn},
			`connect "clouder" to db-1.example.com:5432, password p@ss/word (p%40ss%2Fword), host db-1.example.com`,
			`connect "[redacted]" to [redacted], password [redacted] ([redacted]), host [redacted]`,
		},
		{"the database's name is not hidden, nor the scheme", []string{dsn}, "postgres shop", "postgres shop"},
		{"a password alone", []string{"redis://:swordfish@cache:6379"}, "AUTH swordfish", "AUTH [redacted]"},
		{"a password that is no proper URL", []string{"mysql://app:50%off@db:3306"}, "50%off", "[redacted]"},
		{"a password with an @", []string{"mysql://app:p@ssword@db:3306"}, "p@ssword", "[redacted]"},
		{"a password's parts are encoded too", []string{`amqp://app:a"bcd@mq`}, `{"p":"a\"bcd"}`, `{"p":"[redacted]"}`},
		{
			"a set of hosts", []string{"mongodb://one.example.com:27017,two.example.com:27017/shop"},
			"one.example.com:27017 two.example.com", "[redacted] [redacted]",
		},
		{"an address", []string{"redis://10.1.2.3:6379"}, "10.1.2.3:6379 10.1.2.3", "[redacted] [redacted]"},
		{
			"an IPv6 address", []string{"redis://[2001:db8::1]:6379"}, "[2001:db8::1]:6379 2001:db8::1",
			"[redacted] [redacted]",
		},
		{"a URL in a line of its own", []string{"first\n" + dsn}, "db-1.example.com", "[redacted]"},
		{"what only looks like a URL", []string{"see x://"}, "see", "see"},
	} {
		t.Run(r.why, func(t *testing.T) {
			if got := redact.New(r.secrets...).Text(r.text); got != r.want {
				t.Errorf("got %q, want %q", got, r.want)
			}
		})
	}
}

func TestWhatSaysNothingStays(t *testing.T) {
	for _, r := range []struct{ why, secret, text string }{
		{"a switch", "true", "is it true?"},
		{"a switch in capitals", "FALSE\n", "FALSE"},
		{"nothing at all", "", "as it is"},
		{"space", " \n\t  ", "a  \n\t  b"},
		{"no value", "null", "null pointer"},
		{"this machine", "localhost", "listening on localhost:8080"},
		{"this machine as a URL's host", "http://localhost:8080", "listening on localhost:8080"},
		{"this machine's address", "http://127.0.0.1:8080", "listening on 127.0.0.1:8080"},
		{"every address of this machine", "0.0.0.0", "listening on 0.0.0.0:8080"},
		{"a host of one label is a word", "redis://database:6379", "the database database:6379 is slow"},
		{"a user that the product comes with", "postgres://postgres:swordfish@db/shop", "the postgres server"},
	} {
		t.Run(r.why, func(t *testing.T) {
			if got := redact.New(r.secret).Text(r.text); got != r.text {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestAProductsUserIsHiddenWhereItIsAPassword(t *testing.T) {
	hidden := redact.New("postgres://postgres:postgres@db/shop").Text("password postgres")
	if want := "password [redacted]"; hidden != want {
		t.Errorf("got %q, want %q", hidden, want)
	}
}

func TestTheZeroValueHidesNothing(t *testing.T) {
	var zero redact.Redactor
	if got := zero.Text("as it is"); got != "as it is" {
		t.Errorf("got %q", got)
	}
	var out strings.Builder
	w := zero.Writer(&out)
	if _, err := w.Write([]byte("as it is")); err != nil || out.String() != "as it is" {
		t.Errorf("got %q, %v", out.String(), err)
	}
}
