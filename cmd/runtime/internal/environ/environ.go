// Package environ composes the environment of the application's processes.
//
// It encodes which value wins, as a container engine has it: what the deployment says over what the image says. The
// function's own variables, the image's among them, yield to secrets, and those to the stage's environment.
package environ

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft/api/function"
)

// hidden are variables of the function that the application must not see: an application that finds the address of the
// Runtime API may believe that it is the runtime and take invocations away from it.
var hidden = []string{"AWS_LAMBDA_RUNTIME_API", "_HANDLER"}

// Reserved says that a name belongs to Lambda or to Aloft and no stage may set it.
func Reserved(name string) bool {
	return strings.HasPrefix(name, function.VariablePrefix) || strings.HasPrefix(name, "AWS_")
}

// home is the HOME of an image that sets none: container engines take the one that /etc/passwd gives the user, but on
// Lambda the user is another one, and only /tmp is writable.
const home = "/tmp"

// Merge returns the application's environment as sorted "NAME=value" pairs. A port, when not empty, is given as PORT:
// it wins over the image's own variable, for it is the port that is waited for, and yields to the stage's.
func Merge(own []string, bundle function.Bundle, port string) []string {
	all := ofFunction(own)
	for name, value := range bundle.Secrets {
		if _, present := all[name]; usable(name, value) && !(present && Reserved(name)) {
			all[name] = value
		}
	}
	if port != "" {
		all["PORT"] = port
	}
	for name, value := range bundle.Environment {
		if usable(name, value) && !Reserved(name) {
			all[name] = value
		}
	}
	all["HOME"] = cmp.Or(all["HOME"], home)
	list := make([]string, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, name+"="+all[name])
	}
	return list
}

// ofFunction are the function's own variables, without the hidden ones.
func ofFunction(pairs []string) map[string]string {
	all := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if ok && name != "" && !slices.Contains(hidden, name) {
			all[name] = value
		}
	}
	return all
}

// usable says that an operating system can carry the variable: no NUL, and no "=" inside the name.
func usable(name, value string) bool {
	return name != "" && !strings.ContainsAny(name, "=\x00") && !strings.Contains(value, "\x00")
}

// Lookup returns the value of a name in "NAME=value" pairs, or "".
func Lookup(environment []string, name string) string {
	for _, pair := range environment {
		if value, found := strings.CutPrefix(pair, name+"="); found {
			return value
		}
	}
	return ""
}
