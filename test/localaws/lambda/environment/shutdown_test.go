package environment

import (
	"strings"
	"testing"
)

// lastWords retires a pool after one invocation, and gives what its process printed.
func lastWords(t *testing.T, extension string) string {
	p, lines := pool(t, func(f *Function) { f.Env["EXTENSION"] = extension })
	if got := invoke(t, p, `{}`); got.Failed {
		t.Fatalf("the invocation failed: %s", got.Payload)
	}
	p.mu.Lock()
	e := p.idle[0]
	p.mu.Unlock()
	p.Retire()
	<-e.process.Exited
	e.log.flush()
	return lines.text()
}

func TestOnlyAProcessWithAnExtensionIsGivenTimeToEnd(t *testing.T) {
	for name, row := range map[string]struct {
		reason, extension string
		want, never       string
	}{
		"with one":    {"it is asked, and ends", "10ms", "ended by itself", ""},
		"a slow one":  {"its time is half a second", "1m", "asked to end", "ended by itself"},
		"without one": {"it is killed", "", "", "asked to end"},
	} {
		t.Run(name, func(t *testing.T) {
			text := lastWords(t, row.extension)
			if !strings.Contains(text, row.want) || row.never != "" && strings.Contains(text, row.never) {
				t.Errorf("%s: the log is %s", row.reason, text)
			}
		})
	}
}

func TestAnExtensionIsRegisteredDuringInitOnly(t *testing.T) {
	p, _ := pool(t, nil)
	if got := string(invoke(t, p, `{"do":"extend"}`).Payload); got != "403" {
		t.Errorf("a registration during an invocation got %s", got)
	}
}
