package s3

import (
	"net/http"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// nullVersion is the version id of objects in a bucket without versioning.
const nullVersion = "null"

// current is the newest version of a key unless it is a delete marker.
func (b *bucket) current(key string) *object {
	versions := b.keys[key]
	if len(versions) == 0 || versions[len(versions)-1].deleteMarker {
		return nil
	}
	return versions[len(versions)-1]
}

// version finds one version; "" means the current one.
func (b *bucket) version(key, id string) (*object, error) {
	if id == "" {
		return b.current(key), nil
	}
	for _, o := range b.keys[key] {
		if o.version == id {
			return o, nil
		}
	}
	return nil, wire.Errorf(http.StatusNotFound, "NoSuchVersion", "The specified version does not exist.").With("Key",
		key).With("VersionId", id)
}

// add makes an object the newest version; without versioning it replaces the null version.
func (b *bucket) add(o *object) {
	o.version = nullVersion
	if b.versioning == "Enabled" {
		o.version = wire.RandomID("v")
	} else {
		b.remove(o.key, nullVersion)
	}
	b.keys[o.key] = append(b.keys[o.key], o)
}

// remove drops one version for good.
func (b *bucket) remove(key, id string) (removed *object) {
	left := make([]*object, 0, len(b.keys[key]))
	for _, o := range b.keys[key] {
		if o.version == id {
			removed = o
			continue
		}
		left = append(left, o)
	}
	b.keys[key] = left
	if len(left) == 0 {
		delete(b.keys, key)
	}
	return removed
}

// deleteKey is a delete without a version id: a marker in a versioned bucket, the end of the object in another.
func (b *bucket) deleteKey(s *service, key string) (marker *object, changed bool) {
	if b.versioning == "" {
		return nil, b.remove(key, nullVersion) != nil
	}
	marker = &object{key: key, deleteMarker: true, modified: s.now()}
	b.add(marker)
	return marker, true
}
