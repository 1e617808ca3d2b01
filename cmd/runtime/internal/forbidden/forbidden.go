// Package forbidden knows what Lambda forbids a program, and how programs complain of it.
//
// It encodes AWS Lambda Developer Guide, images-create and gettingstarted-limits. Each rule is a row of the table in
// docs/images.md, word for word, so that whoever reads a message finds the remedy there.
package forbidden

import (
	"regexp"
	"strings"
)

// Page is where the rules and their remedies stand.
const Page = "docs/images.md"

// rule is a sentence about Lambda, and what programs print that meet it, in small letters.
type rule struct {
	sentence string
	seen     *regexp.Regexp
}

// rules are in the order in which they are looked for: what is special before what is general.
var rules = []rule{
	{
		"Only /tmp can be written to; the image's own files are read-only.",
		regexp.MustCompile(`read-only file system|\berofs\b`),
	},
	{
		"A WORKDIR that is not in the image cannot be made.",
		regexp.MustCompile(`entering the working directory[^\n]*no such file`),
	},
	{
		"No program listens on a port below 1024, for none runs as root.",
		regexp.MustCompile(`\b(bind|listen)[^\n]*(permission denied|eacces|permitted)|` +
			`(permission denied|eacces)[^\n]*(\b(bind|listen)|(:|\bport )\d{1,3}\b)|` +
			`(:|\bport )\d{1,3}\b[^\n]*permission denied`),
	},
	{
		"Port 9001 is Lambda's own.",
		regexp.MustCompile(`9001[^\n]*(in use|eaddrinuse)|(in use|eaddrinuse)[^\n]*9001`),
	},
	{
		"There is no /dev/shm.",
		regexp.MustCompile(`/dev/shm|shm_open|sem_open|semlock|shared memory[^\n]*no such file`),
	},
	{
		"/tmp holds 512 MB.",
		regexp.MustCompile(`no space left on device|\benospc\b`),
	},
	{
		"At most 1,024 files and sockets can be open.",
		regexp.MustCompile(`too many open files|\bemfile\b`),
	},
	{
		"At most 1,024 processes and threads can run.",
		regexp.MustCompile(`unable to create (new )?native thread|can't start new thread|pthread_create|cannot fork`),
	},
	{
		"A program that needs more memory than memoryMiB is killed.",
		regexp.MustCompile(`cannot allocate memory|\benomem\b|out of memory|outofmemory|memory size of \d+ bytes exhausted`),
	},
	{
		"The user has no entry in /etc/passwd.",
		regexp.MustCompile(`uv_os_get_passwd|getpwuid|cannot find name for user|unknown (user ?id|uid)|` +
			`uid not found|no user exists for uid|could not look up effective user|couldn't find home|you don't exist`),
	},
	{
		"Programs run as a user of Lambda's, not as root and not as the image's USER.",
		regexp.MustCompile(`permission denied|\beacces\b|operation not permitted|\beperm\b`),
	},
	{
		"The program is for the architecture of the manifest, and a script begins with #! and its interpreter.",
		regexp.MustCompile(`exec format error`),
	},
}

// Sentence is the rule that a program's output complains of, or "".
func Sentence(output string) string {
	if n := ruleOf(output); n < len(rules) {
		return rules[n].sentence
	}
	return ""
}

// ruleOf is the number of the first rule that a text complains of, or how many there are.
func ruleOf(text string) int {
	lower := strings.ToLower(text)
	for n, rule := range rules {
		if rule.seen.MatchString(lower) {
			return n
		}
	}
	return len(rules)
}

// Hint is the sentence with the place of its remedy, to follow another sentence; or "".
func Hint(output string) string {
	if sentence := Sentence(output); sentence != "" {
		return " On Lambda: " + sentence + " (" + Page + ")"
	}
	return ""
}
