package operator

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/aloft-dev/aloft/controllers/image"
)

// openRuntimes reads which function runtimes there are. A runtime's version is its content.
func openRuntimes(dir string) (map[string]*image.Runtime, error) {
	runtimes := map[string]*image.Runtime{}
	for _, architecture := range []string{"amd64", "arm64"} {
		path := filepath.Join(dir, "runtime-linux-"+architecture)
		version, err := contentVersion(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if runtimes[architecture], err = image.RuntimeFromFile(version, path); err != nil {
			return nil, fmt.Errorf("reading the function runtime: %w", err)
		}
	}
	if len(runtimes) == 0 {
		return nil, fmt.Errorf("there is no function runtime in %s: build it with make build, or name its folder with "+
			"--runtime-dir", dir)
	}
	return runtimes, nil
}

func contentVersion(path string) (string, error) {
	file, err := os.Open(path) //nolint:gosec // the folder is the operator's own option
	if err != nil {
		return "", fmt.Errorf("reading the function runtime: %w", err)
	}
	defer func() { _ = file.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", fmt.Errorf("reading the function runtime: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil))[:12], nil
}
