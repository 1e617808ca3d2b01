package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/wire"
	"github.com/aloft-dev/aloft/test/sandbox"
)

// restarts of the operator while a stage is at rest.
const restarts = 5

// atRest counts what the operator asks of AWS while nothing has changed: it looks at the Stage again and again, for
// each of its annotations and after each start.
func (s *subject) atRest(ctx context.Context, reconciles int) ([]figure, error) {
	since := s.box.AWS.Calls().End()
	done := 0
	for range restarts {
		if err := errors.Join(s.box.StopOperator(), s.box.StartOperator(ctx)); err != nil {
			return nil, err
		}
		counted, err := s.reconciled(ctx, reconciles/restarts)
		if err != nil {
			return nil, err
		}
		done += counted
	}
	calls := s.box.AWS.Calls().Since(since).Where(func(r wire.Record) bool {
		return r.Principal.RoleName() == sandbox.OperatorRole || r.Principal.AccessKeyID == localaws.AdminAccessKeyID
	})
	return []figure{atMost("P4", fmt.Sprintf("calls to AWS in %d reconciles at rest and %d starts", done, restarts),
		float64(len(calls)), "calls", 0)}, nil
}

// reconciled touches the Stage until the operator has looked at it so often.
func (s *subject) reconciled(ctx context.Context, times int) (int, error) {
	before, err := reconcileTotal()
	if err != nil {
		return 0, err
	}
	for touch := 0; ; touch++ {
		now, err := reconcileTotal()
		if err != nil || now-before >= times {
			return now - before, err
		}
		err = s.edit(ctx, func(stage *v1alpha1.Stage) {
			metav1.SetMetaDataAnnotation(&stage.ObjectMeta, "bench.aloft.dev/touch", strconv.Itoa(before+touch))
		})
		if err != nil {
			return 0, err
		}
	}
}

// reconcileTotal is how often the operator of this process has reconciled Stages.
func reconcileTotal() (total int, err error) {
	families, err := metrics.Registry.Gather()
	if err != nil {
		return 0, fmt.Errorf("reading the metrics: %w", err)
	}
	for _, family := range families {
		if family.GetName() != "controller_runtime_reconcile_total" {
			continue
		}
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == "controller" && label.GetValue() == "stage" {
					total += int(metric.GetCounter().GetValue())
				}
			}
		}
	}
	return total, nil
}
