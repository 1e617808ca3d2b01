package main

import (
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestSecretsAreNotInWhatLeavesTheFunction(t *testing.T) {
	c := newCloud(t)
	c.storeBundle(t, stageName)
	got := start(t, c.configured(nil), "crash").posted(t)
	if got.kind != "init" || strings.Contains(got.body, password) || !strings.Contains(got.body, "[redacted]") {
		t.Errorf("got %s", got.body)
	}
	f := startCLI(t, c.configured(nil))
	f.invoke(t, deploy(soon(), appPath(t), "env", "DB_PASSWORD"), patience)
	for _, key := range c.keys(t) {
		if content, _ := c.get(t, key); strings.Contains(content, password) {
			t.Errorf("the secret is in %s", key)
		}
	}
}

// printed are lines of an application that shows its secrets without their names, and what is left of them.
var printed = []struct{ why, line, want string }{
	{"a key of many lines, line by line", "1: MIIEvQIBADANBg", "1: [redacted]"},
	{
		"the key as a log of JSON has it",
		`{"key":"-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----\n"}`, `{"key":"[redacted]`,
	},
	{"the password of a URL, decoded", "denied to clouder with sw@rdf/ish", "denied to [redacted] with [redacted]"},
	{"the host of a URL", "no route to db-1.example.com:3306", "no route to [redacted]"},
	{"what is no secret", "3 migrations", "3 migrations"},
}

func TestStoredOutputHoldsNoPartOfASecret(t *testing.T) {
	c := newCloud(t)
	c.storeBundle(t, stageName)
	f := startCLI(t, c.configured(nil))
	for _, row := range printed {
		t.Run(row.why, func(t *testing.T) {
			for _, key := range c.keys(t) {
				if strings.HasPrefix(key, runBase) {
					c.remove(t, key)
				}
			}
			f.command(t, deploy(soon(), appPath(t), "say", "0", row.line))
			stored, _ := c.get(t, runBase+".result.json")
			pieces, _ := c.get(t, runBase+".output.0001")
			for place, text := range map[string]string{
				"result": string(decode[ended](t, stored).Output), "pieces": pieces,
			} {
				if !strings.HasPrefix(text, row.want) || strings.Contains(text, "KEY-----") {
					t.Errorf("the %s have %q, want %q", place, text, row.want)
				}
			}
		})
	}
}

func TestSecretThatLiesAcrossTheCutOfTheOutputIsHidden(t *testing.T) {
	c := newCloud(t)
	c.storeBundle(t, stageName)
	t.Run("result", func(t *testing.T) {
		got := startCLI(t, c.configured(nil)).command(t, command(appPath(t), "chatter", "40000", password))
		if strings.Contains(string(got.Output), "staple") || !got.Truncated {
			t.Errorf("the output begins with %.50q, truncated %v", got.Output, got.Truncated)
		}
	})
	t.Run("init error", func(t *testing.T) {
		got := start(t, c.configured(nil), "chatter", "1000", password).posted(t)
		if got.kind != "init" || strings.Contains(got.body, "staple") || !strings.Contains(got.body, "[redacted]") {
			t.Errorf("got %s", got.body)
		}
	})
}

func TestTheApplicationCannotReadWhatTheRuntimeWasTold(t *testing.T) {
	var user *syscall.Credential
	if os.Geteuid() == 0 { // who reads everything
		user = &syscall.Credential{Uid: 993, Gid: 990}
	}
	f := startAs(t, user, nil)
	for _, file := range []string{"environ", "mem"} {
		if got := f.request(t, get("/parent", "file="+file)).Body; !strings.Contains(got, "permission denied") {
			t.Errorf("%s of the runtime gave %s", file, got)
		}
	}
	if got := f.request(t, get("/parent", "file=cmdline")).Body; !strings.Contains(got, "<nil>") {
		t.Errorf("the test does not find the runtime: %s", got)
	}
}
