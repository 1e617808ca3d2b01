package forbidden

import (
	"os"
	"strings"
	"testing"
)

func TestWhatProgramsSayIsRecognized(t *testing.T) {
	const (
		readOnly = "Only /tmp can be written to; the image's own files are read-only."
		port     = "No program listens on a port below 1024, for none runs as root."
		user     = "Programs run as a user of Lambda's, not as root and not as the image's USER."
	)
	for _, row := range []struct{ said, want string }{
		{`nginx: [emerg] mkdir() "/var/lib/nginx/body" failed (30: Read-only file system)`, readOnly},
		{"Error: EROFS: read-only file system, open '/app/log'", readOnly},
		{"nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)", port},
		{"Error: listen EACCES: permission denied 0.0.0.0:80", port},
		{"(13)Permission denied: AH00072: make_sock: could not bind to address [::]:80", port},
		{"[Errno 13] Permission denied: ('0.0.0.0', 443): cannot listen", port},
		{"java.net.BindException: Permission denied (Bind failed)", port},
		{"listen tcp :80: bind: permission denied", port},
		{
			"entering the working directory /srv: no such file or directory",
			"A WORKDIR that is not in the image cannot be made.",
		},
		{"entering the working directory /root: permission denied", user},
		{"bind: address already in use 127.0.0.1:9001", "Port 9001 is Lambda's own."},
		{"OSError: [Errno 38] Function not implemented: _multiprocessing.SemLock", "There is no /dev/shm."},
		{"FileNotFoundError: [Errno 2] No such file or directory: '/dev/shm/x'", "There is no /dev/shm."},
		{"write error: No space left on device", "/tmp holds 512 MB."},
		{"accept: too many open files", "At most 1,024 files and sockets can be open."},
		{"java.lang.OutOfMemoryError: unable to create native thread", "At most 1,024 processes and threads can run."},
		{"FATAL ERROR: JavaScript heap out of memory", "A program that needs more memory than memoryMiB is killed."},
		{"SystemError [ERR_SYSTEM_ERROR]: uv_os_get_passwd returned ENOENT", "The user has no entry in /etc/passwd."},
		{"KeyError: 'getpwuid(): uid not found: 993'", "The user has no entry in /etc/passwd."},
		{"whoami: unknown uid 993", "The user has no entry in /etc/passwd."},
		{"No user exists for uid 993", "The user has no entry in /etc/passwd."},
		{
			"initdb: error: could not look up effective user ID 993: user does not exist",
			"The user has no entry in /etc/passwd.",
		},
		{"fork/exec /app: permission denied", user},
		{"chown: /data: Operation not permitted", user},
		{"EACCES: permission denied, open '/app/secret.key'", user},
		{
			"fork/exec /app: exec format error",
			"The program is for the architecture of the manifest, and a script begins with #! and its interpreter.",
		},
		{"no such table: users", ""},
		{"the port is a permission", ""},
		{"", ""},
	} {
		if got := Sentence(row.said); got != row.want {
			t.Errorf("%q is %q, want %q", row.said, got, row.want)
		}
	}
}

func TestEachSentenceIsARowOfTheDocumentation(t *testing.T) {
	page, err := os.ReadFile("../../../../" + Page)
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range rules {
		if !strings.Contains(string(page), "\n| "+rule.sentence+" |") {
			t.Errorf("%s has no row that begins with %q", Page, rule.sentence)
		}
	}
}
