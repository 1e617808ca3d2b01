package release

import (
	"maps"
	"slices"
)

// AssetIndex lists a build's assets. It is written after them and removed before them; that they are all there is what
// a listing tells: an operator that stood still for long and was replaced may have written the one without the other.
type AssetIndex struct {
	// Source is the image digest and folder that they were taken from.
	Source string `json:"source"`
	// Digest identifies paths and contents together.
	Digest string `json:"digest"`
	// Files by path: SHA-256 of the content in hexadecimal.
	Files map[string]string `json:"files"`
}

// MaxAssetIndex bounds what is read of an index, in bytes.
const MaxAssetIndex = 64 << 20

// Missing gives the paths of the index that a listing of the build's folder lacks, in their order.
func (i AssetIndex) Missing(listed map[string]bool) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(i.Files)), func(path string) bool { return listed[path] })
}
