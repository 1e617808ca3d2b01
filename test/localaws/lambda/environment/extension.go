package environment

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"sync"
)

// extensionBase is the Extensions API (AWS Lambda Developer Guide, runtimes-extensions-api).
const extensionBase = "/2020-01-01/extension/"

// extension is the runtime process's own extension. With one, Lambda gives the process time to end; the init phase ends
// when the extension waits for its next event too, and afterwards none can be registered.
type extension struct {
	mu     sync.Mutex
	id     string
	closed bool
	// waits is closed when the extension waits for an event.
	waits chan struct{}
	once  sync.Once
}

func newExtension() *extension { return &extension{waits: make(chan struct{})} }

// registered ends the registration and says whether there was one.
func (x *extension) registered() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.closed = true
	return x.id != ""
}

// resting waits for the extension, if there is one.
func (x *extension) resting(ctx context.Context) bool {
	if !x.registered() {
		return true
	}
	select {
	case <-x.waits:
		return true
	case <-ctx.Done():
		return false
	}
}

// register takes an extension of the runtime's process. Those may not ask for the shutdown event, which is for
// extensions with a process of their own.
func (e *environment) register(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Events []string }
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || r.Header.Get("Lambda-Extension-Name") == "" {
		refuse(w, http.StatusBadRequest, "InvalidRequestFormat", "Invalid request format")
		return
	}
	for _, event := range asked.Events {
		if event != "INVOKE" {
			refuse(w, http.StatusForbidden, "Extension.InvalidEventType", event+": event is not supported for internal "+
				"extensions")
			return
		}
	}
	e.extension.mu.Lock()
	defer e.extension.mu.Unlock()
	if e.extension.closed || e.extension.id != "" {
		refuse(w, http.StatusForbidden, "Extension.RegistrationClosed", "Extension registration closed already")
		return
	}
	e.extension.id = rand.Text()
	w.Header().Set("Lambda-Extension-Identifier", e.extension.id)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"functionName": e.function.Name,
		"functionVersion": e.function.Version, "handler": e.function.Handler})
}

// rest keeps the extension's request open: an extension without events gets none.
func (e *environment) rest(w http.ResponseWriter, r *http.Request) {
	e.extension.mu.Lock()
	known := e.extension.id != "" && r.Header.Get("Lambda-Extension-Identifier") == e.extension.id
	e.extension.mu.Unlock()
	if !known {
		refuse(w, http.StatusForbidden, "Extension.UnknownExtensionIdentifier", "Unknown extension")
		return
	}
	e.extension.once.Do(func() { close(e.extension.waits) })
	<-r.Context().Done()
}
