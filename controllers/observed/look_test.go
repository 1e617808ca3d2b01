package observed_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws/wire"
	"github.com/aloft-dev/aloft/test/tenant"
)

// unknown says that nothing of a part is known.
func unknown(seen release.Observed, part release.Part) bool {
	switch part {
	case release.PartFoundation:
		return seen.Foundation == nil
	case release.PartApp:
		return seen.App == nil
	case release.PartAliases:
		return seen.Aliases == nil
	case release.PartCommand:
		return seen.Command == nil
	case release.PartLeftovers:
		return seen.Leftovers == nil
	case release.PartReleases:
		return seen.Releases == nil
	case release.PartLeft:
		return seen.Left == nil
	case release.PartDeclaration:
		return seen.Declaration == nil
	case release.PartWhole:
		return seen.Whole == nil
	default:
		return false
	}
}

// steps look at each part.
var steps = []release.Step{
	lookFoundation, lookApp, lookAliases, lookCommand, lookReleases, lookLeft, lookDeclaration, lookWhole,
	{Part: release.PartFoundation, ChangeSet: "change-1"}, {Part: release.PartApp, ChangeSet: "change-1"},
}

// complete is a stage of which all that can be looked at is there.
func complete(t *testing.T) *view {
	t.Helper()
	v := serving(t)
	v.begin(v.Names.AppStack, oneQueue, "first", own()...)
	v.settled(v.Names.AppStack)
	v.app(badQueue, "second", own()...) // so that its events are read
	v.begin(v.Names.FoundationStack, queues(1), "first", own()...)
	v.settled(v.Names.FoundationStack)
	v.put(claim, started())
	v.put(result, ended(0, "done"))
	v.point("http", "1", nil)
	v.point("cli", "1", nil)
	return v
}

func TestThatAPartCouldNotBeSeenIsAnErrorAndNeverAbsence(t *testing.T) {
	for why, answer := range map[string]*wire.Error{
		"a right is missing":    tenant.Denied(),
		"too many calls":        wire.Throttled(),
		"AWS has a fault":       wire.Errorf(http.StatusInternalServerError, "InternalFailure", "oops"),
		"the session has ended": wire.Errorf(http.StatusForbidden, "ExpiredToken", "expired"),
	} {
		t.Run(why, func(t *testing.T) {
			v := complete(t)
			for _, step := range steps {
				v.seen = release.Observed{}
				remove := v.Local.Faults().Inject(wire.Fault{Kind: wire.FaultError, Error: answer})
				v.blind(step)
				if !unknown(v.seen, step.Part) {
					t.Errorf("of %s something is seen", step.Part)
				}
				remove()
				v.look(step)
				if unknown(v.seen, step.Part) {
					t.Errorf("of %s nothing is seen", step.Part)
				}
			}
		})
	}
}

func TestThatTheNetworkIsDownIsAnErrorAndNeverAbsence(t *testing.T) {
	v := complete(t)
	for _, kind := range []wire.FaultKind{wire.FaultDropBefore, wire.FaultLoseAnswer} {
		for _, step := range steps {
			v.seen = release.Observed{}
			remove := v.Local.Faults().Inject(wire.Fault{Kind: kind})
			v.blind(step, "reset")
			if !unknown(v.seen, step.Part) {
				t.Errorf("of %s something is seen", step.Part)
			}
			remove()
		}
	}
}

func TestALookOnlyReadsAndEachSingleCallOfItThatFailsIsAnError(t *testing.T) {
	v := complete(t)
	for _, step := range steps {
		since := v.Local.Calls().End()
		v.seen = release.Observed{}
		v.look(step)
		calls := v.Local.Calls().Since(since)
		if len(calls) == 0 || len(calls.Mutating()) > 0 {
			t.Errorf("for %s AWS was asked %v", step.Part, calls.Names())
		}
		failed := 0
		for ; failed < 20; failed++ { // the first call passes, then the first two, and so on until all do
			v.seen = release.Observed{}
			remove := v.Local.Faults().Inject(wire.Fault{Kind: wire.FaultError, Error: tenant.Denied(), Skip: failed})
			err := v.Look(t.Context(), step, v.desired, v.recorded, &v.seen)
			remove()
			if err == nil {
				break
			}
			if !unknown(v.seen, step.Part) {
				t.Errorf("of %s something is seen although call %d failed", step.Part, failed+1)
			}
		}
		if failed == 0 || failed == 20 {
			t.Errorf("the look at %s failed %d times", step.Part, failed)
		}
	}
}

func TestWhatIsNoPartCannotBeLookedAt(t *testing.T) {
	v := newView(t)
	err := v.Look(t.Context(), release.Step{Part: "Weather"}, v.desired, v.recorded, &v.seen)
	if err == nil || !strings.Contains(err.Error(), `no part "Weather"`) {
		t.Errorf("the error is %v", err)
	}
	if calls := v.Local.Calls(); len(calls) > 0 {
		t.Errorf("AWS was asked: %v", calls.Names())
	}
}
