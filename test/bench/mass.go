package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/cmd/manager/operator"
	"github.com/aloft-dev/aloft/test/localaws/wire"
	sample "github.com/aloft-dev/aloft/test/sampleapp/image"
	"github.com/aloft-dev/aloft/test/sandbox"
)

// functions that a Stage of a mass has: pages, a queue's worker, and commands.
const massFunctions = 3

// massSpaces are the namespaces that the Stages of an account lie in.
const massSpaces = 5

// mass is many Stages that release at the same time, in several accounts, and one for each account that is watched
// among them.
type mass struct {
	*scale
	watcher client.WithWatch
	// stages and probes by account.
	stages map[string][]types.NamespacedName
	probes map[string]types.NamespacedName
}

func (s *scale) newMass(ctx context.Context, o scaleOptions) (*mass, error) {
	scheme, err := operator.Scheme()
	if err != nil {
		return nil, err
	}
	m := &mass{scale: s, stages: map[string][]types.NamespacedName{}, probes: map[string]types.NamespacedName{}}
	if m.watcher, err = client.NewWithWatch(s.box.ControlPlane.Config, client.Options{Scheme: scheme}); err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	for i, account := range s.box.Accounts.IDs() {
		for space := range massSpaces {
			name := fmt.Sprintf("mass-%d-%d", i, space)
			if err := s.box.PrepareIn(ctx, account, name, name, s.box.Database.URL()); err != nil {
				return nil, err
			}
		}
		for number := range o.releases + 1 {
			space := fmt.Sprintf("mass-%d-%d", i, number%(massSpaces-1))
			if number == o.releases { // the probe has a namespace of its own
				space = fmt.Sprintf("mass-%d-%d", i, massSpaces-1)
			}
			stage := s.box.SampleStage(space, fmt.Sprintf("stage-%03d", number), space, sample.V1.Version)
			stage.Spec.Manifest.Schedules, stage.Spec.Manifest.HTTP.WarmEnvironments = nil, 0
			if err := s.box.Client.Create(ctx, stage); err != nil {
				return nil, fmt.Errorf("applying a Stage: %w", err)
			}
			key := client.ObjectKeyFromObject(stage)
			if number == o.releases {
				m.probes[account] = key
				continue
			}
			m.stages[account] = append(m.stages[account], key)
		}
	}
	return m, nil
}

// push builds and pushes another version.
func (m *mass) push(ctx context.Context, name string) error { return m.box.Push(ctx, version(name)) }

// restrict gives each account a share of Lambda's quotas, with or without what CloudFormation calls.
func (m *mass) restrict(share float64, withCloudFormation bool) {
	var except func(*wire.Call) bool
	if !withCloudFormation {
		except = func(call *wire.Call) bool { return call.Principal.RoleName() == sandbox.StackRole }
	}
	for _, account := range m.box.Accounts.IDs() {
		m.box.Accounts.Account(account).Quotas().Set(wire.LambdaQuotas(wire.LambdaControlPlane*share, except)...)
	}
}

// free lets everyone call as often as they like.
func (m *mass) free() {
	for _, account := range m.box.Accounts.IDs() {
		m.box.Accounts.Account(account).Quotas().Set()
	}
}

// spent is what the operator has asked of accounts.
type spent struct {
	// control are the calls to Lambda's control plane, and stacks those to CloudFormation, of which control's and stacks'
	// swing were made while releases were in full swing.
	control, controlSwing, stacks, stacksSwing int
	all, throttled                             int
}

