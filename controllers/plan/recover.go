package plan

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// recoverRecord finds again what nothing is remembered of, because the status was wiped, or the Stage was deleted with
// Retain and applied again: what is live, the releases before it, and a run that was under way, whose commands must not
// run again.
func recoverRecord(m *Machine) (release.Step, error) {
	if !m.Recorded.Run.Recovering {
		return next()
	}
	foundation, app := m.Observed.Foundation, m.Observed.App
	record := release.Step{Action: release.ActionRecover, Phase: release.PhaseFoundation}
	switch {
	case foundation == nil:
		return look(release.PartFoundation)
	case foundation.Foreign != "":
		return release.Step{}, notOwned(v1alpha1.ConditionFoundationReady, foundation)
	case !foundation.Exists:
		return record, nil
	case app == nil:
		return look(release.PartApp)
	case app.Foreign != "":
		return release.Step{}, notOwned(v1alpha1.ConditionFoundationReady, app)
	case app.Exists && !m.Observed.Contents:
		return lookIntoAliases()
	case app.Exists && m.Observed.Releases == nil:
		return look(release.PartReleases)
	case m.Observed.Left == nil:
		return release.Step{Action: release.ActionLook, Part: release.PartLeft, Release: m.underWay()}, nil
	default:
		return record, m.awaitLeft()
	}
}

// awaitLeft waits for commands of other releases that had started when the record was lost: those of what is asked for
// must not run beside them.
func (m *Machine) awaitLeft() error {
	for _, open := range m.Observed.Left.Open {
		if end := open.StartedAt.Add(longestFunction + m.Limits.ResultGrace); m.Now.Before(end) {
			return release.Wait(v1alpha1.ConditionCommandsSucceeded, v1alpha1.ReasonProgressing,
				m.Limits.Pace.after(m.Now.Sub(open.StartedAt)),
				"deploy command %q of release %s, which was under way when the record was lost, may still run",
				open.Name, open.Release)
		}
	}
	return nil
}

// recover records what AWS tells at once: a part of it would be taken for all that there is to remember.
func (m *Machine) recover() {
	r, now := &m.Recorded, m.Now
	r.Run.Recovering = false
	if m.Observed.Foundation == nil || !m.Observed.Foundation.Exists {
		return
	}
	if d := m.published(); d != nil {
		m.Desired, m.recovered = d, true
		m.describe(r.Run, false)
	}
	live := m.liveRelease()
	if live != "" {
		r.Live = recovered(m.Observed.Aliases, now)
	}
	r.History = remembered(m.Observed.Releases, live, m.Desired.ID, now)
	other := m.underWay()
	switch {
	case other != m.Desired.ID: // a run of another release had begun to take the traffic over
		m.giveUp(other)
	case live == m.Desired.ID:
		r.Run = nil
	default:
		m.goOn(live)
	}
	m.choose()
}

// underWay is the release whose run was under way when the record was lost: the one that an alias gives a share of its
// traffic, or else the one that is asked for.
func (m *Machine) underWay() string {
	for _, name := range slices.Sorted(maps.Keys(m.Observed.Aliases)) {
		for _, share := range m.Observed.Aliases[name].Shares {
			if share.Description.ReleaseID != "" {
				return share.Description.ReleaseID
			}
		}
	}
	if d := m.published(); d != nil {
		return d.ID
	}
	return m.Desired.ID
}

// published is what is asked for as a release that AWS has versions of: made by an operator with other templates, it
// has another id than this operator would give it, and is the same release all the same. Nil where there is none.
func (m *Machine) published() *release.Desired {
	for _, known := range m.Observed.Releases {
		if d := m.same(m.Recorded.Image.Digest, known.Revision, known.ConfigHash, true); d.ID == known.ID {
			return d
		}
	}
	return nil
}

