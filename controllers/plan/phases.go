package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// Situation is one word for where a Stage stands. Automation reads the conditions.
type Situation string

// The closed list of situations.
const (
	Pending    Situation = "Pending"
	Resolving  Situation = "Resolving"
	Preparing  Situation = "Preparing"
	Uploading  Situation = "Uploading"
	Updating   Situation = "Updating"
	Publishing Situation = "Publishing"
	Warming    Situation = "Warming"
	Commanding Situation = "Commanding"
	Activating Situation = "Activating"
	Reverting  Situation = "Reverting"
	Cleaning   Situation = "Cleaning"
	Live       Situation = "Live"
	Stalled    Situation = "Stalled"
	Suspended  Situation = "Suspended"
	Deleting   Situation = "Deleting"
)

// PhaseSpec is all there is to know of a phase. A new one is a row here, a rule in the chain, a method that performs
// it, and a condition.
type PhaseSpec struct {
	Phase release.Phase
	// Condition that the phase is told by.
	Condition string
	Situation Situation
	// Urgency of its calls to AWS.
	Urgency Urgency
	// Acts by their action.
	Acts map[release.Action]Act
	// Doing and Done tell in one sentence what goes on, and what the phase has brought about.
	Doing func(*Machine) string
	Done  func(*Machine) string
}

