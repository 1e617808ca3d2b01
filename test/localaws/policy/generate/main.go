// Command generate writes actions.json: the actions of the services whose resources have policies here, with the kinds
// of resources that each is about. They come from cfn-lint, which takes them from AWS's service authorization reference:
//
//	pip install cfn-lint
//	go generate ./test/localaws/policy
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// kinds are what a bucket's policy tells apart; other services have one kind of resource.
var kinds = map[string][]string{"s3": {"bucket", "object"}, "ecr": nil, "kms": nil, "sqs": nil, "sts": nil}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "writing the actions of services:", err)
		os.Exit(1)
	}
}

func run(out string) error {
	path, err := exec.Command("python3", "-c", "import cfnlint; print(cfnlint.__path__[0])").Output()
	if err != nil {
		return fmt.Errorf("cfn-lint is not installed (pip install cfn-lint): %w", err)
	}
	file := filepath.Join(strings.TrimSpace(string(path)), "data", "AdditionalSpecs", "Policies.json")
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var reference map[string]struct {
		Actions map[string]struct {
			Resources []string
		}
	}
	if err := json.Unmarshal(content, &reference); err != nil {
		return err
	}
	actions := map[string]map[string][]string{}
	for service, wanted := range kinds {
		actions[service] = map[string][]string{}
		for name, action := range reference[service].Actions {
			about := []string{}
			for _, kind := range action.Resources {
				if slices.Contains(wanted, kind) {
					about = append(about, kind)
				}
			}
			actions[service][name] = about
		}
	}
	text, err := json.MarshalIndent(actions, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(out, append(text, '\n'), 0o644)
}
