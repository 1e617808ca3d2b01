package release_test

import (
	"testing"

	"github.com/aloft-dev/aloft/controllers/release"
)

func TestWhoseSomethingIs(t *testing.T) {
	for _, row := range []struct {
		why                 string
		adopt               []string
		owner, namespaceUID string
		own, adopted        bool
	}{
		{"one's own", nil, "cluster/shop/production", "uid-1", true, false},
		{"what the namespace's former tenant has left", nil, "cluster/shop/production", "uid-0", false, false},
		{"what another cluster has made", nil, "old/shop/production", "uid-0", false, false},
		{"what nobody has marked", []string{"old"}, "", "", false, false},
		{"what another cluster has made, all of which is taken over", []string{"old"}, "old/shop/production", "uid-0", true,
			true},
		{"of a cluster whose name only begins so", []string{"old"}, "older/shop/production", "uid-0", false, false},
		{"one stage of it", []string{"old/shop/production"}, "old/shop/production", "uid-0", true, true},
		{"another stage of it", []string{"old/shop/staging"}, "old/shop/production", "uid-0", false, false},
		{"what a former tenant has left, by its whole mark", []string{"cluster/shop/production/uid-0"},
			"cluster/shop/production", "uid-0", true, true},
		{"but not what the one before him has left", []string{"cluster/shop/production/uid-0"}, "cluster/shop/production",
			"uid-00", false, false},
		{"one's own needs no word", []string{"cluster"}, "cluster/shop/production", "uid-1", true, false},
	} {
		t.Run(row.why, func(t *testing.T) {
			o := release.Ownership{Owner: "cluster/shop/production", NamespaceUID: "uid-1", Adopt: row.adopt}
			if own, adopted := o.Of(row.owner, row.namespaceUID); own != row.own || adopted != row.adopted {
				t.Errorf("own %t, adopted %t", own, adopted)
			}
		})
	}
}
