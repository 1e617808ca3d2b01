package stage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// midway is a session in the midst of a run, whose status is written as it is.
func midway(ctx context.Context) (*scene, *session) {
	GinkgoHelper()
	s := play(ctx)
	now := s.newSession(s.now())
	var asked plan.Asked
	asked, now.profile = s.asked(ctx, now.stage)
	now.machine.Now = s.Now()
	now.machine.Recorded.Image = &release.ResolvedImage{
		Repository: asked.Image.Repository, Tag: asked.Image.Tag, Architecture: asked.Image.Architecture, Digest: otherDigest,
	}
	now.machine.Recorded.Run = &release.Run{
		ID: "run-1", ReleaseID: asked.Release(otherDigest, "1").ID, State: release.RunRunning, BuildID: "v1", Generation: 1,
		StartedAt: s.Now(), Cause: release.Cause{Type: release.CauseCreated},
	}
	now.machine.Ask(asked)
	now.machine.Observed.Foundation = &release.Stack{Exists: true}
	Expect(now.write(ctx, nil, ifChanged)).To(Succeed())
	s.noted()
	return s, now
}

// stepOf is a step of an action that reaches AWS if it is let.
func stepOf(phase release.Phase, action release.Action) release.Step {
	return release.Step{
		Action: action, Phase: phase, Command: "migrate", Move: &release.Move{Name: "http", Before: "1", After: "2"},
		Stack: &release.StackStep{
			Part: release.PartFoundation, Condition: v1alpha1.ConditionFoundationReady, Name: "aloft-nobodys",
			Operation: release.StackDelete, Token: "aloft-token",
		},
	}
}

// moving has a run whose two moves are recorded.
func moving(now *session) {
	at := now.machine.Now
	now.machine.Recorded.Run.Activation = &release.Activation{IntendedAt: at, StageSince: at, Moves: []release.Move{
		{Kind: release.MoveAlias, Name: "cli", Before: "1", After: "2", State: release.MovePending},
		{Kind: release.MoveAlias, Name: "http", Before: "1", After: "2", State: release.MovePending},
	}}
	now.machine.Observed.Aliases = map[string]release.Alias{
		"cli": {Version: "1", RevisionID: "a"}, "http": {Version: "1", RevisionID: "b"},
	}
}

// eachAct gives a row for each act of the table of phases, and for those of a deletion, but for some.
func eachAct(fits func(plan.Act) bool, but ...release.Action) (rows []TableEntry) {
	for _, spec := range append(slices.Clone(plan.Phases), *plan.SpecOf("")) {
		for _, action := range sortedActions(spec.Acts) {
			if fits(spec.Acts[action]) && !slices.Contains(but, action) {
				rows = append(rows, Entry(fmt.Sprintf("%s of phase %q", action, spec.Phase), stepOf(spec.Phase, action)))
			}
		}
	}
	return rows
}

func sortedActions(acts map[release.Action]plan.Act) (actions []release.Action) {
	for action := range acts {
		actions = append(actions, action)
	}
	slices.Sort(actions)
	return actions
}

func written(changes []string) (times int) {
	for _, change := range changes {
		if change == statusPatch {
			times++
		}
	}
	return times
}

