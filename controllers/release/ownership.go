package release

import "strings"

// Tags that say whose a stack is.
const (
	// OwnerTag is <cluster id>/<namespace>/<name>.
	OwnerTag = "aloft.dev/owner"
	// NamespaceTag is the UID of the namespace: one that was deleted and made again may be somebody else's.
	NamespaceTag = "aloft.dev/namespace-uid"
)

// Mark names an owner with the namespace that he has it in: <cluster id>/<namespace>/<name>/<namespace UID>.
func Mark(owner, namespaceUID string) string { return owner + "/" + namespaceUID }

// Ownership is whose a stage is, and whose it may take over.
type Ownership struct {
	Owner        string
	NamespaceUID string
	// Adopt are the platform team's words: marks, or what marks begin with.
	Adopt []string
}

// Of tells whether what has these tags is the stage's, and whether it is only by the platform team's word.
func (o Ownership) Of(owner, namespaceUID string) (own, adopted bool) {
	mark := Mark(owner, namespaceUID)
	if mark == Mark(o.Owner, o.NamespaceUID) {
		return true, false
	}
	for _, word := range o.Adopt {
		if strings.HasPrefix(mark+"/", word+"/") {
			return true, true
		}
	}
	return false, false
}
