package database

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// User is the name that clients sign in with; the password is the server's own.
const User = "app"

// Server answers for a DB on a loopback port:
//
//	POST /journals/{name}   body: a note; answers {"count":n}
//	GET  /journals/{name}   answers the entries, oldest first
//	GET  /counts            answers the size of every journal
type Server struct {
	*DB
	password string
	listener net.Listener
	http     *http.Server
}

// Serve opens the journals at path (memory only when empty) and answers on address, "127.0.0.1:0" for a free port.
// An empty password makes a random one; both are part of URL.
func Serve(path, address, password string) (*Server, error) {
	if password == "" {
		password = rand.Text()
	}
	db, err := Open(path)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listening for the application: %w", err), db.Close())
	}
	server := &Server{DB: db, password: password, listener: listener}
	server.http = &http.Server{Handler: server, ReadHeaderTimeout: 5 * time.Second}
	go server.http.Serve(listener)
	return server, nil
}

// URL is the secret that the application knows as DATABASE_URL; it holds the password.
func (s *Server) URL() string {
	address := url.URL{Scheme: "http", User: url.UserPassword(User, s.password), Host: s.listener.Addr().String()}
	return address.String()
}

// Close ends the server and its file.
func (s *Server) Close() error {
	return errors.Join(s.http.Close(), s.DB.Close())
}

// ServeHTTP refuses whoever does not know the password, and answers the others.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	if user != User || subtle.ConstantTimeCompare([]byte(password), []byte(s.password)) != 1 {
		http.Error(w, "wrong user or password", http.StatusUnauthorized)
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /journals/{name}", s.append)
	mux.HandleFunc("GET /journals/{name}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, s.Entries(r.PathValue("name")))
	})
	mux.HandleFunc("GET /counts", func(w http.ResponseWriter, _ *http.Request) { answer(w, s.Counts()) })
	mux.ServeHTTP(w, r)
}

func (s *Server) append(w http.ResponseWriter, r *http.Request) {
	note, err := io.ReadAll(io.LimitReader(r.Body, maxNoteBytes+1))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	count, err := s.Append(r.PathValue("name"), string(note))
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	answer(w, map[string]int{"count": count})
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}
