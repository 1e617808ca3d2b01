// Command mutate takes guards away, one at a time, and runs the tests that must notice. A guard whose loss no test
// notices is none: someone will remove it by mistake. The working tree is not touched: a mutated file is only laid over
// its original.
//
// Usage, from the root of the repository: go run ./hack/mutate [-run text] [-list]
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	only := flag.String("run", "", "Only guards whose name holds this text.")
	list := flag.Bool("list", false, "List the guards.")
	flag.Parse()
	survivors, err := run(*only, *list)
	if err == nil && len(survivors) > 0 {
		err = fmt.Errorf("no test notices the loss of: %s", strings.Join(survivors, "; "))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(only string, list bool) (survivors []string, err error) {
	folder, err := os.MkdirTemp("", "mutate-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	tried := 0
	for _, g := range guards {
		if !strings.Contains(g.name, only) {
			continue
		}
		tried++
		if list {
			fmt.Printf("%s\t%s\n", g.file, g.name)
			continue
		}
		began := time.Now()
		killed, err := g.try(folder)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", g.name, err)
		}
		verdict := "killed"
		if !killed {
			verdict, survivors = "SURVIVED", append(survivors, g.name)
		}
		fmt.Printf("%-8s %5.1fs  %s\n", verdict, time.Since(began).Seconds(), g.name)
	}
	fmt.Printf("%d guards, %d survived\n", tried, len(survivors))
	return survivors, nil
}

// try says whether a test fails without the guard. What does not compile proves nothing and is an error.
func (g guard) try(folder string) (killed bool, err error) {
	overlay, err := g.overlay(folder)
	if err != nil {
		return false, err
	}
	tests := "./" + filepath.Dir(g.file)
	if out, err := command("test", tests).CombinedOutput(); err != nil { // cached but for the first time
		return false, fmt.Errorf("the tests of %s fail with every guard in its place: %s", tests, out)
	}
	if out, err := command("build", "-overlay", overlay, tests).CombinedOutput(); err != nil {
		return false, fmt.Errorf("the mutant does not compile: %s", out)
	}
	arguments := []string{"test", "-count=1", "-failfast", "-vet=off", "-overlay", overlay, tests}
	imports, err := command("list", "-f", "{{.TestImports}} {{.XTestImports}}", tests).Output()
	if err != nil {
		return false, fmt.Errorf("listing what the tests of %s import: %w", tests, err)
	}
	if strings.Contains(string(imports), "pgregory.net/rapid") { // it would leave a file of what failed beside the tests
		arguments = append(arguments, "-rapid.nofailfile")
	}
	return command(arguments...).Run() != nil, nil
}

// overlay writes the mutated file, and the file that has the go command read it in place of the original.
func (g guard) overlay(folder string) (string, error) {
	content, err := os.ReadFile(g.file)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(content), g.guard); n != 1 {
		return "", fmt.Errorf("%s holds the guard %d times, want once: %s", g.file, n, g.guard)
	}
	mutant := filepath.Join(folder, "mutant.go")
	if err := os.WriteFile(mutant, []byte(strings.Replace(string(content), g.guard, g.without, 1)), 0o600); err != nil {
		return "", err
	}
	original, err := filepath.Abs(g.file)
	if err != nil {
		return "", err
	}
	replaced, err := json.Marshal(map[string]any{"Replace": map[string]string{original: mutant}})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(folder, "overlay.json")
	return overlay, os.WriteFile(overlay, replaced, 0o600)
}

func command(arguments ...string) *exec.Cmd {
	return exec.Command("go", arguments...) //nolint:gosec // the arguments are those of the list of guards
}
