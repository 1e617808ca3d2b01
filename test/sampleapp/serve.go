package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"time"
)

// web answers HTTP requests; store is nil when the application was started without a database.
type web struct {
	build  build
	store  *store
	getenv func(string) string
}

func serve(ctx context.Context, b build, stdout io.Writer, getenv func(string) string) error {
	if b.CrashAtStart {
		return exitError{code: 70, message: "cannot start: the configuration names a cache that does not exist"}
	}
	app := web{build: b, getenv: getenv}
	store, err := connect(getenv("DATABASE_URL"))
	switch {
	case err == nil:
		app.store = store
	case !errors.Is(err, errNoDatabase):
		return err
	}
	listener, err := net.Listen("tcp", ":"+cmp.Or(getenv("PORT"), "8080"))
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	fmt.Fprintf(stdout, "sampleapp %s listens on %s\n", b.Version, listener.Addr())
	server := &http.Server{Handler: app.handler(), ReadHeaderTimeout: 5 * time.Second}
	stopped := context.AfterFunc(ctx, func() {
		deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(deadline)
	})
	defer stopped()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}

func (a web) handler() http.Handler {
	files := http.Dir(cmp.Or(a.getenv("PUBLIC_DIR"), "/var/www/public"))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.page)
	mux.HandleFunc("GET /status", a.status)
	mux.HandleFunc("POST /jobs", a.enqueueJob)
	mux.HandleFunc("POST /work", a.performJob)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.Handle("GET /public/", http.StripPrefix("/public", http.FileServer(files)))
	mux.Handle("GET /assets/", http.StripPrefix("/assets", http.FileServer(files)))
	return newGuard(a.getenv).wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.RequestURI, "/seen/") { // not by the mux, which redirects paths that it would write otherwise
			seen(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	}))
}

// seen says what the application saw of a request below /seen/.
func seen(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"uri": r.RequestURI, "host": r.Host, "header": r.Header})
}

// status is what the application says about itself at /status.
type status struct {
	Version   string `json:"version"`
	Database  string `json:"database"`
	Migration int    `json:"migrations"`
	Jobs      int    `json:"jobs"`
	Failed    int    `json:"failedJobs"`
	Schedules int    `json:"schedules"`
}

func (a web) read(ctx context.Context) status {
	now := status{Version: a.build.Version, Database: "none"}
	if a.store == nil {
		return now
	}
	counts, err := a.store.counts(ctx)
	if err != nil {
		log.Print(err)
		now.Database = "unreachable"
		return now
	}
	now.Database, now.Migration, now.Jobs = "connected", counts[journalMigrations], counts[journalJobs]
	now.Failed, now.Schedules = counts[journalFailed], counts[journalSchedules]
	return now
}

func (a web) status(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, a.read(r.Context()))
}

func writeJSON(w http.ResponseWriter, code int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(value)
}
