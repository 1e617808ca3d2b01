package localaws

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// ReadLatencies reads a table of waits, in YAML or JSON: "service:Operation", "service:*" or "*" to a time as "250ms".
// A name that nothing here has is an error, for it would wait for nothing.
func (s *Server) ReadLatencies(text io.Reader) (map[string]time.Duration, error) {
	written := map[string]string{}
	if err := yaml.NewDecoder(text).Decode(&written); err != nil {
		return nil, fmt.Errorf("reading a table of latencies: %w", err)
	}
	offered := s.Operations()
	table := map[string]time.Duration{}
	for _, name := range slices.Sorted(maps.Keys(written)) {
		service, operation, _ := strings.Cut(name, ":")
		if name != "*" && (offered[service] == nil || operation != "*" && !slices.Contains(offered[service], operation)) {
			return nil, fmt.Errorf("there is no operation %q: a name is as lambda:PublishVersion, lambda:* or *", name)
		}
		wait, err := time.ParseDuration(written[name])
		if err != nil || wait < 0 {
			return nil, fmt.Errorf("%s waits for %q, which is no time as 250ms", name, written[name])
		}
		table[name] = wait
	}
	return table, nil
}
