package zoo

import (
	"fmt"
	"os"
	"slices"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	sample "github.com/aloft-dev/aloft/test/sampleapp/image"
)

// offence is an image that does not run.
type offence struct {
	name     string
	config   v1.Config
	manifest func(*v1alpha1.Manifest)
	bare     bool
	files    []sample.Entry
	arch     string
	// rule is the sentence of docs/images.md that the Stage's message names.
	rule string
	// says is in the message too.
	says []string
}

// The rules that docs/images.md has.
const (
	readOnly  = "Only /tmp can be written to; the image's own files are read-only."
	noWorkdir = "A WORKDIR that is not in the image cannot be made."
	lowPort   = "No program listens on a port below 1024, for none runs as root."
	ownPort   = "Port 9001 is Lambda's own."
	noShm     = "There is no /dev/shm."
	fullTmp   = "/tmp holds 512 MB."
	manyFiles = "At most 1,024 files and sockets can be open."
	noName    = "The user has no entry in /etc/passwd."
	otherUser = "Programs run as a user of Lambda's, not as root and not as the image's USER."
	otherArch = "The program is for the architecture of the manifest, and a script begins with #! and its interpreter."
)

// The images that do not run, and what the Stage says of them.
var offences = []offence{
	{
		name: "writes beside itself", config: v1.Config{Cmd: []string{"/odd"}, Env: env("WRITE=/srv/app/odd.log")},
		rule: readOnly, says: []string{"open /srv/app/odd.log: read-only file system"},
	},
	{
		name: "has a `WORKDIR` that nobody made", config: v1.Config{Cmd: []string{"/odd"}, WorkingDir: "/srv/missing"},
		rule: noWorkdir, says: []string{"/srv/missing"},
	},
	{
		name: "has a `WORKDIR` for root alone", config: v1.Config{Cmd: []string{"/odd"}, WorkingDir: "/root"},
		files: []sample.Entry{{Path: "/root", Mode: os.ModeDir | 0o700}},
		rule:  otherUser, says: []string{"/root"},
	},
	{
		name: "listens on port 80", config: v1.Config{Cmd: []string{"/odd"}, Env: env("LISTEN=:80")},
		rule: lowPort, says: []string{"listen tcp :80: bind: permission denied"},
	},
	{
		name: "listens on port 9001", config: v1.Config{Cmd: []string{"/odd"}, Env: env("LISTEN=127.0.0.1:9001")},
		rule: ownPort, says: []string{"address already in use"},
	},
	{
		name: "needs `/dev/shm`", config: v1.Config{Cmd: []string{"/odd"}, Env: env("WRITE=/dev/shm/odd")},
		rule: noShm,
	},
	{
		name: "fills `/tmp`", config: v1.Config{Cmd: []string{"/odd"}, Env: env("FILL=/tmp/odd")},
		rule: fullTmp, says: []string{"no space left on device"},
	},
	{
		name: "opens 2,000 files", config: v1.Config{Cmd: []string{"/odd"}, Env: env("OPEN=2000")},
		rule: manyFiles, says: []string{"too many open files"},
	},
	{
		name: "asks who it is", config: v1.Config{Cmd: []string{"/bin/sh", "-c", "whoami && exec /odd"}},
		rule: noName, says: []string{"whoami"},
	},
	{
		name:   "reads what is for root alone",
		config: v1.Config{Cmd: []string{"/odd"}, User: "root", Env: env("READ=/etc/key")},
		files:  []sample.Entry{{Path: "/etc/key", Content: []byte("key"), Mode: 0o600}},
		rule:   otherUser, says: []string{"open /etc/key: permission denied"},
	},
	{
		name: "is no program", config: v1.Config{Cmd: []string{"/start"}},
		files: []sample.Entry{{Path: "/start", Content: []byte("exec /odd\n"), Mode: 0o755}},
		rule:  otherArch, says: []string{"cannot be started", "exec format error"},
	},
	{
		name:   "listens on another port",
		config: v1.Config{Cmd: []string{"/odd"}, Env: env("LISTEN=127.0.0.1:3000,[::1]:3001")},
		says: []string{
			"did not listen on port 8080 within", "it listens on 127.0.0.1:3000 and [::1]:3001", "set runtime.http.port",
		},
	},
	{
		name: "never listens", config: v1.Config{Cmd: []string{"/odd"}, Env: env("WAIT=1h", "SAY=3")},
		says: []string{"did not listen on port 8080 within", "it listens on no port", "line 1 of", "line 3 of"},
	},
	{
		name: "prints much and ends", config: v1.Config{Cmd: []string{"/odd"}, Env: env("SAY=5000", "EXIT=7")},
		says: []string{"ended", "exit status 7", "line 1 of what", "line 5000 of what", "odd ends with 7"},
	},
	{
		name: "goes on in the background", config: v1.Config{Cmd: []string{"/odd"}, Env: env("DETACH=1")},
		says: []string{
			"exit status 0; a server that goes on in the background is not seen", "odd goes on in the background",
		},
	},
	{
		name: "names a program that is not there", config: v1.Config{Cmd: []string{"/srv/gone"}},
		says: []string{"cannot be started", "/srv/gone", "no such file or directory"},
	},
	{
		name:   "is in shell form and has no shell",
		config: v1.Config{Cmd: []string{"/bin/sh", "-c", "/odd"}}, bare: true,
		says: []string{"/bin/sh", "no such file or directory"},
	},
	{
		name: "answers 500 to `http.healthPath`", config: v1.Config{Cmd: []string{"/odd"}, Env: env("STATUS=500")},
		manifest: func(m *v1alpha1.Manifest) { m.HTTP.HealthPath = "/up" },
		says: []string{
			"listens on 127.0.0.1:8080, but was not ready within", "GET /up answered 500: it never works",
		},
	},
	{
		name: "is for another architecture", config: v1.Config{Cmd: []string{"/odd"}}, arch: "arm64",
		says: []string{"arm64", "amd64"},
	},
	{name: "has neither `ENTRYPOINT` nor `CMD`", says: []string{"neither an entry point nor a command"}},
}

// tourOfTheForbidden asks for one image after another that does not run; the one that does stays live.
func (z *zoo) tourOfTheForbidden(t *testing.T) {
	program := oddProgram(t)
	tag := func(n int) string { return fmt.Sprintf("bad-%d", n+1) }
	z.push(t, odd(program, v1.Config{Cmd: []string{"/odd"}}, false), "forbidden", "good")
	for n, o := range offences {
		p := odd(program, o.config, o.bare, slices.Clone(o.files)...)
		p.arch = o.arch
		z.push(t, p, "forbidden", tag(n))
	}
	s := z.apply(t, "forbidden", "good", func(s *v1alpha1.Stage) { s.Spec.Manifest.HTTP.TimeoutSeconds = 12 })
	s.becomesLive("good")
	l := s.load("/", "zombies")
	for n, o := range offences {
		s.ask(tag(n), func(s *v1alpha1.Stage) {
			s.Spec.Manifest.HTTP.HealthPath = ""
			if o.manifest != nil {
				o.manifest(&s.Spec.Manifest)
			}
		})
		message := s.stalls("good").Message
		t.Logf("%s: %s", o.name, message)
		if o.rule != "" {
			soft(t, o.name).Expect(message).To(ContainSubstring("On Lambda: " + o.rule + " (docs/images.md)"))
		}
		for _, text := range o.says {
			soft(t, o.name).Expect(message).To(ContainSubstring(text))
		}
		z.said.keep(o.name, message)
	}
	l.stop()
	s.g.Expect(l.failed).To(BeEmpty(), "of %d requests", l.asked)
	s.removed()
}
