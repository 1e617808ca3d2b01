// Command sandbox is the whole of Aloft on one machine, or the local AWS alone: see its --help.
//
// Compiling all of that takes minutes the first time, and `go run` prints nothing while it compiles. So this program is
// small: it says what is going to happen, compiles test/demo, shows that it goes on, and becomes it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/aloft-dev/aloft/test/sandbox/patience"
)

// program is what this one becomes.
const program = "github.com/aloft-dev/aloft/test/demo"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	fmt.Print(introduction(os.Args[1:]))
	compiled, err := compile(ctx, os.Stdout)
	stop()
	if err == nil {
		err = syscall.Exec(compiled, append([]string{"sandbox"}, os.Args[1:]...), os.Environ()) //nolint:gosec // compiled here
	}
	fmt.Fprintln(os.Stderr, "\n✗", err)
	os.Exit(1)
}

// introduction says what is going to happen and how long it takes.
func introduction(arguments []string) string {
	does := "It releases a sample application and proves that it serves."
	switch {
	case len(arguments) > 0 && arguments[0] == "aws":
		return "The local AWS, compiled first: about 2 minutes the first time, later ones a second. Ctrl-C ends it.\n"
	case slices.Contains(arguments, "--no-sample"):
		does = "It releases nothing, and says how to release an application of your own."
	}
	return `Aloft on this machine: a real etcd and kube-apiserver, a local AWS and the operator.
` + does + `
It needs no cluster and no account, and changes nothing but this checkout's folder bin and the cache folder.
The first time compiles everything, which takes about 10 minutes on two cores; later times take half a minute.
Ctrl-C ends it.
`
}

// compile builds the program in the checkout's bin; it is written beside and renamed, for two may do so at once.
func compile(ctx context.Context, screen io.Writer) (string, error) {
	mod, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("asking go for the checkout: %w", err)
	}
	root := filepath.Dir(strings.TrimSpace(string(mod)))
	if _, err := os.Stat(filepath.Join(root, "test", "demo")); err != nil {
		return "", errors.New("the sandbox compiles what it runs: start it inside a checkout of Aloft")
	}
	target := filepath.Join(root, "bin", "demo")
	partial := fmt.Sprintf("%s.%d", target, os.Getpid())
	out := patience.New(screen, patience.Silence)
	defer out.Stop()
	_, _ = fmt.Fprintln(out, "\nCompiling the sandbox")
	build := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", partial, program) //nolint:gosec // own paths
	build.Dir, build.Env = root, append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	build.Stdout, build.Stderr = out, out
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("compiling the sandbox: %w", err)
	}
	return target, os.Rename(partial, target)
}
