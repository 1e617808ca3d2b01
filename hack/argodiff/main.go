// Command argodiff compares as Argo CD does, by its own engine. It reads what a repository has, what the cluster has,
// what the API server answers to a dry run of a server-side apply, and its OpenAPI document in protocol buffers, as one
// JSON object, and writes as JSON what of the cluster's would be changed: by the comparison on the client's side, by
// that which goes with the sync option ServerSideApply, and by that on the server's side. Null is in sync.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/diff"
	openapiv2 "github.com/google/gnostic-models/openapiv2"
	"google.golang.org/protobuf/proto"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/managedfields"
	openapiproto "k8s.io/kube-openapi/pkg/util/proto"
)

type input struct {
	Repository, Cluster, DryRun map[string]any
	OpenAPI                     []byte
}

// manager is the field owner under which Argo CD applies on the server's side.
const manager = "argocd-controller"

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
	types, err := parser(in.OpenAPI)
	if err != nil {
		return fmt.Errorf("reading the OpenAPI document: %w", err)
	}
	structured, err := changed(in, diff.WithStructuredMergeDiff(true), diff.WithGVKParser(types),
		diff.WithManager(manager))
	if err != nil {
		return fmt.Errorf("comparing by the structure: %w", err)
	}
	// What webhooks have changed is not left out: the strictest comparison.
	serverSide, err := changed(in, diff.WithServerSideDiff(true), diff.WithIgnoreMutationWebhook(false),
		diff.WithManager(manager), diff.WithServerSideDryRunner(answered(in.DryRun)))
	if err != nil {
		return fmt.Errorf("comparing on the server's side: %w", err)
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"clientSide": clientSide, "structured": structured, "serverSide": serverSide,
	})
}

// parser knows the structure of the cluster's types, as Argo CD's does.
func parser(openAPI []byte) (*managedfields.GvkParser, error) {
	document := &openapiv2.Document{}
	if err := proto.Unmarshal(openAPI, document); err != nil {
		return nil, err
	}
	models, err := openapiproto.NewOpenAPIData(document)
	if err != nil {
		return nil, err
	}
	return managedfields.NewGVKParser(models, false)
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
