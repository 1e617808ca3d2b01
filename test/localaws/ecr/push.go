package ecr

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
)

// maxManifest is the largest manifest that ECR takes, in bytes.
const maxManifest = 4 << 20

// mediaTypes are the manifests that ECR knows; indexes are told by their children.
var mediaTypes = map[string]bool{
	"application/vnd.docker.distribution.manifest.v2+json":      true,
	"application/vnd.docker.distribution.manifest.list.v2+json": true,
	"application/vnd.oci.image.manifest.v1+json":                true,
	"application/vnd.oci.image.index.v1+json":                   true,
}

type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
}

type manifest struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	ArtifactType  string       `json:"artifactType"`
	Config        descriptor   `json:"config"`
	Layers        []descriptor `json:"layers"`
	Manifests     []descriptor `json:"manifests"`
}

func (s *Registry) putManifest(w http.ResponseWriter, call *request) *problem {
	content, err := io.ReadAll(io.LimitReader(call.Body, maxManifest+1))
	if err != nil {
		return internal(err)
	}
	pushed, p := read(content, call.Header.Get("Content-Type"))
	if p != nil {
		return p
	}
	pushed.pushed = s.env.Clock.Now().Truncate(time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	repo := s.repositories[call.repo]
	if p := repo.complete(pushed); p != nil {
		return p
	}
	if p := repo.store(pushed, call.reference); p != nil {
		return p
	}
	w.Header().Set("Location", "/v2/"+call.repo+"/manifests/"+pushed.digest)
	w.Header().Set("Docker-Content-Digest", pushed.digest)
	w.WriteHeader(http.StatusCreated)
	return nil
}

func read(content []byte, mediaType string) (*image, *problem) {
	if len(content) > maxManifest {
		return nil, &problem{http.StatusRequestEntityTooLarge, "MANIFEST_INVALID", "manifest too large"}
	}
	var m manifest
	if err := json.Unmarshal(content, &m); err != nil || m.SchemaVersion != 2 {
		return nil, &problem{http.StatusBadRequest, "MANIFEST_INVALID", "Invalid image manifest provided"}
	}
	if m.MediaType != "" {
		mediaType = m.MediaType
	}
	if !mediaTypes[mediaType] {
		return nil, &problem{http.StatusBadRequest, "MANIFEST_INVALID", "Invalid manifest media type '" + mediaType + "'"}
	}
	sum := sha256.Sum256(content)
	i := &image{digest: "sha256:" + hex.EncodeToString(sum[:]), mediaType: mediaType, artifact: m.ArtifactType,
		manifest: content, size: int64(len(content))}
	if i.artifact == "" {
		i.artifact = m.Config.MediaType
	}
	if m.Config.Digest != "" {
		i.layers = append(i.layers, m.Config.Digest)
	}
	for _, layer := range m.Layers {
		i.layers = append(i.layers, layer.Digest)
		i.size += layer.Size
	}
	for _, child := range m.Manifests {
		i.children = append(i.children, child.Digest)
	}
	return i, nil
}

// complete refuses a manifest whose layers or children the repository does not hold.
func (r *repository) complete(i *image) *problem {
	for _, layer := range i.layers {
		if _, held := r.layers[layer]; !held {
			return &problem{http.StatusBadRequest, "BLOB_UNKNOWN",
				"The layer with digest '" + layer + "' is not available in the repository"}
		}
	}
	for _, child := range i.children {
		if r.images[child] == nil {
			return &problem{http.StatusBadRequest, "MANIFEST_UNKNOWN",
				"Images with digests '[" + child + "]' required for pushing image into repository do not exist"}
		}
	}
	return nil
}

// store keeps the manifest and moves the tag. An immutable tag refuses even the digest that it already names
// (aws/containers-roadmap#2179), so a pusher must look first.
func (r *repository) store(i *image, reference string) *problem {
	if strings.HasPrefix(reference, "sha256:") {
		if reference != i.digest {
			return &problem{http.StatusBadRequest, "DIGEST_INVALID", "provided digest did not match uploaded content"}
		}
		r.keep(i)
		return nil
	}
	if _, exists := r.tagged[reference]; exists && r.locked(reference) {
		return &problem{http.StatusBadRequest, "TAG_INVALID",
			"The image tag '" + reference + "' already exists in the '" + r.name +
				"' repository and cannot be overwritten because the tag is immutable."}
	}
	r.keep(i)
	r.tagged[reference] = i.digest
	return nil
}

// keep adds the manifest unless it is there. A manifest that is there keeps the time of its first push, whatever tag it
// is pushed under (aws/containers-roadmap#2746); the API reference says only "at which the current image was pushed".
func (r *repository) keep(i *image) {
	if r.images[i.digest] == nil {
		r.images[i.digest] = i
	}
}