// spentBy adds up the operator's calls during a wave.
func (m *mass) spentBy(accounts []string, mark map[string]uint64, w wave) (s spent) {
	from, to := w.swing()
	for _, account := range accounts {
		for _, r := range m.box.Accounts.Account(account).Calls().Since(mark[account]).By(sandbox.OperatorRole) {
			s.all++
			swings := r.Time.After(from) && r.Time.Before(to)
			switch {
			case r.Code == "TooManyRequestsException" && r.Operation != "Invoke":
				s.throttled++
			case r.Service == "lambda" && wire.InLambdaControlPlane(r.Operation):
				s.control, s.controlSwing = s.control+1, s.controlSwing+one(swings)
			case r.Service == "cloudformation":
				s.stacks, s.stacksSwing = s.stacks+1, s.stacksSwing+one(swings)
			}
		}
	}
	return s
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

// everyone are all Stages of all accounts, the probes among them.
func (m *mass) everyone() (all []types.NamespacedName) {
	for _, account := range m.box.Accounts.IDs() {
		all = append(append(all, m.stages[account]...), m.probes[account])
	}
	return all
}

// probed is how long the releases of one Stage take, the middle of several.
func (m *mass) probed(ctx context.Context, probe types.NamespacedName, versions ...string) (time.Duration, error) {
	var took []time.Duration
	for _, version := range versions {
		if err := m.push(ctx, version); err != nil {
			return 0, err
		}
		w, err := m.release(ctx, version, probe)
		if err != nil {
			return 0, err
		}
		if len(w.failed) > 0 {
			return 0, fmt.Errorf("a release failed that nothing was wrong with: %v", w.failed)
		}
		took = append(took, w.took())
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}

// beside is a wave of releases, and how long a release takes that begins when the wave is in full swing.
func (m *mass) beside(
	ctx context.Context, version string, stages []types.NamespacedName, probe types.NamespacedName, after time.Duration,
) (w wave, took time.Duration, err error) {
	group, ctx := errgroup.WithContext(ctx)
	if err := m.push(ctx, version); err != nil {
		return w, 0, err
	}
	group.Go(func() (err error) { w, err = m.release(ctx, version, stages...); return err })
	group.Go(func() (err error) {
		time.Sleep(after)
		took, err = m.probed(ctx, probe, "probe-"+version)
		return err
	})
	return w, took, group.Wait()
}

// massRow is a wave, and the release that is watched beside it.
type massRow struct {
	id, what           string
	withCloudFormation bool
	probeID            string
	probe              types.NamespacedName
	// alone is how long the probe takes alone, limit how many times longer it may take beside the wave.
	alone time.Duration
	limit float64
	where string
}

// besideAfter is when the release beside a wave begins.
const besideAfter = 5 * time.Second

// masses measures releases at the same time, in all accounts but the last, whose Stage is watched beside them. It gives
// a Stage that was released, and leaves no operator behind.
func (s *scale) masses(ctx context.Context, o scaleOptions) (_ types.NamespacedName, _ []figure, err error) {
	m, err := s.newMass(ctx, o)
	if err != nil {
		return types.NamespacedName{}, nil, err
	}
	accounts := s.box.Accounts.IDs()
	busy, apart := accounts[:len(accounts)-1], m.probes[accounts[len(accounts)-1]]
	released := m.stages[busy[0]][0]
	if err := m.first(ctx); err != nil {
		return released, nil, err
	}
	operator, err := startManager(ctx, s.box, s.logs, "--aws-quota-share", fmt.Sprint(o.share))
	if err != nil {
		return released, nil, err
	}
	defer func() { err = errors.Join(err, operator.Terminate()) }()
	if _, err := operator.idle(ctx); err != nil {
		return released, nil, err
	}
	m.restrict(o.share, false)
	defer m.free()
	s.tell("releasing one Stage alone")
	alone, err := m.probed(ctx, apart, "alone-1", "alone-2", "alone-3")
	if err != nil {
		return released, nil, err
	}
	same, err := m.probed(ctx, m.probes[busy[0]], "alone-1", "alone-2", "alone-3")
	if err != nil {
		return released, nil, err
	}
	var figures []figure
	for _, row := range []massRow{
		{"P13", "", false, "P14", apart, alone, 1.1, "another account"},
		{"P13.all", ", CloudFormation's own calls throttled too", true, "P14.same", m.probes[busy[0]], same, 2,
			"the same account"},
	} {
		s.tell("%d releases in each of %d accounts%s", o.releases, len(busy), row.what)
		m.restrict(o.share, row.withCloudFormation)
		more, err := m.wave(ctx, o, busy, row)
		if err != nil {
			return released, nil, err
		}
		figures = append(figures, more...)
	}
	return released, figures, nil
}

// first brings the first release of everyone live, on an AWS without quotas.
func (m *mass) first(ctx context.Context) error {
	m.tell("the first releases of %d Stages", len(m.everyone()))
	if err := m.box.Push(ctx, sample.V1); err != nil {
		return err
	}
	operator, err := startManager(ctx, m.box, m.logs, "--unbudgeted")
	if err != nil {
		return err
	}
	w, err := m.release(ctx, sample.V1.Version, m.everyone()...)
	m.tell("  %.2f a second, %d failed", w.perSecond(), len(w.failed))
	if err == nil && len(w.failed) > 0 {
		err = fmt.Errorf("first releases failed: %v", w.failed)
	}
	return errors.Join(err, operator.Terminate())
}

// cloudFormationRate is what the operator keeps within; AWS documents no quota.
const cloudFormationRate = 8

// wave measures releases at the same time in busy accounts, and one beside them.
func (m *mass) wave(ctx context.Context, o scaleOptions, busy []string, row massRow) ([]figure, error) {
	mark := m.callCounts()
	var stages []types.NamespacedName
	for i := range o.releases {
		for _, account := range busy {
			stages = append(stages, m.stages[account][i])
		}
	}
	w, took, err := m.beside(ctx, row.id, stages, row.probe, besideAfter)
	if err != nil {
		return nil, err
	}
	for _, failure := range w.failed {
		m.tell("  failed: %s", failure)
	}
	if len(w.ready) == 0 {
		return nil, errors.New("no release became ready")
	}
	s := m.spentBy(busy, mark, w)
	from, to := w.swing()
	share := func(calls, rate float64) float64 {
		return 100 * calls / to.Sub(from).Seconds() / (rate * o.share * float64(len(busy)))
	}
	control := share(float64(s.controlSwing), wire.LambdaControlPlane)
	stacked := share(float64(s.stacksSwing), cloudFormationRate)
	bound := wire.LambdaControlPlane * o.share * float64(len(busy)) / (2 * massFunctions)
	of := fmt.Sprintf("%d releases at once in %d accounts%s: ", len(stages), len(busy), row.what)
	each := float64(len(stages))
	return []figure{
		atLeast(row.id, of+"of the budget that bounds them, used in full swing", max(control, stacked), "%", 90),
		told(row.id+".lambda", of+"of Lambda's 15 calls a second", control, "%"),
		told(row.id+".stacks", of+"of the 8 calls a second to CloudFormation", stacked, "%"),
		atLeast(row.id+".rate", of+"releases, where 2 calls for each of 3 functions are needed", w.perSecond(), "a second",
			0.9*bound),
		told(row.id+".calls", of+"calls to Lambda's control plane for each, 6 of which are needed", float64(s.control)/each,
			"calls"),
		told(row.id+".calls.stacks", of+"calls to CloudFormation for each", float64(s.stacks)/each, "calls"),
		atMost(row.id+".throttled", of+"of the calls are throttled", 100*float64(s.throttled)/float64(s.all), "%", 2),
		atMost(row.id+".failed", of+"failed", float64(len(w.failed)), "releases", 0),
		atMost(row.probeID, of+"how much longer a release in "+row.where+" takes beside them", took.Seconds()/
			row.alone.Seconds(), "times", row.limit),
	}, nil
}
