package desired

import (
	"github.com/aloft-dev/aloft/api/v1alpha1"
)

// Inputs are a Stage and everything that it refers to in the cluster.
type Inputs struct {
	Stage   *v1alpha1.Stage
	Profile *v1alpha1.StageProfile
	// NamespaceLabels of the Stage's namespace.
	NamespaceLabels map[string]string
	// NamespaceUID tells the Stage's namespace from others that had or will have its name.
	NamespaceUID string
	// OlderStages of the namespace that use the profile; counted only where it limits them.
	OlderStages int
	// ClusterID is the first part of every ownership tag.
	ClusterID string
	// Secrets by name: those that the manifest refers to.
	Secrets map[string]map[string][]byte
	// ConfigHash is what environment and Secrets are known to come to, where the Secrets were not read.
	ConfigHash string
	// RecordedConfig names the bundle of a release that this may be. It counts where its key is gone: then the record
	// alone can tell.
	RecordedConfig string
	// PullSecret is a Docker configuration, or empty.
	PullSecret []byte
	// HashKey keys the hash over secrets, so that an id never gives a guess at them away.
	HashKey []byte
	// ImageDigest is what the tag was resolved to, sha256:<hex>.
	ImageDigest string
	// Revision of the templates that the release is made with.
	Revision string
}
