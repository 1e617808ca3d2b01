package environ

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/api/function"
)

func TestWhichValueWins(t *testing.T) {
	for name, row := range map[string]struct {
		reason   string
		function []string
		bundle   function.Bundle
		port     string
		want     []string
	}{
		"stage over function": {
			"a stage says more than an image", []string{"A=image", "B=image"},
			function.Bundle{Environment: map[string]string{"A": "stage"}}, "", []string{"A=stage", "B=image"},
		},
		"secret over image": {
			"an image is built with placeholders, such as ENV APP_KEY=", []string{"A=image", "B=", "C=image"},
			function.Bundle{
				Environment: map[string]string{"C": "stage"},
				Secrets:     map[string]string{"A": "s", "B": "s", "C": "s", "D": "s"},
			},
			"", []string{"A=s", "B=s", "C=stage", "D=s"},
		},
		"reserved secrets": {
			"a secret cannot lead the application to other credentials, but may have a name like theirs",
			[]string{"AWS_REGION=eu", "ALOFT_ROLE=http"},
			function.Bundle{Secrets: map[string]string{"AWS_REGION": "us", "ALOFT_ROLE": "cli", "AWS_BUCKET": "b"}},
			"", []string{"ALOFT_ROLE=http", "AWS_BUCKET=b", "AWS_REGION=eu"},
		},
		"the image's home": {
			"what the image says is obeyed", []string{"HOME=/app"}, function.Bundle{}, "", []string{"HOME=/app"},
		},
		"the stage's home": {
			"what the stage says is obeyed", []string{"HOME=/app"},
			function.Bundle{Environment: map[string]string{"HOME": "/tmp/home"}}, "", []string{"HOME=/tmp/home"},
		},
		"an empty home": {
			"container engines take it for none", []string{"HOME="}, function.Bundle{}, "", []string{"HOME=/tmp"},
		},
		"reserved names": {
			"a stage cannot lead the application to other credentials", []string{"AWS_REGION=eu"},
			function.Bundle{Environment: map[string]string{"AWS_REGION": "us", "ALOFT_ROLE": "cli"}}, "",
			[]string{"AWS_REGION=eu"},
		},
		"port over image": {
			"the port that is waited for is the manifest's", []string{"PORT=3000"}, function.Bundle{}, "8080",
			[]string{"PORT=8080"},
		},
		"stage's own port": {
			"said in so many words", []string{"PORT=3000"},
			function.Bundle{Environment: map[string]string{"PORT": "9"}, Secrets: map[string]string{"PORT": "1"}},
			"8080", []string{"PORT=9"},
		},
		"the Runtime API is hidden": {
			"the application must not take invocations away", []string{"AWS_LAMBDA_RUNTIME_API=x", "_HANDLER=y", "A=1"},
			function.Bundle{}, "", []string{"A=1"},
		},
		"impossible variables": {
			"no process could be started with them", nil,
			function.Bundle{Environment: map[string]string{"": "1", "A=B": "1", "C": "a\x00b", "D": "multi\nline"}}, "",
			[]string{"D=multi\nline"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := row.want
			if !slices.ContainsFunc(want, func(pair string) bool { return strings.HasPrefix(pair, "HOME=") }) {
				want = slices.Sorted(slices.Values(append(want, "HOME=/tmp")))
			}
			if diff := cmp.Diff(want, Merge(row.function, row.bundle, row.port)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", row.reason, diff)
			}
		})
	}
}
