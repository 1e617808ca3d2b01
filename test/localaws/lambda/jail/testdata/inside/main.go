// Command inside reports what a program sees from inside its jail, as JSON on standard output.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "sleep" {
		fmt.Println("asleep")
		time.Sleep(time.Hour)
	}
	if len(os.Args) > 1 && os.Args[1] == "obey" {
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		fmt.Println("ready")
		<-stop
		os.Exit(5)
	}
	seen := map[string]string{
		"uid":  fmt.Sprint(os.Getuid()),
		"env":  os.Getenv("GREETING"),
		"dir":  first(os.Getwd()),
		"root": verdict(os.WriteFile("/written", []byte("x"), 0o600)),
		"tmp":  verdict(os.WriteFile("/tmp/written", []byte("x"), 0o600)),
		"shm":  verdict(os.WriteFile("/dev/shm/written", []byte("x"), 0o600)),
		"null": verdict(os.WriteFile("/dev/null", []byte("x"), 0o600)),
		"kept": verdict(os.WriteFile("/etc/kept", []byte("x"), 0o600)),
	}
	if listener, err := net.Listen("tcp", "127.0.0.1:18080"); err == nil {
		defer listener.Close()
		seen["listen"] = "yes"
	}
	if listener, err := net.Listen("tcp", "127.0.0.1:80"); err == nil {
		defer listener.Close()
		seen["privileged port"] = "yes"
	}
	var limit syscall.Rlimit
	_ = syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	seen["files"] = fmt.Sprint(limit.Max)
	_, err := os.ReadFile("/etc/secret")
	seen["root's own"] = verdict(err)
	_, err = os.ReadFile("/etc/hosts")
	seen["hosts"] = verdict(err)
	seen["2 MiB in /tmp"] = verdict(os.WriteFile("/tmp/large", make([]byte, 2<<20), 0o600))
	seen["owner"] = verdict(os.Chown("/tmp/written", 1, 1))
	if answer, err := http.Get("http://127.0.0.1:9001/"); err == nil {
		body, _ := io.ReadAll(answer.Body)
		seen["outside"] = string(body)
	}
	_ = json.NewEncoder(os.Stdout).Encode(seen)
	if _, err := os.Stat("/tmp/hold"); err == nil {
		time.Sleep(time.Hour)
	}
	os.Exit(7)
}

func verdict(err error) string {
	if err != nil {
		return "no"
	}
	return "yes"
}

func first(value string, _ error) string { return value }
