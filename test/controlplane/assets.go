package controlplane

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// findAssets returns the absolute path of the folder with both binaries, and has them built where they are missing.
func findAssets(ctx context.Context, options Options) (string, error) {
	folder := options.Assets
	if folder == "" {
		folder = os.Getenv("KUBEBUILDER_ASSETS")
	}
	if folder == "" {
		var err error
		if folder, err = build(ctx, options.Progress); err != nil {
			return "", err
		}
	}
	for _, name := range []string{"kube-apiserver", "etcd"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			return "", fmt.Errorf("%s holds no %s: unset KUBEBUILDER_ASSETS to have both built", folder, name)
		}
	}
	return filepath.Abs(folder)
}

// build asks the script, which answers at once when this machine has the binaries.
func build(ctx context.Context, progress io.Writer) (string, error) {
	script, err := findScript()
	if err != nil {
		return "", err
	}
	var output, said bytes.Buffer
	command := exec.CommandContext(ctx, script)
	command.Stdout, command.Stderr = &output, &said
	if progress != nil {
		command.Stderr = io.MultiWriter(&said, progress)
	}
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("running %s: %w: %s", script, err, strings.TrimSpace(said.String()))
	}
	return strings.TrimSpace(output.String()), nil
}

// findScript looks upwards from the working folder: tests run in their package's folder, the sandbox in the checkout.
func findScript() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		script := filepath.Join(folder, "hack", "controlplane", "build.sh")
		if _, err := os.Stat(script); err == nil {
			return script, nil
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", errors.New(
				"KUBEBUILDER_ASSETS is not set, and the working folder is not in a checkout that could build them",
			)
		}
		folder = parent
	}
}
