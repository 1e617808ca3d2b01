package operator

import (
	"strings"
	"testing"
	"time"
)

func TestOptionsThatCannotWorkAreRefusedByTheirFlag(t *testing.T) {
	for why, row := range map[string]struct {
		options Options
		says    string
	}{
		"a cluster id that would be two parts of a tag": {Options{ClusterID: "a/b"}, "--cluster-id"},
		"a cluster id that AWS takes in no external id": {Options{ClusterID: "my cluster"}, "--cluster-id"},
		"a cluster id that is too long":                 {Options{ClusterID: strings.Repeat("c", 64)}, "--cluster-id"},
		"a lease that any delay ends":                   {Options{LeaseDuration: 4 * time.Second}, "at least 5s"},
		"a lease of no time":                            {Options{LeaseDuration: -time.Second}, "at least 5s"},
		"what is left out":                              {Options{}, ""},
		"the UID of a namespace": {
			Options{ClusterID: "0c7b2a34-9d8e-4f6a-8a54-8a3f5a9a0d11", LeaseDuration: 5 * time.Second}, "",
		},
	} {
		t.Run(why, func(t *testing.T) {
			err := row.options.check()
			if (err != nil) != (row.says != "") || err != nil && !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}
