package stage

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// userRegistry is the registry that the user pushes to.
type userRegistry struct {
	server *httptest.Server

	mu sync.Mutex
	// held is closed when layers may be read again; nil lets them pass.
	held chan struct{}
	// asked are all requests since anyone asked, and blobs those for a layer or a configuration.
	blobs, asked int
}

func newRegistry() *userRegistry {
	s := &userRegistry{}
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		s.mu.Lock()
		held := s.held
		s.asked++
		isBlob := request.Method == http.MethodGet && strings.Contains(request.URL.Path, "/blobs/")
		if isBlob {
			s.blobs++
		}
		s.mu.Unlock()
		if isBlob && held != nil {
			select {
			case <-held:
			case <-request.Context().Done():
			}
		}
		inner.ServeHTTP(w, request)
	}))
	DeferCleanup(s.server.Close)
	return s
}

// hold lets nobody read a layer until the function that is given is called.
func (s *userRegistry) hold() (letGo func()) {
	held := make(chan struct{})
	s.mu.Lock()
	s.held = held
	s.mu.Unlock()
	letGo = sync.OnceFunc(func() {
		s.mu.Lock()
		s.held = nil
		s.mu.Unlock()
		close(held)
	})
	DeferCleanup(letGo)
	return letGo
}

// asks are the requests since anyone asked.
func (s *userRegistry) asks() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked, s.blobs = 0, 0
	return asked
}

// reads are the layers and configurations that were asked for, beside the other requests.
func (s *userRegistry) reads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.blobs
}

func (s *userRegistry) host() string { return strings.TrimPrefix(s.server.URL, "http://") }

func (s *userRegistry) repository() string { return s.host() + "/acme/counter" }

// push is what a build pipeline does.
func (s *userRegistry) push(tag string, image v1.Image) {
	GinkgoHelper()
	target, err := name.NewTag(s.repository() + ":" + tag)
	Expect(err).NotTo(HaveOccurred())
	Expect(remote.Write(target, image)).To(Succeed())
	s.asks()
}

// built is an image that Lambda can run, with other content each time.
func built() v1.Image {
	GinkgoHelper()
	image, err := random.Image(64, 1)
	Expect(err).NotTo(HaveOccurred())
	config, err := image.ConfigFile()
	Expect(err).NotTo(HaveOccurred())
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Config.Entrypoint = "linux", "amd64", []string{"/app"}
	image, err = mutate.ConfigFile(image, config)
	Expect(err).NotTo(HaveOccurred())
	return image
}

func digest(image v1.Image) string {
	GinkgoHelper()
	hash, err := image.Digest()
	Expect(err).NotTo(HaveOccurred())
	return hash.String()
}
