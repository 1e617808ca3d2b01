package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/test/localaws"
)

const (
	adminKey    = localaws.AdminAccessKeyID
	adminSecret = localaws.AdminSecretAccessKey
)

// show prints what has changed in the phases of the run.
func show(out io.Writer, stage *v1alpha1.Stage, shown map[string]v1alpha1.PhaseState, began time.Time) {
	if stage.Status.Target == nil {
		return
	}
	for _, phase := range stage.Status.Target.Phases {
		if shown[phase.Name] == phase.State || phase.State == v1alpha1.PhasePending {
			continue
		}
		shown[phase.Name] = phase.State
		switch phase.State {
		case v1alpha1.PhaseSucceeded:
			fmt.Fprintf(out, "  %6.2fs  %-12s ✓ %s\n", time.Since(began).Seconds(), phase.Name, shorten(phase.Message))
		case v1alpha1.PhaseFailed:
			fmt.Fprintf(out, "  %6.2fs  %-12s ✗ %s\n", time.Since(began).Seconds(), phase.Name, phase.Message)
		default:
		}
	}
}

// shorten leaves the beginning of digests: nobody reads 64 digits.
func shorten(text string) string {
	words := strings.Fields(text)
	for i, word := range words {
		if at := strings.Index(word, "sha256:"); at >= 0 && len(word) > at+19 {
			words[i] = word[:at+19] + "…"
		}
	}
	return strings.Join(words, " ")
}

func conditionOf(stage *v1alpha1.Stage, conditionType string) *metav1.Condition {
	return meta.FindStatusCondition(stage.Status.Conditions, conditionType)
}

func message(stage *v1alpha1.Stage) string {
	if ready := conditionOf(stage, v1alpha1.ConditionReady); ready != nil {
		return ready.Message
	}
	return "the operator has not reported anything yet"
}

// failedPhase names the phase that a stalled release stopped in.
func failedPhase(stage *v1alpha1.Stage) string {
	if stage.Status.Target != nil {
		for _, phase := range stage.Status.Target.Phases {
			if phase.State == v1alpha1.PhaseFailed {
				return phase.Name
			}
		}
	}
	return "Resolve"
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ")
}

func absolute(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}
