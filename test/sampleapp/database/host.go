package database

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Host answers for several databases on one loopback port: a client reaches the one whose password it gives.
type Host struct {
	listener net.Listener
	http     *http.Server

	mu        sync.Mutex
	databases map[string]*Server
}

// NewHost answers on address, "127.0.0.1:0" for a free port.
func NewHost(address string) (*Host, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening for applications: %w", err)
	}
	h := &Host{listener: listener, databases: map[string]*Server{}}
	h.http = &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	go h.http.Serve(listener)
	return h, nil
}

// Open adds a database, in memory only. It is closed with the host.
func (h *Host) Open() (*Server, error) {
	db, err := Open("")
	if err != nil {
		return nil, err
	}
	server := &Server{DB: db, password: rand.Text(), listener: h.listener}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.databases[server.password] = server
	return server, nil
}

// Port that it answers on.
func (h *Host) Port() string {
	_, port, _ := net.SplitHostPort(h.listener.Addr().String())
	return port
}

// ServeHTTP hands a request to the database that its password opens.
func (h *Host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, password, _ := r.BasicAuth()
	h.mu.Lock()
	server := h.databases[password]
	h.mu.Unlock()
	if server == nil {
		http.Error(w, "wrong user or password", http.StatusUnauthorized)
		return
	}
	server.ServeHTTP(w, r)
}

// Close ends the host and its databases.
func (h *Host) Close() error {
	problems := []error{h.http.Close()}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, server := range h.databases {
		problems = append(problems, server.DB.Close())
	}
	return errors.Join(problems...)
}
