package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// build is what tells one build of the application from the next. It lies in a file beside the program
// (/app -> /app.json), so that all builds share the program's own layer.
type build struct {
	Version       string `json:"version"`
	Headline      string `json:"headline"`
	FailMigration bool   `json:"failMigration"`
	CrashAtStart  bool   `json:"crashAtStart"`
}

func readBuild() (build, error) {
	program, err := os.Executable()
	if err != nil {
		program = os.Args[0]
	}
	return readBuildFile(program + ".json")
}

func readBuildFile(path string) (build, error) {
	told := build{Version: "development", Headline: "It flies."}
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return told, nil
	}
	if err != nil {
		return told, fmt.Errorf("reading what build this is: %w", err)
	}
	if err := json.Unmarshal(content, &told); err != nil {
		return told, fmt.Errorf("reading %s: %w", path, err)
	}
	return told, nil
}