// Phases is the table of phases, in the order in which a run goes through them.
var Phases = []PhaseSpec{
	{
		Phase: release.PhaseResolve, Situation: Resolving, Urgency: Works,
		Condition: v1alpha1.ConditionImageResolved,
		Acts: map[release.Action]Act{
			release.ActionBegin: {Holds: true}, release.ActionResolve: {Beside: release.PoolResolve},
		},
		Doing: func(m *Machine) string {
			return fmt.Sprintf("%s:%s is looked up", m.Asked.Image.Repository, m.Asked.Image.Tag)
		},
		Done: func(m *Machine) string {
			i := m.Desired.Image
			return fmt.Sprintf("%s:%s is %s", i.Repository, i.Tag, i.Digest)
		},
	},
	{
		Phase: release.PhaseFoundation, Situation: Preparing, Urgency: Works,
		Condition: v1alpha1.ConditionFoundationReady,
		Acts: map[release.Action]Act{
			release.ActionRecover: {}, release.ActionStack: {Holds: true, Write: Written, Turn: true},
			release.ActionTryAgain: {},
		},
		Doing: func(m *Machine) string { return "stack " + m.Desired.Names.FoundationStack + " is brought up to date" },
		Done:  func(m *Machine) string { return "stack " + m.Desired.Names.FoundationStack + " is as it should be" },
	},
	{
		Phase: release.PhaseUpload, Situation: Uploading, Urgency: Works,
		Condition: v1alpha1.ConditionImagePushed,
		Acts: map[release.Action]Act{
			release.ActionUpload: {Holds: true, Beside: release.PoolUpload, InPart: true, Write: Fenced},
		},
		Doing: func(m *Machine) string { return "image and variables of " + m.Desired.BuildID + " are sent" },
		Done: func(m *Machine) string {
			return fmt.Sprintf("image %s and variables of %s are there", m.Recorded.Run.DeployedDigest, m.Desired.BuildID)
		},
	},
	{
		Phase: release.PhaseStack, Situation: Updating, Urgency: Works,
		Condition: v1alpha1.ConditionStackUpdated,
		Acts: map[release.Action]Act{
			release.ActionStack: {Holds: true, Write: Written, Turn: true}, release.ActionTryAgain: {},
		},
		Doing: func(m *Machine) string { return "stack " + m.Desired.Names.AppStack + " is updated" },
		Done:  func(m *Machine) string { return "stack " + m.Desired.Names.AppStack + " is ready for the release" },
	},
	{
		Phase: release.PhasePublish, Situation: Publishing, Urgency: Works,
		Condition: v1alpha1.ConditionVersionsPublished,
		Acts:      map[release.Action]Act{release.ActionPublish: {Holds: true}},
		Doing: func(m *Machine) string {
			return fmt.Sprintf("%d of %d versions are active", m.Recorded.Run.Active(), len(m.Desired.Functions))
		},
		Done: func(m *Machine) string { return "versions: " + versions(m.Recorded.Run.Functions) },
	},
	{
		Phase: release.PhaseAssets, Situation: Uploading, Urgency: Works,
		Condition: v1alpha1.ConditionAssetsUploaded,
		Acts:      map[release.Action]Act{release.ActionAssets: {Holds: true, Beside: release.PoolUpload, Write: Fenced}},
		Doing:     func(m *Machine) string { return "assets of " + m.Desired.BuildID + " are sent" },
		Done: func(m *Machine) string {
			if m.Desired.AssetsPath == "" {
				return "the build publishes no assets"
			}
			return "assets of " + m.Desired.BuildID + " are in place"
		},
	},
	{
		Phase: release.PhaseWarm, Situation: Warming, Urgency: Works,
		Condition: v1alpha1.ConditionWarmed,
		Acts:      map[release.Action]Act{release.ActionWarm: {Holds: true, Beside: release.PoolWarm, Write: Fenced}},
		Doing: func(m *Machine) string {
			return fmt.Sprintf("each version is started, and %d environments are warmed", m.Desired.WarmEnvironments)
		},
		Done: func(m *Machine) string {
			warm := m.Recorded.Run.Warm
			return fmt.Sprintf("%d of %d distinct environments are warm", warm.Distinct, warm.Wanted)
		},
	},
	{
		Phase: release.PhaseCommands, Situation: Commanding, Urgency: Works,
		Condition: v1alpha1.ConditionCommandsSucceeded,
		Acts: map[release.Action]Act{
			release.ActionAnnounce: {Holds: true}, release.ActionInvoke: {Write: Fenced}, release.ActionVoid: {Write: Fenced},
			release.ActionRecordCommand: {},
		},
		Doing: func(*Machine) string { return "deploy commands run" },
		Done:  func(m *Machine) string { return commandsDone(m.Recorded.Run.Commands) },
	},
	{
		Phase: release.PhaseActivate, Situation: Activating, Urgency: Moves,
		Condition: v1alpha1.ConditionActivated,
		Acts: map[release.Action]Act{
			release.ActionIntend: {Holds: true}, release.ActionMove: {Write: Intended}, release.ActionRevert: {Write: Fenced},
			release.ActionStack: {Write: Written}, release.ActionTryAgain: {}, release.ActionResume: {Holds: true},
			release.ActionSeal: {},
		},
		Doing: moving,
		Done:  func(m *Machine) string { return "the live aliases point at " + versions(m.Recorded.Run.Functions) },
	},
	{
		Phase: release.PhaseClean, Situation: Cleaning, Urgency: Later,
		Condition: v1alpha1.ConditionCleaned,
		Acts: map[release.Action]Act{
			release.ActionReturn: {}, release.ActionStack: {Holds: true, Write: Fenced, Turn: true},
			release.ActionTryAgain: {}, release.ActionTrim: {Holds: true},
			release.ActionSweep:   {Holds: true, Beside: release.PoolRemove, Outlasts: true, Write: Written},
			release.ActionRepair:  {Holds: true, Beside: release.PoolUpload, Outlasts: true, Write: Fenced},
			release.ActionCleaned: {},
		},
		Doing: func(*Machine) string { return "what no kept release needs is removed" },
		Done:  func(*Machine) string { return "nothing is left of releases that are not kept" },
	},
}