// liveRelease gives the id of the release that the aliases agree on; empty where they disagree. The http function's
// alias is moved last, so that of a function without an alias nothing was moved: it was added by a run that did not get
// that far. A share of the traffic that another release of the Stage has is that of a run under way; anyone else's is
// nothing to agree on.
func (m *Machine) liveRelease() string {
	live := m.Observed.Aliases[m.Desired.HTTP().Name]
	for name, alias := range m.Observed.Aliases {
		_, err := m.Desired.Function(name)
		missed := alias.Version == "" && err == nil && live.Description.ReleaseID == m.Desired.ID
		other := alias.Version != "" && alias.Description.ReleaseID != live.Description.ReleaseID
		if missed || other || foreignShare(alias) {
			return ""
		}
	}
	return live.Description.ReleaseID
}

func foreignShare(alias release.Alias) bool {
	for _, share := range alias.Shares {
		if share.Description.ReleaseID == "" {
			return true
		}
	}
	return false
}

// recovered is the live release as its aliases tell of it.
func recovered(aliases map[string]release.Alias, now time.Time) *release.Live {
	live := &release.Live{ActivatedAt: now}
	for _, name := range slices.Sorted(maps.Keys(aliases)) {
		alias := aliases[name]
		if alias.Version == "" {
			continue
		}
		live.ID, live.BuildID, live.Revision = alias.Description.ReleaseID, alias.Description.BuildID,
			alias.Description.Revision
		live.DeployedDigest, live.ConfigHash = alias.ImageDigest, alias.ConfigHash
		live.Functions = append(live.Functions, release.FunctionVersion{Name: name, Version: alias.Version})
	}
	return live
}

// remembered are releases that AWS holds versions of, as history. When they were superseded is not known, and none must
// be swept away for that. What is asked for is about to be brought up, or live.
func remembered(releases []release.Live, live, asked string, now time.Time) []release.Live {
	history := slices.DeleteFunc(slices.Clone(releases),
		func(l release.Live) bool { return l.ID == live || l.ID == asked })
	for i := range history {
		history[i].SupersededAt = now
	}
	return history
}

// goOn makes the run that left claims in the bucket the run of what is asked for: its commands must not run again. A
// run from before the live release was published ended long ago.
func (m *Machine) goOn(live string) {
	left, run := m.Observed.Left, m.Recorded.Run
	since := time.Time{}
	if live != "" {
		since = m.Observed.Aliases[m.Desired.HTTP().Name].PublishedAt.Truncate(time.Second)
	}
	if start, ok := release.RunStart(left.Run); !ok || start.Before(since) {
		return
	}
	run.ID = left.Run
	// The tokens of its tries before, of which nothing is known, must not be given again.
	run.Attempt = int32(m.Now.Unix() & math.MaxInt32) //nolint:gosec // it is masked
	for _, command := range m.Desired.Commands {
		if slices.Contains(left.Commands, command.Name) {
			run.Commands = append(run.Commands, release.CommandRun{
				Name: command.Name, State: release.CommandAnnounced, Invoked: true, AnnouncedAt: m.Now,
				NotAfter: m.Now.Add(m.Limits.StartWithin),
			})
		}
	}
}

// giveUp makes a run of another release that had begun to take over the traffic the one whose moves are taken back
// first.
func (m *Machine) giveUp(other string) {
	activation := &release.Activation{IntendedAt: m.Now, StageSince: m.Now}
	var description release.Description
	for _, name := range slices.Sorted(maps.Keys(m.Observed.Aliases)) {
		alias := m.Observed.Aliases[name]
		for version, share := range alias.Shares {
			if share.Description.ReleaseID == other {
				description = share.Description
				activation.Moves = append(activation.Moves, release.Move{
					Kind: release.MoveAlias, Name: name, Before: alias.Version, After: version, Percent: share.Percent,
					State: release.MoveDone,
				})
			}
		}
	}
	run := m.Recorded.Run
	run.ReleaseID, run.BuildID, run.Revision = other, description.BuildID, description.Revision
	run.ImageDigest, run.ConfigHash, run.Activation = "", "", activation
	run.Failure = release.Reject(v1alpha1.ConditionActivated, v1alpha1.ReasonRolledBack,
		"the record of this release was lost while it took over the traffic, and the Stage asks for another one")
}
