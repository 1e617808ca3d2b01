// Command argodiff compares as Argo CD does, by its own engine. It reads what a repository has, what the cluster has, and
// what the API server answers to a dry run of a server-side apply, as one JSON object, and writes as JSON what of the
// cluster's would be changed: by the client-side comparison and by the server-side one. Nothing is in sync.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/diff"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type input struct {
	Repository, Cluster, DryRun map[string]any
}

// answered is a dry run that has been made.
type answered map[string]any

func (a answered) Run(context.Context, *unstructured.Unstructured, string) (string, error) {
	text, err := json.Marshal(map[string]any(a))
	return string(text), err
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "argodiff:", err)
		os.Exit(1)
	}
}

func run() error {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		return fmt.Errorf("reading the objects: %w", err)
	}
	clientSide, err := changed(in)
	if err != nil {
		return fmt.Errorf("comparing on the client's side: %w", err)
	}
	// What webhooks have changed is not left out: the strictest comparison.
	serverSide, err := changed(in, diff.WithServerSideDiff(true), diff.WithIgnoreMutationWebhook(false),
		diff.WithManager("argocd-controller"), diff.WithServerSideDryRunner(answered(in.DryRun)))
	if err != nil {
		return fmt.Errorf("comparing on the server's side: %w", err)
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"clientSide": clientSide, "serverSide": serverSide})
}

// change is an object as it is and as it would be; nil where both are the same.
type change struct {
	Is    json.RawMessage `json:"is"`
	Would json.RawMessage `json:"wouldBe"`
}

func changed(in input, options ...diff.Option) (*change, error) {
	of := func(object map[string]any) *unstructured.Unstructured {
		return (&unstructured.Unstructured{Object: object}).DeepCopy()
	}
	result, err := diff.Diff(of(in.Repository), of(in.Cluster), options...)
	if err != nil || !result.Modified {
		return nil, err
	}
	return &change{Is: result.NormalizedLive, Would: result.PredictedLive}, nil
}
