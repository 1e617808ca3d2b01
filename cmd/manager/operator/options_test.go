package operator

import (
	"strings"
	"testing"
)

func TestAClusterIDIsOneThatAWSTakes(t *testing.T) {
	for why, row := range map[string]struct {
		options Options
		says    string
	}{
		"a cluster id that would be two parts of a tag": {Options{ClusterID: "a/b"}, "--cluster-id"},
		"a cluster id that AWS takes in no external id": {Options{ClusterID: "my cluster"}, "--cluster-id"},
		"a cluster id that is too long":                 {Options{ClusterID: strings.Repeat("c", 64)}, "--cluster-id"},
		"what is left out":                              {Options{}, ""},
		"the UID of a namespace":                        {Options{ClusterID: "0c7b2a34-9d8e-4f6a-8a54-8a3f5a9a0d11"}, ""},
	} {
		t.Run(why, func(t *testing.T) {
			err := row.options.checkClusterID()
			if (err != nil) != (row.says != "") || err != nil && !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}
