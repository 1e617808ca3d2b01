// The program generate writes patch.yaml into the working folder, which is config/argocd.
package main

import (
	"fmt"
	"os"

	"github.com/aloft-dev/aloft/config/argocd"
)

func main() {
	if err := generate(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func generate() error {
	patch, err := argocd.Patch()
	if err != nil {
		return err
	}
	return os.WriteFile("patch.yaml",
		append([]byte("# Generated from resource_customizations by `make manifests`.\n"), patch...), 0o644)
}
