package logging

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestLinesStayWhole(t *testing.T) {
	var out bytes.Buffer
	sink := NewSink(&out)
	app, log := sink.Lines(), New(sink)
	app.Write([]byte("first\nsec"))
	log.Info("between", "requestId", "id")
	app.Write([]byte("ond\nlast"))
	app.Close()
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 4 || lines[0] != "first" || lines[2] != "second" || lines[3] != "last" {
		t.Fatalf("got %q", lines)
	}
	var entry map[string]any
	if err := json.Unmarshal([]byte(lines[1]), &entry); err != nil || entry["message"] != "between" ||
		entry["requestId"] != "id" || entry["timestamp"] == nil || entry["level"] != "INFO" {
		t.Errorf("got %s", lines[1])
	}
}

func TestEndlessLineIsPassedOnInParts(t *testing.T) {
	var out bytes.Buffer
	lines := NewSink(&out).Lines()
	for range 3 {
		lines.Write(bytes.Repeat([]byte("x"), maxLine/2))
	}
	if out.Len() != maxLine+1 {
		t.Errorf("%d bytes passed on", out.Len())
	}
}
