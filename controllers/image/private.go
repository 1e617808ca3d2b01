package image

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// objection is why something below the assets path is not published.
type objection struct {
	// leftOut: the release goes on without it. Otherwise it is refused.
	leftOut bool
	message string
}

func refused(format string, values ...any) *objection {
	return &objection{message: fmt.Sprintf(format, values...)}
}

func leftOut(format string, values ...any) *objection {
	return &objection{leftOut: true, message: fmt.Sprintf(format, values...)}
}

// objection says why a path below the folder cannot be published, whatever lies there; nil when it can.
func (c *Collection) objection(relative string) *objection {
	if err := checkName(relative); err != nil {
		return refused("the name %q cannot be published: %v; rename it", bounded(relative), err)
	}
	if len(relative) > c.limits.PathBytes {
		return refused("the path %q is longer than %d bytes; shorten it", bounded(relative), c.limits.PathBytes)
	}
	if c.included(relative) {
		return nil
	}
	if isServers(relative) {
		return leftOut("%q is for the web server and not for its visitors", bounded(relative))
	}
	if what := private(relative); what != "" {
		return refused("%q is %s, and whatever is published stays public for a year: take it out of the folder, or list it "+
			"in spec.assets.fromImage.include", bounded(relative), what)
	}
	return nil
}

func (c *Collection) included(relative string) bool {
	return slices.ContainsFunc(c.folder.Include, func(form string) bool {
		switch {
		case strings.HasPrefix(form, "*."):
			return strings.HasSuffix(relative, form[1:])
		case strings.HasSuffix(form, "/"):
			return strings.HasPrefix(relative, form)
		default:
			return relative == form
		}
	})
}

// isServers says that a file is one that web servers run or read themselves, as they lie in the public folder of
// many applications. It is left out.
func isServers(relative string) bool {
	base := strings.ToLower(path.Base(relative))
	switch base {
	case "web.config", ".user.ini", ".gitignore", ".gitkeep", ".gitattributes", ".keep", ".ds_store", ".editorconfig":
		return true
	}
	switch path.Ext(base) {
	case ".php", ".phtml", ".php3", ".php4", ".php5", ".php7", ".php8", ".phps", ".asp", ".aspx", ".jsp", ".cgi":
		return true
	}
	return strings.HasPrefix(base, ".ht")
}

// kinds of files that tell of a folder which was never meant to be public, by their endings.
var privateEndings = map[string]string{
	".pem": aKey, ".key": aKey, ".p12": aKey, ".pfx": aKey, ".kdbx": aKey, ".jks": aKey, ".keystore": aKey, ".ppk": aKey,
	".sqlite": aDump, ".sqlite3": aDump, ".db": aDump, ".sql": aDump, ".bak": aDump, ".dump": aDump, ".mdb": aDump,
	".py": aSource, ".rb": aSource, ".erb": aSource, ".go": aSource, ".java": aSource, ".class": aSource, ".jar": aSource,
	".war": aSource, ".cs": aSource, ".pl": aSource, ".ex": aSource, ".exs": aSource,
	".env": aSetting, ".ini": aSetting, ".yml": aSetting, ".yaml": aSetting, ".toml": aSetting, ".conf": aSetting,
	".properties": aSetting, ".lock": aSetting,
}

const (
	aKey     = "a key or a certificate's store"
	aDump    = "a database or a copy of one"
	aSource  = "a source"
	aSetting = "a configuration"
	aDotFile = "a dot file"
	aProject = "at the top of an application's source"
)

// projects are files at the top of a source tree: the folder is the application itself and not its public part.
var projects = map[string]bool{
	"composer.json": true, "package.json": true, "gemfile": true, "go.mod": true, "pom.xml": true, "dockerfile": true,
	"makefile": true, "artisan": true, "manage.py": true, "mix.exs": true,
}

var privateKeys = map[string]bool{"id_rsa": true, "id_dsa": true, "id_ecdsa": true, "id_ed25519": true}

// private says what kind of file must not be public; empty for all others.
func private(relative string) string {
	for part := range strings.SplitSeq(relative, "/") {
		if strings.HasPrefix(part, ".") && part != ".well-known" {
			return aDotFile
		}
	}
	base := strings.ToLower(path.Base(relative))
	switch {
	case privateKeys[base]:
		return aKey
	case projects[strings.ToLower(relative)]:
		return aProject
	default:
		return privateEndings[path.Ext(base)]
	}
}
