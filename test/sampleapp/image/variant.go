// Package image builds the sample application's container images and keeps a registry for them,
// with no container engine.
//
// All builds share the layers of the system, the program and, but for one file, the assets' bytes: a new version
// differs in the small layers alone, as a real application's does.
package image

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"

	"github.com/aloft-dev/aloft/test/sampleapp/public"
)

// AssetsPath is where an image keeps its assets.
const AssetsPath = "/var/www/public"

// Variant is what tells one build of the application from another.
type Variant struct {
	// Version is shown on the page and by /status.
	Version string `json:"version"`
	// Headline is the page's text.
	Headline string `json:"headline"`
	// FailMigration lets `migrate` exit with 3 after some output.
	FailMigration bool `json:"failMigration,omitempty"`
	// CrashAtStart ends the server before it listens.
	CrashAtStart bool `json:"crashAtStart,omitempty"`

	// Accent is the colour in style.css, the one asset that differs between versions.
	Accent string `json:"-"`
	// Assets adds files to the application's own, by path below AssetsPath.
	Assets map[string][]byte `json:"-"`
}

// The builds that releases are tried with.
var (
	V1               = Variant{Version: "v1", Headline: "It flies.", Accent: baseAccent}
	V2               = Variant{Version: "v2", Headline: "It flies higher.", Accent: "#b45309"}
	FailingMigration = Variant{Version: "v3-failing-migration", Headline: "It never gets here.", Accent: "#9f1239",
		FailMigration: true}
	CrashingAtStart = Variant{Version: "v4-crashing", Headline: "It never starts.", Accent: "#3f3f46", CrashAtStart: true}
)

const (
	baseAccent = "#0f766e"
	stylesheet = "style.css"
)

// files returns the variant's assets by path below AssetsPath.
func (v Variant) files() (map[string][]byte, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(public.Files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files[path], err = public.Files.ReadFile(path)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the assets: %w", err)
	}
	files[stylesheet] = bytes.ReplaceAll(files[stylesheet], []byte(baseAccent), []byte(v.Accent))
	maps.Copy(files, v.Assets)
	return files, nil
}

// buildFile is what the program reads beside itself, at /app.json.
func (v Variant) buildFile() ([]byte, error) { return json.Marshal(v) }