// removal is what belongs to no phase: the deletion of a Stage, and what ends work beside it.
var removal = PhaseSpec{
	Situation: Deleting, Urgency: Later,
	Acts: map[release.Action]Act{
		release.ActionStop: {}, release.ActionStack: {Write: Fenced, Turn: true}, release.ActionRecordStacks: {},
		release.ActionRemoveApp:        {Beside: release.PoolRemove, Outlasts: true, Write: Fenced},
		release.ActionRemoveFoundation: {Beside: release.PoolRemove, Outlasts: true, Write: Fenced},
		release.ActionLetGo:            {},
	},
}

// SpecOf gives the row of a phase.
func SpecOf(phase release.Phase) *PhaseSpec {
	for i := range Phases {
		if Phases[i].Phase == phase {
			return &Phases[i]
		}
	}
	return &removal
}

// PhaseOf gives the phase that a condition tells of; empty for the summaries.
func PhaseOf(condition string) release.Phase {
	for i := range Phases {
		if Phases[i].Condition == condition {
			return Phases[i].Phase
		}
	}
	return ""
}

// Situation gives the one word for how a reconcile ended; nil where it goes on.
func (m *Machine) Situation(outcome error) Situation {
	_, isRejected := release.AsRejected(outcome)
	waiting, isWaiting := release.AsWaiting(outcome)
	switch {
	case m.Asked.Removal != nil:
		return Deleting
	case isRejected && !m.Live():
		return Stalled
	case isWaiting && waiting.Reason == v1alpha1.ReasonSuspended:
		return Suspended
	case m.Live() && m.Recorded.Live.Cleaned:
		return Live
	case m.Live():
		return Cleaning
	case m.Recorded.Run.Reverting():
		return Reverting
	}
	if phase := m.Phase(outcome); phase != "" {
		return SpecOf(phase).Situation
	}
	return Pending
}

// Phase gives the phase that a run is in: that of the outcome, or the first that is not done. Empty without a run.
func (m *Machine) Phase(outcome error) release.Phase {
	if phase := PhaseOf(release.ConditionOf(outcome)); phase != "" {
		return phase
	}
	if outcome != nil && m.at != "" {
		return m.at
	}
	if m.Recorded.Run == nil {
		return ""
	}
	for i := range Phases {
		if m.Recorded.Run.Phase(Phases[i].Phase).State != release.PhaseSucceeded {
			return Phases[i].Phase
		}
	}
	return release.PhaseClean
}

// GoesOn tells what the release is about when there is nothing more to say.
func (m *Machine) GoesOn() string {
	run := m.Recorded.Run
	if run == nil || run.State != release.RunRunning {
		return "the release begins"
	}
	if run.Reverting() {
		return "the activation failed, and the aliases are moved back"
	}
	record := run.Phase(m.Phase(nil))
	if record.State == release.PhaseRunning && record.Message != "" {
		return fmt.Sprintf("releasing %s: %s", run.BuildID, record.Message)
	}
	return fmt.Sprintf("releasing %s", run.BuildID)
}

func versions(functions []release.FunctionVersion) string {
	list := make([]string, 0, len(functions))
	for _, function := range functions {
		list = append(list, function.Name+" "+function.Version)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

func commandsDone(commands []release.CommandRun) string {
	if len(commands) == 0 {
		return "there are no deploy commands"
	}
	names := make([]string, 0, len(commands))
	for i := range commands {
		names = append(names, commands[i].Name)
	}
	return strings.Join(names, ", ") + " succeeded"
}

func moving(m *Machine) string {
	activation := m.Recorded.Run.Activation
	if activation == nil {
		return "the live aliases are about to move"
	}
	done := 0
	for _, move := range activation.Moves {
		if move.State == release.MoveDone {
			done++
		}
	}
	return fmt.Sprintf("%d of %d aliases point at the release", done, len(activation.Moves))
}

// lasting is how long something has gone on, for a message: coarse, so that not every look makes another status.
func lasting(d time.Duration) string {
	const step = 5 * time.Second
	return "for " + max(d.Truncate(step), step).String()
}
