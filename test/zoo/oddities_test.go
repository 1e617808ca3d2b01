package zoo

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	sample "github.com/aloft-dev/aloft/test/sampleapp/image"
)

// seen is what the odd program tells of where it finds itself.
type seen struct {
	Args, Env []string
	Dir       string
	Zombies   int
}

func (s seen) variable(name string) string {
	for _, pair := range s.Env {
		if value, found := strings.CutPrefix(pair, name+"="); found {
			return value
		}
	}
	return ""
}

// oddity is a form in which images are found, each a release of the same Stage.
type oddity struct {
	name     string
	config   v1.Config
	manifest func(*v1alpha1.Manifest)
	// bare images have the program and nothing else.
	bare  bool
	files []sample.Entry
	holds func(Gomega, *visitor, seen)
}

func env(pairs ...string) []string { return append([]string{debianPath}, pairs...) }

// args expects the program's own arguments.
func args(want ...string) func(Gomega, *visitor, seen) {
	return func(g Gomega, _ *visitor, s seen) { g.Expect(s.Args[1:]).To(HaveExactElements(want)) }
}

// variable expects a variable of the program's environment.
func variable(name, want string) func(Gomega, *visitor, seen) {
	return func(g Gomega, _ *visitor, s seen) { g.Expect(s.variable(name)).To(Equal(want)) }
}

func dir(want string) func(Gomega, *visitor, seen) {
	return func(g Gomega, _ *visitor, s seen) { g.Expect(s.Dir).To(Equal(want)) }
}

func works(Gomega, *visitor, seen) {}

// ends are what is noted of the programs that were asked to end by a signal of their own choice.
var ends = map[string]int{"SIGQUIT": 3, "quit": 3, "12": 12, "SIGRTMIN+3": 37, "": 15}

// The oddities of images that run.
var oddities = []oddity{
	{
		name:   "`ENTRYPOINT` and `CMD` in exec form",
		config: v1.Config{Entrypoint: []string{"/odd", "a b"}, Cmd: []string{"c", "$HOME"}}, holds: args("a b", "c", "$HOME"),
	},
	{name: "`CMD` alone, in exec form", config: v1.Config{Cmd: []string{"/odd", "c"}}, holds: args("c")},
	{
		name:   "`CMD` in shell form, with variables",
		config: v1.Config{Cmd: []string{"/bin/sh", "-c", `/odd "$GREETING"`}, Env: env("GREETING=it flies")},
		holds:  args("it flies"),
	},
	{
		name:   "`ENTRYPOINT` in shell form, which takes no `CMD`",
		config: v1.Config{Entrypoint: []string{"/bin/sh", "-c", "exec /odd e"}, Cmd: []string{"c"}}, holds: args("e"),
	},
	{
		name:   "an entry script that executes `CMD`",
		config: v1.Config{Entrypoint: []string{"/entry.sh"}, Cmd: []string{"/odd", "c"}},
		files:  []sample.Entry{{Path: "/entry.sh", Content: []byte("#!/bin/sh\nexec \"$@\" from-script\n"), Mode: 0o755}},
		holds:  args("c", "from-script"),
	},
	{
		name:   "a relative program in a `WORKDIR`",
		config: v1.Config{Entrypoint: []string{"./odd"}, WorkingDir: "/srv/app"}, holds: dir("/srv/app"),
	},
	{name: "no `WORKDIR`", config: v1.Config{Cmd: []string{"/odd"}}, holds: dir("/")},
	{
		name:   "a program that is found by the image's `PATH`",
		config: v1.Config{Cmd: []string{"odd"}, Env: []string{"PATH=/nowhere:/srv/app"}},
		holds:  variable("PATH", "/nowhere:/srv/app"),
	},
	{name: "no `PATH`: a program in `/usr/local/sbin`", config: v1.Config{Cmd: []string{"odd"}}, holds: works},
	{name: "no `HOME`", config: v1.Config{Cmd: []string{"/odd"}}, holds: variable("HOME", "/tmp")},
	{
		name:   "`HOME` by `ENV`",
		config: v1.Config{Cmd: []string{"/odd"}, Env: env("HOME=/srv/app")}, holds: variable("HOME", "/srv/app"),
	},
	{
		name:   "`ENV` that the Stage's `environment` sets too",
		config: v1.Config{Cmd: []string{"/odd"}, Env: env("GREETING=image")}, holds: variable("GREETING", "stage"),
		manifest: func(m *v1alpha1.Manifest) {
			m.Environment = map[string]v1alpha1.EnvironmentValue{"GREETING": "stage"}
		},
	},
	{
		name:   "`ENV` that a Secret sets too",
		config: v1.Config{Cmd: []string{"/odd"}, Env: env("DATABASE_URL=")},
		holds: func(g Gomega, _ *visitor, s seen) {
			g.Expect(s.variable("DATABASE_URL")).To(HavePrefix("http://app:"))
		},
	},
	{name: "`USER` by name", config: v1.Config{Cmd: []string{"/odd"}, User: "nobody"}, holds: works},
	{name: "`USER` by number, with a group", config: v1.Config{Cmd: []string{"/odd"}, User: "1000:1000"}, holds: works},
	{
		name:   "`FROM scratch`: the program and nothing else, not even `/tmp`",
		config: v1.Config{Entrypoint: []string{"/odd"}}, bare: true, holds: works,
	},
	listens("127.0.0.1:8080"), listens("[::1]:8080"), listens("127.0.0.2:8080"), listens("localhost:8080"),
	listens("[::]:8080"), listens("127.0.0.1:8081,127.0.0.1:8080"),
	{
		name: "a server that listens after 11 seconds, when Lambda's init phase is over", holds: works,
		config: v1.Config{Cmd: []string{"/odd"}, Env: env("WAIT=11s")},
	},
	{
		name:   "a server that answers 503 for 3 seconds, with `http.healthPath`",
		config: v1.Config{Cmd: []string{"/odd"}, Env: env("UNWELL=3s")}, holds: works,
		manifest: func(m *v1alpha1.Manifest) { m.HTTP.HealthPath = "/up" },
	},
	{
		name: "children that outlive their parents", config: v1.Config{Cmd: []string{"/odd"}, Env: env()},
		holds: func(g Gomega, v *visitor, _ seen) {
			g.Expect(v.get("/orphan").Text).To(ContainSubstring("nil"))
			g.Eventually(func(g Gomega) {
				var s seen
				g.Expect(json.Unmarshal([]byte(v.get("/").Text), &s)).To(Succeed())
				g.Expect(s.Zombies).To(Equal(0))
			}, "10s", "100ms").Should(Succeed())
		},
	},
	stops("SIGQUIT"), stops("quit"), stops("12"), stops("SIGRTMIN+3"), stops(""),
}