var _ = Describe("Performing a step", func() {
	DescribeTable("does nothing of it where the write that comes before it fails",
		func(ctx context.Context, step release.Step) {
			s, now := midway(ctx)
			moving(now)
			now.machine.Recorded.Run.DeployedDigest = "sha256:news" // so that there is something to write
			s.refuses(statusPatch, 1, 1, errors.New("etcd is away"))
			_, err := now.perform(ctx, step)
			var lost *unwritten
			Expect(errors.As(err, &lost)).To(BeTrue(), "got %v", err)
			_, changes, calls := s.noted()
			Expect(changes).To(BeEmpty())
			Expect(calls).To(Equal([]string{"sts:GetCallerIdentity"}), "the account is verified, and no more")
			Expect(s.beside()).To(BeEmpty(), "nothing goes on beside it")
			Expect(s.registry.asks()).To(BeZero())
		},
		eachAct(func(act plan.Act) bool { return act.Write != plan.Unwritten }),
	)

	DescribeTable("writes before it as much as the act asks for",
		func(ctx context.Context, step release.Step) {
			s, now := midway(ctx)
			act := plan.ActOf(step)
			Expect(now.prepare(ctx, step, act)).To(Succeed())
			unchanged := map[plan.Write]int{plan.Unwritten: 0, plan.Intended: 1, plan.Written: 0, plan.Fenced: 1}
			Expect(written(s.changed())).To(Equal(unchanged[act.Write]), "where nothing has changed")
			moving(now)
			Expect(now.prepare(ctx, step, act)).To(Succeed())
			changed := map[plan.Write]int{plan.Unwritten: 0, plan.Intended: 1, plan.Written: 1, plan.Fenced: 1}
			Expect(written(s.changed())).To(Equal(changed[act.Write]), "where something has changed")
			now.machine.Recorded.Run.Activation.Moves[0].State = release.MoveDone
			Expect(now.prepare(ctx, step, act)).To(Succeed())
			moved := map[plan.Write]int{plan.Unwritten: 0, plan.Intended: 0, plan.Written: 1, plan.Fenced: 1}
			Expect(written(s.changed())).To(Equal(moved[act.Write]), "where a move was made that AWS tells of")
		},
		eachAct(func(plan.Act) bool { return true }),
	)

	DescribeTable("asks for no access to AWS where only the record changes",
		func(ctx context.Context, step release.Step) {
			s, now := midway(ctx)
			_, err := now.perform(ctx, step)
			Expect(err).NotTo(HaveOccurred())
			_, changes, calls := s.noted()
			Expect(calls).To(BeEmpty())
			Expect(changes).To(BeEmpty())
			Expect(now.clients).To(BeNil())
		},
		eachAct(func(act plan.Act) bool { return act.Write == plan.Unwritten && act.Beside == "" },
			release.ActionPublish),
	)

	It("makes all the moves of a list after one write of it", func(ctx context.Context) {
		s, now := midway(ctx)
		moving(now)
		for _, move := range now.machine.Recorded.Run.Activation.Moves {
			_, err := now.perform(ctx, release.Step{Action: release.ActionMove, Phase: release.PhaseActivate, Move: &move})
			Expect(err).To(MatchError(ContainSubstring("pointing the alias")), "there are no functions here")
			now.machine.Recorded.Run.Activation.Moves[0].State = release.MoveDone
		}
		Expect(s.changed()).To(Equal([]string{statusPatch, "lambda:UpdateAlias", "lambda:UpdateAlias"}))
		Expect(s.now().Status.Target.Activation.Moves).To(HaveLen(2))
	})

	It("makes no move of a reconcile that was overtaken, although the moves are written", func(ctx context.Context) {
		s, now := midway(ctx)
		moving(now)
		Expect(now.write(ctx, nil, ifChanged)).To(Succeed())
		stale := s.newSession(s.now())
		stale.machine.Asked, stale.machine.Desired, stale.profile = now.machine.Asked, now.machine.Desired, now.profile
		now.machine.Recorded.Run.State = release.RunFailed // another operator has given it up
		Expect(now.write(ctx, nil, ifChanged)).To(Succeed())
		s.changed()
		for _, action := range []release.Action{release.ActionMove, release.ActionRevert} {
			_, err := stale.perform(ctx, stepOf(release.PhaseActivate, action))
			var lost *unwritten
			Expect(errors.As(err, &lost)).To(BeTrue(), "got %v", err)
		}
		Expect(s.changed()).NotTo(ContainElement("lambda:UpdateAlias"))
	})

	It("writes the moves of another run, although those of the run before it are written", func(ctx context.Context) {
		s, now := midway(ctx)
		moving(now)
		move := stepOf(release.PhaseActivate, release.ActionMove)
		_, _ = now.perform(ctx, move)
		now.machine.Recorded.Run.ID = "run-2"
		_, _ = now.perform(ctx, move)
		Expect(s.changed()).To(Equal([]string{statusPatch, "lambda:UpdateAlias", statusPatch, "lambda:UpdateAlias"}))
	})

	It("takes each move back behind a write of what was taken back before", func(ctx context.Context) {
		s, now := midway(ctx)
		moving(now)
		for i := range 2 {
			_, _ = now.perform(ctx, stepOf(release.PhaseActivate, release.ActionRevert))
			now.machine.Recorded.Run.Activation.Moves[i].State = release.MoveReverted
		}
		Expect(s.changed()).To(Equal([]string{statusPatch, "lambda:UpdateAlias", statusPatch, "lambda:UpdateAlias"}))
	})

	It("deletes a stack behind a fence each time, although nothing has changed", func(ctx context.Context) {
		s, now := midway(ctx)
		for range 2 {
			_, _ = now.perform(ctx, stepOf("", release.ActionStack))
		}
		deletion := "cloudformation:DeleteStack"
		Expect(s.changed()).To(Equal([]string{statusPatch, deletion, statusPatch, deletion}))
	})

	It("gives what removes things a fence, which is a write each time", func(ctx context.Context) {
		s, now := midway(ctx)
		fence := now.fence()
		for range 2 {
			Expect(fence(ctx)).To(Succeed())
		}
		Expect(s.changed()).To(Equal([]string{statusPatch, statusPatch}))
		s.edit(asksFor("v2"))
		Expect(fence(ctx)).To(Succeed(), "the reconcile that sees the edit gives the work up")
		s.refuses(statusPatch, 1, 1, conflict)
		Expect(fence(ctx)).To(Succeed(), "a reconcile told something in between")
		s.refuses(statusPatch, 1, 99, errors.New("etcd is away"))
		Expect(fence(ctx)).To(MatchError("etcd is away"))
	})

	DescribeTable("neither removes nor sends anything for a Stage that is about something else by now",
		func(ctx context.Context, change func(*scene)) {
			s, now := midway(ctx)
			fence, wanted := now.fence(), now.stillWanted()
			Expect(wanted(ctx)).To(Succeed())
			change(s)
			s.noted()
			Expect(fence(ctx)).NotTo(Succeed())
			Expect(wanted(ctx)).NotTo(Succeed())
			Expect(s.changed()).To(BeEmpty())
		},
		Entry("another run", func(s *scene) { s.remember(func(st *v1alpha1.StageStatus) { st.Target.ID = "run-2" }) }),
		Entry("the run has ended", func(s *scene) {
			s.remember(func(st *v1alpha1.StageStatus) { st.Target.State = v1alpha1.RunSucceeded })
		}),
		Entry("another release is live", func(s *scene) { s.remember(serving("v9", otherDigest)) }),
		Entry("it is being deleted", func(s *scene) { s.deleted() }),
		Entry("it cannot be read", func(s *scene) { s.refuses("uncached get Stage", 1, 9, errors.New("etcd is away")) }),
	)

	It("connects once, and tells each part of the edge whose it is", func(ctx context.Context) {
		s, now := midway(ctx)
		now.profile.Spec.Adopt = []string{"old/clouder"}
		for range 2 {
			Expect(now.connect(ctx)).To(Succeed())
		}
		Expect(s.asksAWS()).To(Equal([]string{"sts:GetCallerIdentity"}))
		own := release.Ownership{
			Owner: "cluster/clouder/" + s.stage.Name, NamespaceUID: string(s.namespaceNow().UID),
			Adopt: []string{"old/clouder"},
		}
		Expect(now.observer.Ownership).To(Equal(own))
		Expect(now.remover.Ownership).To(Equal(own))
		Expect(now.observer.Names).To(Equal(s.names()))
		Expect(now.performer.Names).To(Equal(s.names()))
		Expect(now.remover.Names).To(Equal(s.names()))
		Expect(strings.HasPrefix(s.names().Prefix, "aloft-clouder-")).To(BeTrue())
	})
})
