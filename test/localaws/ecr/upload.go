package ecr

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// beginUpload opens an upload, mounts a layer of another repository of the registry, or takes the whole layer at once.
// A mount that cannot be done is answered with 202 and an upload: the client sends the layer then
// (Amazon ECR user guide, blob mounting).
func (s *Registry) beginUpload(w http.ResponseWriter, call *request) *problem {
	query := call.URL.Query()
	if digest := query.Get("mount"); digest != "" && s.mount(call.repo, query.Get("from"), digest) {
		return created(w, call.repo, digest)
	}
	u, err := s.blobs.begin(call.repo)
	if err != nil {
		return internal(err)
	}
	if digest := query.Get("digest"); digest != "" {
		return s.finish(w, call, u, digest)
	}
	u.accepted(w, http.StatusAccepted)
	return nil
}

// mount makes a layer of one repository part of another.
func (s *Registry) mount(to, from, digest string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	source := s.repositories[from]
	if source == nil {
		return false
	}
	size, held := source.layers[digest]
	if held {
		s.repositories[to].layers[digest] = size
		s.counters.mounted.Add(1)
	}
	return held
}

func (s *Registry) continueUpload(w http.ResponseWriter, call *request) *problem {
	u := s.blobs.upload(call.repo, call.reference)
	if u == nil {
		return uploadUnknown
	}
	if from, _, ok := strings.Cut(call.Header.Get("Content-Range"), "-"); ok {
		if start, err := strconv.ParseInt(from, 10, 64); err != nil || start != u.length() {
			u.accepted(w, http.StatusRequestedRangeNotSatisfiable)
			return nil
		}
	}
	if p := s.take(call, u); p != nil {
		return p
	}
	u.accepted(w, http.StatusAccepted)
	return nil
}

func (s *Registry) endUpload(w http.ResponseWriter, call *request) *problem {
	u := s.blobs.upload(call.repo, call.reference)
	if u == nil {
		return uploadUnknown
	}
	return s.finish(w, call, u, call.URL.Query().Get("digest"))
}

func (s *Registry) uploadState(w http.ResponseWriter, call *request) *problem {
	u := s.blobs.upload(call.repo, call.reference)
	if u == nil {
		return uploadUnknown
	}
	u.accepted(w, http.StatusNoContent)
	return nil
}

func (s *Registry) cancelUpload(w http.ResponseWriter, call *request) *problem {
	u := s.blobs.upload(call.repo, call.reference)
	if u == nil {
		return uploadUnknown
	}
	s.blobs.cancel(u)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Registry) take(call *request, u *upload) *problem {
	came, err := u.write(call.Body)
	s.counters.received.Add(came)
	call.received += came
	if err != nil {
		s.blobs.cancel(u)
		return internal(err)
	}
	return nil
}

func (s *Registry) finish(w http.ResponseWriter, call *request, u *upload, digest string) *problem {
	if p := s.take(call, u); p != nil {
		return p
	}
	if !validDigest(digest) {
		s.blobs.cancel(u)
		return digestInvalid
	}
	size, err := s.blobs.commit(u, digest)
	if errors.Is(err, errDigest) {
		return digestInvalid
	}
	if err != nil {
		return internal(err)
	}
	s.mu.Lock()
	repo := s.repositories[call.repo]
	if repo != nil {
		repo.layers[digest] = size
	}
	s.mu.Unlock()
	return created(w, call.repo, digest)
}

func created(w http.ResponseWriter, repo, digest string) *problem {
	w.Header().Set("Location", "/v2/"+repo+"/blobs/"+digest)
	w.Header().Set("Docker-Content-Digest", digest)
	w.WriteHeader(http.StatusCreated)
	return nil
}

func (u *upload) length() int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.size
}

func (u *upload) accepted(w http.ResponseWriter, status int) {
	w.Header().Set("Location", "/v2/"+u.repo+"/blobs/uploads/"+u.id)
	w.Header().Set("Docker-Upload-UUID", u.id)
	w.Header().Set("Range", "0-"+strconv.FormatInt(max(u.length()-1, 0), 10))
	w.WriteHeader(status)
}