func listens(addresses string) oddity {
	return oddity{
		name: "a server on `" + strings.ReplaceAll(addresses, ",", "` and `") + "`", holds: works,
		config: v1.Config{Cmd: []string{"/odd"}, Env: env("LISTEN=" + addresses)},
	}
}

// stops is an image whose program notes by what it was asked to end.
func stops(signal string) oddity {
	name := "`STOPSIGNAL " + signal + "`"
	if signal == "" {
		name = "no `STOPSIGNAL`, and a shell that hands none on"
	}
	o := oddity{name: name, holds: works, config: v1.Config{
		Cmd: []string{"/odd"}, StopSignal: signal, Env: env("NAME=stop:" + signal),
	}}
	if signal == "" {
		o.config.Cmd = []string{"/bin/sh", "-c", "/odd; true"}
	}
	return o
}

// oddProgram builds the program that all oddities share.
func oddProgram(t *testing.T) []byte {
	t.Helper()
	g := NewWithT(t)
	path := filepath.Join(t.TempDir(), "odd")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "./odd")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	output, err := build.CombinedOutput()
	g.Expect(err).NotTo(HaveOccurred(), "%s", output)
	program, err := os.ReadFile(path)
	g.Expect(err).NotTo(HaveOccurred())
	return program
}

// odd is an image with the program, and with a shell where it is not bare.
func odd(program []byte, config v1.Config, bare bool, files ...sample.Entry) picture {
	if bare {
		return picture{config: config, files: []sample.Entry{{Path: "/odd", Content: program, Mode: 0o755}}}
	}
	for _, applet := range []string{"sh", "sleep", "cat", "whoami"} {
		files = append(files, sample.Entry{Path: "/bin/" + applet, Link: "/bin/busybox"})
	}
	for _, place := range []string{"/srv/app/odd", "/usr/local/sbin/odd"} {
		files = append(files, sample.Entry{Path: place, Link: "/odd"})
	}
	const users = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"
	files = append(files, sample.Entry{Path: "/odd", Content: program, Mode: 0o755},
		sample.Entry{Path: "/etc/passwd", Content: []byte(users), Mode: 0o644})
	return picture{layers: []string{"debian-odd"}, config: config, files: files}
}

// soft reports what does not hold of an image, and goes on with the next one.
func soft(t *testing.T, name string) Gomega {
	return NewGomega(func(message string, _ ...int) { t.Errorf("an image that %s: %s", name, message) })
}

// tourOfOddities releases one oddity after another, and no visitor ever meets an error.
func (z *zoo) tourOfOddities(t *testing.T) {
	program := oddProgram(t)
	tag := func(n int) string { return fmt.Sprintf("odd-%d", n+1) }
	for n, o := range oddities {
		z.push(t, odd(program, o.config, o.bare, slices.Clone(o.files)...), "oddities", tag(n))
	}
	manifest := func(o oddity) func(*v1alpha1.Stage) {
		return func(s *v1alpha1.Stage) {
			s.Spec.Manifest.HTTP.HealthPath = ""
			s.Spec.Manifest.Environment = nil
			if o.manifest != nil {
				o.manifest(&s.Spec.Manifest)
			}
		}
	}
	var s *stage
	var l *load
	for n, o := range oddities {
		if n == 0 {
			s = z.apply(t, "oddities", tag(n), manifest(o))
		} else {
			s.ask(tag(n), manifest(o))
		}
		s.becomesLive(tag(n))
		if l == nil {
			l = s.load("/", "zombies")
		}
		v := s.visitor()
		var told seen
		s.g.Expect(json.Unmarshal([]byte(v.get("/").Text), &told)).To(Succeed(), o.name)
		o.holds(soft(t, o.name), v, told)
	}
	l.stop()
	s.g.Expect(l.failed).To(BeEmpty(), "of %d requests while %d oddities were released", l.asked, len(oddities))
	s.removed()
	var noted []string
	for _, entry := range z.Database.Entries("ends") {
		noted = append(noted, entry.Note)
	}
	for signal, number := range ends {
		s.g.Expect(noted).To(ContainElement(fmt.Sprintf("stop:%s by signal %d", signal, number)))
	}
}
