package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
	"time"
)

// figure is one measurement with its target.
type figure struct {
	ID     string  `json:"id"`
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Target string  `json:"target"`
	Met    bool    `json:"met"`
}

// atMost is a figure that is met up to a limit.
func atMost(id, name string, value float64, unit string, limit float64) figure {
	return figure{ID: id, Name: name, Value: value, Unit: unit, Target: fmt.Sprintf("<= %g", limit), Met: value <= limit}
}

// atLeast is a figure that is met from a limit on.
func atLeast(id, name string, value float64, unit string, limit float64) figure {
	return figure{ID: id, Name: name, Value: value, Unit: unit, Target: fmt.Sprintf(">= %g", limit), Met: value >= limit}
}

// told is a figure without a target.
func told(id, name string, value float64, unit string) figure {
	return figure{ID: id, Name: name, Value: value, Unit: unit, Target: "-", Met: true}
}

// percentile of durations, in milliseconds: the smallest that at least this share does not exceed.
func percentile(durations []time.Duration, share float64) float64 {
	sorted := slices.Sorted(slices.Values(durations))
	at := min(int(share*float64(len(sorted))), len(sorted)-1)
	return float64(sorted[at].Microseconds()) / 1000
}

func show(w io.Writer, figures []figure) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tFIGURE\tVALUE\tUNIT\tTARGET\tMET")
	for _, f := range figures {
		met := "yes"
		if !f.Met {
			met = "no"
		}
		fmt.Fprintf(table, "%s\t%s\t%.4g\t%s\t%s\t%s\n", f.ID, f.Name, f.Value, f.Unit, f.Target, met)
	}
	_ = table.Flush()
}

func write(path string, figures []figure) error {
	content, err := json.MarshalIndent(figures, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the figures: %w", err)
	}
	if err := os.WriteFile(path, append(content, '\n'), 0o644); err != nil { //nolint:gosec // figures are for everyone
		return fmt.Errorf("writing the figures: %w", err)
	}
	return nil
}
