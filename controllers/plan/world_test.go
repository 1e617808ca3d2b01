package plan_test

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
)

// tester is what *testing.T and *rapid.T have in common.
type tester interface {
	Helper()
	Fatalf(format string, arguments ...any)
}

// world is an AWS that does what it is told, with the rules that decisions depend on: operations take time, tokens and
// claims count once, versions are published only of what changed, invocations arrive late, twice or never.
type world struct {
	t      tester
	now    time.Time
	events []event

	foundation, app *stackState
	functions       map[string]*functionState
	bucket          map[string]*release.Desired // declarations by release id
	claims          map[string]*claimState
	starts          map[string]int // how often a command ran, by its key
	invoking        int            // commands that were invoked and have not arrived yet
	busy            map[string]bool
	whole           release.Whole // what is missing of what is live

	exitCodes map[string]int32
	// deliveries tells after which times the next invocations arrive, none for a lost one. Without an entry: once, soon.
	deliveries [][]time.Duration
	// silent commands never leave a result.
	silent map[string]bool
	// rollBack makes the next operation on a stack fail.
	rollBack map[release.Part]bool
}

// event is something that happens later.
type event struct {
	at     time.Time
	happen func()
}

type functionState struct {
	description release.Description
	updates     int // calls that updated $LATEST
	publishedAt int // updates when the newest version was published
	versions    []release.Description
	alias       release.Alias
	revision    int
}

type claimState struct {
	void      bool
	startedAt time.Time
	result    *release.CommandResult
}

func newWorld(t tester) *world {
	return &world{
		t: t, now: noon,
		foundation: &stackState{part: release.PartFoundation}, app: &stackState{part: release.PartApp},
		functions: map[string]*functionState{}, bucket: map[string]*release.Desired{}, claims: map[string]*claimState{},
		starts: map[string]int{}, busy: map[string]bool{}, exitCodes: map[string]int32{}, silent: map[string]bool{},
		rollBack: map[release.Part]bool{},
	}
}

func (w *world) later(after time.Duration, happen func()) {
	w.events = append(w.events, event{w.now.Add(after), happen})
}

// leastPass shortens the wait for what never comes.
const leastPass = 20 * time.Second

// pass lets time go on to the next event, or for as long as is waited when nothing is to happen.
func (w *world) pass(wait time.Duration) {
	if len(w.events) == 0 {
		w.now = w.now.Add(max(wait, leastPass))
		return
	}
	slices.SortStableFunc(w.events, func(a, b event) int { return a.at.Compare(b.at) })
	next := w.events[0]
	w.events = w.events[1:]
	if next.at.After(w.now) {
		w.now = next.at
	}
	next.happen()
}

// look observes a part as it is now.
func (w *world) look(step release.Step, s *release.Observed, d *release.Desired, r *release.Recorded) {
	switch step.Part {
	case release.PartFoundation:
		s.Foundation = w.foundation.seen(step, d.Names.FoundationStack)
	case release.PartApp:
		s.App = w.app.seen(step, d.Names.AppStack)
	case release.PartAliases:
		s.Aliases, s.Contents = w.aliases(d, s.App, r.Run), step.Contents
		for name, alias := range s.Aliases {
			if !step.Contents {
				s.Aliases[name] = release.Alias{Version: alias.Version, RevisionID: alias.RevisionID}
			}
		}
	case release.PartCommand:
		s.Command = w.evidence(r.Run, step.Command)
	case release.PartReleases:
		s.Releases = w.releases()
	case release.PartLeft:
		s.Left = w.left(step.Release)
	case release.PartDeclaration:
		s.Declaration = &release.Declaration{Release: step.Release, Desired: w.bucket[step.Release]}
	case release.PartWhole:
		whole := w.whole
		s.Whole = &whole
	case release.PartLeftovers:
		s.Leftovers = map[string]bool{}
		for _, name := range w.deployedFunctions(s.App) {
			if _, err := d.Function(name); err != nil {
				s.Leftovers[name] = w.busy[name]
			}
		}
	default:
		w.t.Fatalf("there is no part %q", step.Part)
	}
}

// releases are those that the http function has versions of, newest first, with the newest version of each function.
func (w *world) releases() []release.Live {
	found, seen := []release.Live{}, map[string]bool{}
	for _, version := range slices.Backward(w.function("http").versions) {
		if seen[version.ReleaseID] {
			continue
		}
		seen[version.ReleaseID] = true
		live := release.Live{ID: version.ReleaseID, BuildID: version.BuildID, Revision: version.Revision}
		for _, name := range slices.Sorted(maps.Keys(w.functions)) {
			for i, own := range slices.Backward(w.functions[name].versions) {
				if own.ReleaseID == version.ReleaseID {
					live.Functions = append(live.Functions, release.FunctionVersion{Name: name, Version: strconv.Itoa(i + 1)})
					break
				}
			}
		}
		found = append(found, live)
	}
	return found
}

func (w *world) deployedFunctions(app *release.Stack) []string {
	if app == nil || len(app.Template) == 0 {
		return nil
	}
	deployed, err := template.Parse(app.Template)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	return template.Functions(deployed)
}

func (w *world) aliases(d *release.Desired, app *release.Stack, run *release.Run) map[string]release.Alias {
	seen := map[string]release.Alias{}
	if run != nil && run.Activation != nil {
		for _, move := range run.Activation.Moves {
			seen[move.Name] = w.function(move.Name).alias
		}
	}
	for _, name := range w.deployedFunctions(app) {
		seen[name] = w.function(name).alias
	}
	if d != nil {
		for _, f := range d.Functions {
			seen[f.Name] = w.function(f.Name).alias
		}
	}
	return seen
}

func (w *world) function(name string) *functionState {
	if w.functions[name] == nil {
		w.functions[name] = &functionState{publishedAt: -1}
	}
	return w.functions[name]
}

// update does what a stack's update of a function does.
func (w *world) update(name string, d release.Description) {
	f := w.function(name)
	f.description = d
	f.updates++
}

// publish gives the same version again unless an update came in between.
func (w *world) publish(d *release.Desired, name string) string {
	f := w.function(name)
	if f.description != d.Description() {
		w.t.Fatalf("function %s holds %s when %s is published", name, f.description, d.Description())
	}
	if f.publishedAt != f.updates {
		f.versions = append(f.versions, f.description)
		f.publishedAt = f.updates
	}
	return strconv.Itoa(len(f.versions))
}

// point moves an alias, guarded by its revision, and gives it as the answer does; nothing where someone wrote in
// between.
func (w *world) point(name, version string, seen release.Alias) release.Outcome {
	f := w.function(name)
	number, err := strconv.Atoi(version)
	if err != nil || number < 1 || number > len(f.versions) {
		w.t.Fatalf("the alias of %s would point at %q", name, version)
	}
	if seen.RevisionID != f.alias.RevisionID {
		return release.Outcome{}
	}
	f.revision++
	f.alias = release.Alias{
		Version: version, RevisionID: strconv.Itoa(f.revision), Description: f.versions[number-1],
		ImageDigest: deployedDigest(f.versions[number-1].BuildID), ConfigHash: "config",
	}
	return release.Outcome{Alias: &release.Alias{Version: version, RevisionID: f.alias.RevisionID}}
}

// live gives the releases that the aliases point at, without repetition.
func (w *world) live() []string {
	ids := map[string]bool{}
	for _, f := range w.functions {
		if f.alias.Version != "" {
			ids[f.alias.Description.ReleaseID] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

func deployedDigest(build string) string { return "sha256:deployed-" + build }
