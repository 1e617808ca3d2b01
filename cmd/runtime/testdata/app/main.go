// Command app is a web application for the runtime's tests: a plain server with commands, which knows nothing of
// Lambda.
package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	args := os.Args[1:]
	if len(args) == 0 {
		args = []string{"serve"}
	}
	actions := map[string]func(args []string){
		"serve": serve, "crash": crash, "fork": fork, "deaf": deaf, "env": env, "say": say, "count": count, "sleep": sleep,
		"orphan": orphan, "parent": parent, "nurse": nurse, "work": work, "chatter": chatter,
	}
	actions[args[0]](args[1:])
}

func serve([]string) {
	mux := http.NewServeMux()
	mux.HandleFunc("/echo/", echo)
	mux.HandleFunc("/env", func(w http.ResponseWriter, r *http.Request) {
		if name := r.FormValue("name"); name != "PWD" {
			io.WriteString(w, os.Getenv(name))
			return
		}
		dir, _ := os.Getwd()
		io.WriteString(w, dir)
	})
	mux.HandleFunc("/parent", func(w http.ResponseWriter, r *http.Request) {
		content, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", os.Getppid(), r.FormValue("file")))
		fmt.Fprint(w, len(content), " bytes, ", err)
	})
	mux.HandleFunc("/pid", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, os.Getpid()) })
	mux.HandleFunc("/crash", func(http.ResponseWriter, *http.Request) { os.Exit(3) })
	mux.HandleFunc("/slow", func(http.ResponseWriter, *http.Request) { time.Sleep(time.Hour) })
	mux.HandleFunc("/answer", answer)
	mux.HandleFunc("/events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, "data: 1\n\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("/work", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		message, queue := r.Header.Get("X-Aloft-Message-Id"), r.Header.Get("X-Aloft-Queue")
		proto := r.Header.Get("X-Forwarded-Proto")
		note(strings.Join([]string{r.Method, string(body), message, queue, r.Host, proto}, " "))
		if strings.Contains(string(body), "fail") {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("/_aloft/warm", func(http.ResponseWriter, *http.Request) { note("warm") })
	begun := time.Now()
	mux.HandleFunc("/up", func(w http.ResponseWriter, r *http.Request) {
		if sick, _ := time.ParseDuration(os.Getenv("SICK_FOR")); time.Since(begun) < sick {
			http.Error(w, "the one behind is not up, password "+os.Getenv("DB_PASSWORD"), http.StatusBadGateway)
			return
		}
		note(strings.Join([]string{"up", r.Host, r.Header.Get("X-Forwarded-Proto")}, " "))
		w.WriteHeader(http.StatusUnauthorized)
	})
	mux.HandleFunc("/early", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	})
	if late, _ := time.ParseDuration(os.Getenv("START_AFTER")); late > 0 {
		fmt.Println("starting takes", late)
		time.Sleep(late)
	}
	address := net.JoinHostPort(cmp.Or(os.Getenv("BIND"), "127.0.0.1"), cmp.Or(os.Getenv("OWN_PORT"), os.Getenv("PORT")))
	fmt.Println("listening on", address)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGQUIT)
	go func() {
		fmt.Println("got", <-stop)
		note("terminated")
		os.Exit(0)
	}()
	fmt.Println(http.ListenAndServe(address, mux))
}

// echo says what arrived.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{
		"method": r.Method, "uri": r.RequestURI, "host": r.Host, "header": r.Header, "body": body,
		"length": r.ContentLength,
	})
}

// answer sends what the query asks for: status, header (repeated, "Name: value") and body.
func answer(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	for _, header := range query["header"] {
		name, value, _ := strings.Cut(header, ": ")
		w.Header().Add(name, value)
	}
	status, err := strconv.Atoi(query.Get("status"))
	if err != nil {
		status = http.StatusOK
	}
	w.WriteHeader(status)
	size, _ := strconv.Atoi(query.Get("size"))
	io.WriteString(w, query.Get("body")+strings.Repeat("x", size))
}

func crash([]string) {
	fmt.Println("configuration: the cache does not exist")
	for line := range 1000 {
		if line == 500 {
			fmt.Println("mkdir /app/cache: read-only file system")
		}
		fmt.Println("\x1b[2m  at line", line, "of a stack trace\x1b[0m")
	}
	fmt.Fprintln(os.Stderr, "password is", os.Getenv("DB_PASSWORD"))
	os.Exit(70)
}

// fork listens before its worker has loaded the application's code, as servers with workers do.
func fork([]string) {
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		panic(err)
	}
	connection, _ := listener.Accept() // of the one who looks whether it listens
	connection.Close()
	fmt.Println("worker: no module named shop")
	if os.Getenv("KEEPS_ON") == "" {
		listener.Accept()
		fmt.Println("worker failed to boot")
		os.Exit(3)
	}
	for {
		connection, _ := listener.Accept()
		connection.Close()
	}
}

func deaf([]string) { time.Sleep(time.Hour) }

func env(args []string) {
	for _, name := range args {
		fmt.Printf("%s=%s\n", name, os.Getenv(name))
	}
}

func say(args []string) {
	code, _ := strconv.Atoi(args[0])
	fmt.Println(strings.Join(args[1:], "|"))
	fmt.Fprintln(os.Stderr, "to standard error")
	os.Exit(code)
}

// count appends a line to the file in NOTES, so that a test sees how often it ran.
func count([]string) {
	note("ran")
	fmt.Println("counted")
}

func sleep(args []string) {
	fmt.Println("sleeping")
	time.Sleep(time.Hour)
}

// orphan leaves a child behind that holds the output open.
func orphan([]string) {
	child := exec.Command("/proc/self/exe", "sleep")
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	child.Start()
	fmt.Println("child", child.Process.Pid)
}

// nurse starts a server, and ends some time after it: with NURSES it starts the server again instead.
func nurse([]string) {
	for again := true; again; again = os.Getenv("NURSES") != "" {
		child := exec.Command("/proc/self/exe", "serve")
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		child.Run()
		time.Sleep(time.Second)
	}
	os.Exit(3)
}

// parent waits for its child.
func parent(args []string) {
	orphan(args)
	time.Sleep(time.Hour)
}

// chatter prints its second argument as often as its first says.
func chatter(args []string) {
	times, _ := strconv.Atoi(args[0])
	for range times {
		fmt.Println(args[1])
	}
}

// work is a queue worker: it notes the job and fails when the job says so.
func work([]string) {
	body, _ := io.ReadAll(os.Stdin)
	note(strings.Join([]string{
		string(body), os.Getenv("ALOFT_MESSAGE_ID"), os.Getenv("ALOFT_QUEUE"), os.Getenv("ALOFT_RECEIVE_COUNT"),
		os.Getenv("ALOFT_ATTRIBUTE_TRACE_ID"),
	}, " "))
	if strings.Contains(string(body), "fail") {
		os.Exit(1)
	}
	if strings.Contains(string(body), "hang") {
		time.Sleep(time.Hour)
	}
}

func note(text string) {
	file, err := os.OpenFile(os.Getenv("NOTES"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return
	}
	defer file.Close()
	fmt.Fprintln(file, text)
}
