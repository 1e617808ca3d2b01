package plan

import (
	"cmp"
	"slices"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
)

// activate takes the traffic over: the moves are recorded, and made one after another, each of which AWS answers with
// the alias as it is then; entry resources and limits follow, and then the release is live.
func activate(m *Machine) (release.Step, error) {
	return first(m, awaitEntries, makeMoves, activateEntries, seal)
}

// awaitEntries waits for the entry resources before anything else is looked at, once all moves are made.
func awaitEntries(m *Machine) (release.Step, error) {
	run, moving := m.Recorded.Run, func(move release.Move) bool { return move.State != release.MoveDone }
	if run.Phase(release.PhaseActivate).OperationAt.IsZero() || run.Activation == nil ||
		slices.ContainsFunc(run.Activation.Moves, moving) {
		return next()
	}
	switch app := m.Observed.App; {
	case app == nil:
		return m.lookAtStack(release.PartApp, release.PhaseActivate)
	case app.Foreign == "" && app.InProgress():
		return release.Step{}, m.awaitStack(app, release.PhaseActivate, v1alpha1.ConditionActivated)
	default:
		return next()
	}
}

func makeMoves(m *Machine) (release.Step, error) {
	activation := m.Recorded.Run.Activation
	switch {
	case m.Observed.Aliases == nil:
		return look(release.PartAliases)
	case activation == nil:
		return step(release.ActionIntend, release.PhaseActivate)
	}
	for _, move := range activation.Moves {
		if err := m.conflict(move); err != nil {
			return release.Step{}, err
		}
	}
	if move, more := allAtOnce(activation.Moves, m.Observed.Aliases); more {
		return release.Step{Action: release.ActionMove, Phase: release.PhaseActivate, Move: &move}, nil
	}
	return next()
}

// allAtOnce is the strategy of one stage: each move is made whole, one after another. It gives the next move.
func allAtOnce(moves []release.Move, aliases map[string]release.Alias) (release.Move, bool) {
	for _, move := range moves {
		if alias := aliases[move.Name]; alias.Version != move.After || len(alias.Shares) > 0 {
			move.Percent = 100
			return move, true
		}
	}
	return release.Move{}, false
}

// conflict refuses to move an alias that someone else moved.
func (m *Machine) conflict(move release.Move) error {
	alias := m.Observed.Aliases[move.Name]
	if alias.Version == move.Before || alias.Version == move.After {
		return nil
	}
	return release.Reject(v1alpha1.ConditionActivated, v1alpha1.ReasonAliasConflict,
		"someone else moved the alias %s of function %s to version %s while this release expected version %s: move it "+
			"back, or retry to take it over",
		release.LiveAlias, m.Desired.Names.Prefix+"-"+move.Name, cmp.Or(alias.Version, none), cmp.Or(move.Before, none))
}

// none is what a message says in place of a version that there is not.
const none = "none"

func activateEntries(m *Machine) (release.Step, error) {
	if looked, err := m.stacks(release.PhaseActivate); err != nil || looked.Action != "" {
		return looked, err
	}
	deployed, err := template.Deployed(m.Observed.App)
	if err != nil {
		return release.Step{}, err
	}
	return m.ensureStack(m.Observed.App, stackGoal{
		part: release.PartApp, phase: release.PhaseActivate, condition: v1alpha1.ConditionActivated,
		rendering:  template.Activate(m.app(), deployed, m.Observed.App.Parameters),
		hashOutput: release.OutputRendering,
	})
}

func seal(*Machine) (release.Step, error) { return step(release.ActionSeal, release.PhaseActivate) }

// didMove records a move, or the intent to make them all.
func (m *Machine) didMove(step release.Step, outcome release.Outcome) {
	run := m.Recorded.Run
	if step.Action == release.ActionIntend {
		run.Activation = m.intend()
		return
	}
	record := run.Activation.Move(step.Move.Name)
	if step.Action == release.ActionRevert {
		record.Percent, record.State = 0, release.MoveReverted
		m.Observed.Forget(release.PartAliases)
		return
	}
	if outcome.Alias == nil { // someone wrote in between, this operator before a crash or another: the next look tells
		m.Observed.Forget(release.PartAliases)
		return
	}
	record.Percent, record.State = step.Move.Percent, release.MoveDone
	m.Observed.Aliases[step.Move.Name] = *outcome.Alias
}

// intend makes the list of moves: workers take the new jobs before anything sends them, then schedules and commands,
// and users come last. Where an alias points at the new version already, what was before it is not known any more.
func (m *Machine) intend() *release.Activation {
	run := m.Recorded.Run
	moves := make([]release.Move, 0, len(m.Desired.Functions))
	for _, function := range m.Desired.Functions {
		move := release.Move{
			Kind: release.MoveAlias, Name: function.Name, Before: m.Observed.Aliases[function.Name].Version,
			After: run.Function(function.Name), State: release.MovePending,
		}
		if move.Before == move.After {
			move.Before, move.Percent, move.State = m.before(function.Name), 100, release.MoveDone
		}
		moves = append(moves, move)
	}
	return &release.Activation{IntendedAt: m.Now, StageSince: m.Now, Moves: slices.Clip(moves)}
}

// before is the version that was live before this run, by the record.
func (m *Machine) before(function string) string {
	if m.Recorded.Live == nil {
		return ""
	}
	return m.Recorded.Live.Function(function)
}
