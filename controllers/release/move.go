package release

import "time"

// Activation is how a run takes its traffic over: a list of moves, recorded once, with a clock for each question that
// is asked.
type Activation struct {
	// IntendedAt is when the moves were recorded, just before the first of them.
	IntendedAt time.Time
	// StageSince is when the strategy's present stage began.
	StageSince time.Time
	// FailingSince is when the errors began that no success has followed yet; zero without.
	FailingSince time.Time
	// Moves in the order in which they are made; they are taken back in reverse.
	Moves []Move
}

// MoveKind is the kind of pointer that is moved.
type MoveKind string

// MoveAlias moves the live alias of a function from one version to another.
const MoveAlias MoveKind = "Alias"

// MoveState is where a move stands.
type MoveState string

// The states of a move.
const (
	MovePending  MoveState = "Pending"
	MoveDone     MoveState = "Done"
	MoveReverted MoveState = "Reverted"
)

// Move is one pointer that carries traffic, with where it was and where it is to be.
type Move struct {
	Kind MoveKind
	// Name of the function within the stage.
	Name string
	// Before and After are versions; Before is empty where there was no alias.
	Before string
	After  string
	// Percent of the traffic that goes to After, as far as this run has moved it.
	Percent int32
	State   MoveState
}

// Move gives the move of a function, or nil.
func (a *Activation) Move(name string) *Move {
	for i := range a.Moves {
		if a.Moves[i].Name == name {
			return &a.Moves[i]
		}
	}
	return nil
}

// Revertible says that there is a version before to go back to. A first release has none and stays.
func (a *Activation) Revertible() bool {
	for _, move := range a.Moves {
		if move.Before != "" {
			return true
		}
	}
	return false
}
