package main

import "testing"

// A guard whose code has changed can be taken away by nobody, and would be missed only where all of them are tried.
func TestEachGuardStandsInItsFile(t *testing.T) {
	t.Chdir("../..")
	names := map[string]bool{}
	for _, g := range guards {
		if _, err := g.overlay(t.TempDir()); err != nil {
			t.Errorf("%s: %v", g.name, err)
		}
		if names[g.name] || g.guard == g.without {
			t.Errorf("%s: its name is taken, or nothing is taken away", g.name)
		}
		names[g.name] = true
	}
}
