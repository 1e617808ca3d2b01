package stage

import (
	"encoding/json"
	"fmt"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aloft-dev/aloft/api/v1alpha1"
)

// decoded is a Stage as it comes from the API server.
func decoded(t *testing.T, name string) *v1alpha1.Stage {
	t.Helper()
	stage := &v1alpha1.Stage{ObjectMeta: metav1.ObjectMeta{
		Namespace: "clouder", Name: name, ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "aloft"}},
		Annotations: map[string]string{corev1.LastAppliedConfigAnnotation: "{}", v1alpha1.AnnotationRetry: "1"},
	}}
	for i := range 13 {
		stage.Status.Conditions = append(stage.Status.Conditions, metav1.Condition{
			Type: fmt.Sprint("Condition", i), Status: metav1.ConditionTrue, Reason: "Succeeded", Message: "it is done",
			LastTransitionTime: metav1.NewTime(time.Unix(1, 0)),
		})
	}
	stage.Status.Target = &v1alpha1.Run{Phases: []v1alpha1.PhaseRun{{Name: "Upload", State: "Succeeded"}}}
	content, err := json.Marshal(stage)
	if err != nil {
		t.Fatal(err)
	}
	read := &v1alpha1.Stage{}
	if err := json.Unmarshal(content, read); err != nil {
		t.Fatal(err)
	}
	return read
}

func cached(t *testing.T, stage *v1alpha1.Stage) *v1alpha1.Stage {
	t.Helper()
	kept, err := Cached(stage)
	if err != nil {
		t.Fatal(err)
	}
	return kept.(*v1alpha1.Stage)
}

func TestTheCacheKeepsAllOfAStageThatIsRead(t *testing.T) {
	want := decoded(t, "production")
	want.ManagedFields, want.Annotations = nil, map[string]string{v1alpha1.AnnotationRetry: "1"}
	if diff := cmp.Diff(want, cached(t, decoded(t, "production"))); diff != "" {
		t.Error(diff)
	}
}

func TestTheCacheKeepsEachWordOnce(t *testing.T) {
	one, other := cached(t, decoded(t, "production")), cached(t, decoded(t, "staging"))
	for i, condition := range one.Status.Conditions {
		again := other.Status.Conditions[i]
		if unsafe.StringData(condition.Type) != unsafe.StringData(again.Type) ||
			unsafe.StringData(condition.Reason) != unsafe.StringData(again.Reason) {
			t.Errorf("the words of condition %s are kept twice", condition.Type)
		}
	}
	if unsafe.StringData(one.Status.Target.Phases[0].Name) !=
		unsafe.StringData(other.Status.Target.Phases[0].Name) {
		t.Error("a phase is kept twice")
	}
}

func TestTheCacheKeepsWhatReleasesOfAStageHaveInCommonOnce(t *testing.T) {
	stage := decoded(t, "production")
	one := func() v1alpha1.Release {
		return v1alpha1.Release{ID: "r1", ImageDigest: string([]byte("sha256:1")), Functions: []v1alpha1.FunctionVersion{
			{Name: string([]byte("http")), Version: "1"},
		}}
	}
	live := one()
	stage.Status.Live, stage.Status.History = &live, []v1alpha1.Release{one()}
	stage.Status.Target.ImageDigest = string([]byte("sha256:1"))
	kept := cached(t, stage).Status
	for what, pair := range map[string][2]string{
		"the digest of the target": {kept.Target.ImageDigest, kept.Live.ImageDigest},
		"the digest of an older":   {kept.History[0].ImageDigest, kept.Live.ImageDigest},
		"a function":               {kept.History[0].Functions[0].Name, kept.Live.Functions[0].Name},
	} {
		if unsafe.StringData(pair[0]) != unsafe.StringData(pair[1]) {
			t.Errorf("%s is kept twice", what)
		}
	}
}

func TestAStageInTheCacheTakesLessThanItsDecoderLeaves(t *testing.T) {
	const many = 2000
	takes := func(keep func(*v1alpha1.Stage) *v1alpha1.Stage) float64 {
		kept := make([]*v1alpha1.Stage, many)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for i := range kept {
			kept[i] = keep(decoded(t, "production"))
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(kept)
		return float64(after.HeapAlloc-before.HeapAlloc) / many
	}
	as := takes(func(stage *v1alpha1.Stage) *v1alpha1.Stage { return stage })
	slim := takes(func(stage *v1alpha1.Stage) *v1alpha1.Stage { return cached(t, stage) })
	if slim > 0.8*as {
		t.Errorf("it takes %.0f bytes, and %.0f as it is decoded", slim, as)
	}
}

func TestATombstoneIsLeftAlone(t *testing.T) {
	if kept, err := Cached("gone"); kept != "gone" || err != nil {
		t.Errorf("got %v, %v", kept, err)
	}
}
