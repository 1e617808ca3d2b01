package ecr

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func (s *Registry) getManifest(w http.ResponseWriter, call *request) *problem {
	s.mu.Lock()
	repo := s.repositories[call.repo]
	var found *image
	if strings.HasPrefix(call.reference, "sha256:") {
		found = repo.find(call.reference, "")
	} else {
		found = repo.find("", call.reference)
	}
	if found != nil && call.Method == http.MethodGet {
		found.pulled = s.env.Clock.Now()
	}
	s.mu.Unlock()
	if found == nil {
		return &problem{http.StatusNotFound, "MANIFEST_UNKNOWN", "Requested image not found"}
	}
	w.Header().Set("Content-Type", found.mediaType)
	w.Header().Set("Docker-Content-Digest", found.digest)
	w.Header().Set("Content-Length", strconv.Itoa(len(found.manifest)))
	if call.Method == http.MethodGet {
		_, _ = w.Write(found.manifest)
	}
	return nil
}

func (s *Registry) getBlob(w http.ResponseWriter, call *request) *problem {
	s.mu.Lock()
	size, held := s.repositories[call.repo].layers[call.reference]
	s.mu.Unlock()
	if !held {
		return blobUnknown
	}
	w.Header().Set("Docker-Content-Digest", call.reference)
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	if call.Method == http.MethodHead {
		return nil
	}
	file, err := s.blobs.open(call.reference)
	if err != nil {
		return internal(err)
	}
	defer file.Close()
	sent, _ := io.Copy(w, file)
	s.counters.sent.Add(sent)
	return nil
}

func (s *Registry) getTags(w http.ResponseWriter, call *request) *problem {
	s.mu.Lock()
	tags := slices.Sorted(maps.Keys(s.repositories[call.repo].tagged))
	s.mu.Unlock()
	if tags == nil {
		tags = []string{}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"name": call.repo, "tags": tags})
	return nil
}
