package lambda

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// deleteFunction removes one version when a qualifier names it, and otherwise the function with all
// versions and aliases.
func (l *Lambda) deleteFunction(_ context.Context, call *wire.Call, in *qualifiedInput) (*wire.Empty, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ref, err := l.refer(call, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	f, err := l.find(ref)
	if err != nil {
		return nil, err
	}
	if ref.qualifier != "" {
		return nil, l.deleteVersion(f, ref)
	}
	delete(l.functions, f.name)
	for _, v := range f.all() {
		retire(v)
	}
	return nil, nil
}

func (l *Lambda) deleteVersion(f *function, ref reference) error {
	if ref.qualifier == latestVersion {
		return invalidValue("$LATEST version cannot be deleted without deleting the function.")
	}
	if f.aliases[ref.qualifier] != nil || !versionPattern.MatchString(ref.qualifier) {
		return invalidValue("Deletion of aliases is not currently supported.")
	}
	v := f.versions[ref.qualifier]
	if v == nil {
		return noFunction(l.arn(ref.String()))
	}
	if users := f.usersOf(v.number); len(users) > 0 {
		return conflict("Version " + v.number + " is currently in use by alias(es) [" + strings.Join(users, ", ") +
			"] and cannot be deleted.")
	}
	delete(f.versions, v.number)
	delete(f.policies, v.number)
	delete(f.invokes, v.number)
	if f.published == v {
		f.published = nil
	}
	retire(v)
	return nil
}

// usersOf lists the aliases that name a version, as their own or by a weight.
func (f *function) usersOf(number string) []string {
	var users []string
	for _, name := range slices.Sorted(maps.Keys(f.aliases)) {
		a := f.aliases[name]
		if _, weighted := a.weights[number]; weighted || a.version == number {
			users = append(users, name)
		}
	}
	return users
}

func retire(v *version) {
	if v.pool != nil {
		v.pool.Retire()
	}
}
