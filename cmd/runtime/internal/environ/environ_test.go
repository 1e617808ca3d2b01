package environ

import (
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
		"secret only where absent": {
			"a secret cannot change what is configured in the open", []string{"A=image"},
			function.Bundle{
				Environment: map[string]string{"B": "stage"},
				Secrets:     map[string]string{"A": "s", "B": "s", "C": "s"},
			},
			"", []string{"A=image", "B=stage", "C=s"},
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
			function.Bundle{Environment: map[string]string{"PORT": "9"}}, "8080", []string{"PORT=9"},
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
			if diff := cmp.Diff(row.want, Merge(row.function, row.bundle, row.port)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", row.reason, diff)
			}
		})
	}
}
