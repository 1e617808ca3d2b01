// Command odd is a server with the oddities that images have. Its environment says which:
//
//	LISTEN   addresses to listen on, separated by commas; by default all of them at PORT
//	WAIT     how long to sleep before that
//	SAY      lines to print before anything else
//	WRITE    a file to write; READ one to read; FILL a file to write 600 MB to; OPEN a number of files to open
//	UNWELL   how long 503 is answered after the start; STATUS what is answered to everything
//	DETACH   a copy of itself is started and left alone, as daemons do
//	EXIT     the code to end with in place of listening
//	NAME     its name in the journal of its database, at DATABASE_URL, of who was ended by which signal
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// fourthRealTime is SIGRTMIN+3, as the C library counts.
const fourthRealTime = syscall.Signal(37)

func main() {
	log.SetFlags(0)
	for n := range number("SAY") {
		log.Printf("line %d of what the program has to say", n+1)
	}
	if err := suffer(); err != nil {
		log.Fatalf("odd: %v", err)
	}
	if code, found := os.LookupEnv("EXIT"); found {
		log.Printf("odd ends with %s", code)
		os.Exit(number("EXIT"))
	}
	time.Sleep(length("WAIT"))
	if err := serve(); err != nil {
		log.Fatalf("odd: %v", err)
	}
}

func number(name string) int {
	value, _ := strconv.Atoi(os.Getenv(name))
	return value
}

func length(name string) time.Duration {
	value, _ := time.ParseDuration(os.Getenv(name))
	return value
}

// suffer does what Lambda may forbid.
func suffer() error {
	if path := os.Getenv("WRITE"); path != "" {
		if err := os.WriteFile(path, []byte("odd"), 0o600); err != nil {
			return err
		}
	}
	if path := os.Getenv("READ"); path != "" {
		if _, err := os.ReadFile(path); err != nil {
			return err
		}
	}
	if path := os.Getenv("FILL"); path != "" {
		if err := fill(path); err != nil {
			return err
		}
	}
	var kept []*os.File
	for range number("OPEN") {
		file, err := os.Open("/proc/self/stat")
		if err != nil {
			return err
		}
		kept = append(kept, file)
	}
	_ = kept
	if os.Getenv("DETACH") != "" {
		_ = os.Unsetenv("DETACH")
		if err := exec.Command(os.Args[0]).Start(); err != nil {
			return err
		}
		log.Print("odd goes on in the background")
		os.Exit(0)
	}
	return nil
}

func fill(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	for range 600 {
		if _, err := file.Write(make([]byte, 1<<20)); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	return file.Close()
}

func serve() error {
	addresses := os.Getenv("LISTEN")
	if addresses == "" {
		addresses = ":" + os.Getenv("PORT")
	}
	failed := make(chan error)
	for address := range strings.SplitSeq(addresses, ",") {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		log.Printf("odd listens on %s", listener.Addr())
		go func() { failed <- http.Serve(listener, handler(time.Now())) }()
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGUSR2, fourthRealTime)
	select {
	case err := <-failed:
		return err
	case got := <-ended:
		return note(fmt.Sprintf("%s by signal %d", os.Getenv("NAME"), got))
	}
}

// note takes its time, as a program does that finishes what it has begun.
func note(text string) error {
	time.Sleep(100 * time.Millisecond)
	response, err := http.Post(os.Getenv("DATABASE_URL")+"/journals/ends", "text/plain", strings.NewReader(text))
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func handler(began time.Time) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		if time.Since(began) < length("UNWELL") {
			http.Error(w, "what it waits for is not there yet", http.StatusServiceUnavailable)
			return
		}
		if status := number("STATUS"); status != 0 {
			http.Error(w, "it never works", status)
			return
		}
		told := map[string]any{"args": os.Args, "env": os.Environ(), "zombies": zombies()}
		told["dir"], _ = os.Getwd()
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(told)
	})
	mux.HandleFunc("/orphan", func(w http.ResponseWriter, _ *http.Request) {
		output, err := exec.Command("/bin/sh", "-c", "(sleep 0.05; exit 3) & (sleep 0.1) & exit 0").CombinedOutput()
		_, _ = fmt.Fprintf(w, "%s %v", output, err)
	})
	return mux
}

// zombies counts the processes that ended and that nobody waits for.
func zombies() (count int) {
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if _, after, _ := strings.Cut(string(content), ") "); strings.HasPrefix(after, "Z") {
			count++
		}
	}
	return count
}
