package lambda

import (
	"crypto/rand"
	"fmt"
	"strconv"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/lambda/environment"
)

// States of a function (Lambda API reference, FunctionConfiguration).
const (
	statePending = "Pending"
	stateActive  = "Active"
	stateFailed  = "Failed"

	updateRunning    = "InProgress"
	updateSuccessful = "Successful"
	updateFailed     = "Failed"
)

// function is a function with all that belongs to it. Its fields are guarded by the service's lock.
type function struct {
	name     string
	latest   *version
	versions map[string]*version
	next     int
	aliases  map[string]*alias
	policies map[string]*policy
	invokes  map[string]*invokeConfig
	tags     map[string]string
	reserved *int
	running  int

	// updates counts the calls that update code or configuration; a version is published when it has
	// moved since publishedAt.
	updates, publishedAt int
	published            *version
}

// version is $LATEST or a published version.
type version struct {
	number string
	configuration
	image *sourceImage

	state, stateReason, stateCode    string
	update, updateReason, updateCode string
	revision                         string
	modified                         time.Time

	// pool runs the state of the version that was last made active: an update in progress leaves the old one serving.
	pool *environment.Pool
}

func newFunction(name string) *function {
	return &function{name: name, versions: map[string]*version{}, next: 1, aliases: map[string]*alias{},
		policies: map[string]*policy{}, invokes: map[string]*invokeConfig{}, tags: map[string]string{}}
}

// version finds what a qualifier names: nothing or $LATEST, a number, or an alias.
func (f *function) version(qualifier string) *version {
	if qualifier == "" || qualifier == latestVersion {
		return f.latest
	}
	if a := f.aliases[qualifier]; a != nil {
		return f.version(a.version)
	}
	return f.versions[qualifier]
}

// exists says whether a qualifier names something.
func (f *function) exists(qualifier string) bool { return f.version(qualifier) != nil }

// numbers lists the published versions, oldest first.
func (f *function) numbers() []string {
	var list []string
	for n := 1; n < f.next; n++ {
		if number := strconv.Itoa(n); f.versions[number] != nil {
			list = append(list, number)
		}
	}
	return list
}

// touch gives the version a new revision.
func (v *version) touch(now time.Time) {
	v.modified = now
	v.revision = newID()
}

// newID is a random UUID.
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// all lists $LATEST and the published versions.
func (f *function) all() []*version {
	list := []*version{f.latest}
	for _, v := range f.versions {
		list = append(list, v)
	}
	return list
}
