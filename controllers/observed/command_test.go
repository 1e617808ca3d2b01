package observed_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	contract "github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/api/function/proof"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/tenant"
)

var (
	lookCommand     = release.Step{Action: release.ActionLook, Part: release.PartCommand, Command: "migrate"}
	lookLeft        = release.Step{Action: release.ActionLook, Part: release.PartLeft, Release: "r1"}
	lookDeclaration = release.Step{Action: release.ActionLook, Part: release.PartDeclaration, Release: "r1"}

	claim  = release.CommandKey("r1", runID, "migrate") + release.ClaimSuffix
	result = release.CommandKey("r1", runID, "migrate") + release.ResultSuffix
)

// key is what the function was given with the order to run the command.
var key = release.ProofKey(hashKey, "r1", runID, "migrate")

func started() contract.Claim {
	return proof.Claim(key, contract.Claim{
		State: contract.ClaimStarted, StartedAt: "2026-01-02T12:00:05.25Z", Environment: "2026/01/02/[7]stream",
	})
}

func ended(code int32, output string) contract.Result {
	return proof.Result(key, contract.Result{
		ExitCode: code, Output: []byte(output), FinishedAt: "2026-01-02T12:00:09Z",
	})
}

func TestTheEvidenceOfACommandIsItsClaimAndItsResult(t *testing.T) {
	v := newView(t)
	v.MakeBucket()
	look := func() release.CommandEvidence { return *v.look(lookCommand).Command }
	if got := look(); got != (release.CommandEvidence{Name: "migrate"}) {
		t.Errorf("without a claim seen is %+v", got)
	}
	v.put(claim, started())
	want := release.CommandEvidence{
		Name: "migrate", Claimed: true, StartedAt: time.Date(2026, 1, 2, 12, 0, 5, 250e6, time.UTC),
	}
	if got := look(); got != want {
		t.Errorf("with a claim seen is %+v", got)
	}
	v.put(result, ended(3, "no such table"))
	got := look().Result
	if got == nil || got.ExitCode != 3 || string(got.Output) != "no such table" ||
		!got.FinishedAt.Equal(time.Date(2026, 1, 2, 12, 0, 9, 0, time.UTC)) {
		t.Errorf("with a result seen is %+v", got)
	}
	v.put(claim, proof.Claim(key, contract.Claim{State: contract.ClaimVoid}))
	if got := look(); got != (release.CommandEvidence{Name: "migrate", Void: true}) {
		t.Errorf("with a void claim seen is %+v", got)
	}
}

func TestOfACommandThatIsKnownToRunOnlyTheResultIsLookedFor(t *testing.T) {
	v := newView(t)
	v.MakeBucket()
	startedAt := time.Date(2026, 1, 2, 12, 0, 5, 0, time.UTC)
	v.recorded.Run.Commands = []release.CommandRun{
		{Name: "migrate", State: release.CommandStarted, StartedAt: startedAt},
	}
	since := v.Local.Calls().End()
	want := release.CommandEvidence{Name: "migrate", Claimed: true, StartedAt: startedAt}
	if got := *v.look(lookCommand).Command; got != want {
		t.Errorf("without a result seen is %+v", got)
	}
	v.put(result, ended(0, "done"))
	if got := v.look(lookCommand).Command; got.Result == nil || string(got.Result.Output) != "done" {
		t.Errorf("with a result seen is %+v", got)
	}
	if got := len(v.Local.Calls().Since(since).Operation("s3:GetObject")); got != 2 {
		t.Errorf("%d objects were asked for", got)
	}
}

func TestWhatIsNotProvenIsNotBelieved(t *testing.T) {
	for _, row := range []struct {
		why    string
		claim  contract.Claim
		result contract.Result
		want   *int32
	}{
		{
			"the application says that the command succeeded", contract.Claim{State: contract.ClaimStarted},
			contract.Result{FinishedAt: "2026-01-02T12:00:09Z"}, nil,
		},
		{
			"it says so of a command that runs", started(), contract.Result{FinishedAt: "2026-01-02T12:00:09Z"}, nil,
		},
		{
			"it changes what the function said", started(),
			func() contract.Result { r := ended(1, "no such table"); r.ExitCode = 0; return r }(), nil,
		},
		{
			"it says that the command never will start", contract.Claim{State: contract.ClaimVoid}, contract.Result{}, nil,
		},
		{
			"it says that the command starts in eight thousand years",
			contract.Claim{State: contract.ClaimStarted, StartedAt: "9999-01-02T12:00:05Z"}, contract.Result{}, nil,
		},
		{"it overwrites the claim of a command that ran", contract.Claim{}, ended(3, "no such table"), new(int32(3))},
	} {
		t.Run(row.why, func(t *testing.T) {
			v := newView(t)
			v.MakeBucket()
			v.put(claim, row.claim)
			v.put(result, row.result)
			got := v.look(lookCommand).Command
			if !got.Claimed || got.Void || got.StartedAt.IsZero() || got.StartedAt.After(time.Now()) {
				t.Errorf("a claim that proves nothing is a start by S3's time, not %+v", got)
			}
			switch {
			case row.want == nil && got.Result != nil:
				t.Errorf("the result %+v is believed", got.Result)
			case row.want != nil && (got.Result == nil || got.Result.ExitCode != *row.want):
				t.Errorf("the result is %+v", got.Result)
			}
		})
	}
}

func TestTheEvidenceIsOfOneCommandOfOneRunAlone(t *testing.T) {
	v := newView(t)
	v.MakeBucket()
	for _, key := range []string{
		release.CommandKey("r1", runID, "seed"), release.CommandKey("r1", "20260101t120000-aaaa", "migrate"),
		release.CommandKey("r2", runID, "migrate"),
	} {
		v.put(key+release.ClaimSuffix, started())
		v.put(key+release.ResultSuffix, ended(0, "done"))
	}
	v.put(result, ended(0, "done")) // without a claim it is of nothing that ran
	if got := v.look(lookCommand).Command; got.Claimed || got.Result != nil {
		t.Errorf("seen is %+v", got)
	}
}

func TestWithoutABucketNoEvidenceCanComeAnyMore(t *testing.T) {
	v := newView(t)
	if got := *v.look(lookCommand).Command; got != (release.CommandEvidence{Name: "migrate", Lost: true}) {
		t.Errorf("seen is %+v", got)
	}
}

func TestALongOutputIsReadWhole(t *testing.T) {
	v := newView(t)
	v.MakeBucket()
	v.put(claim, started())
	long := strings.Repeat("line\n", 256<<10/5) // the runtime keeps 256 KiB
	v.put(result, ended(0, long))
	if got := v.look(lookCommand).Command.Result; string(got.Output) != long {
		t.Errorf("%d bytes are read of %d", len(got.Output), len(long))
	}
}

func TestEvidenceThatCannotBeReadIsAnError(t *testing.T) {
	for _, row := range []struct {
		why   string
		given func(*view)
		text  string
	}{
		{"the claim is denied", func(v *view) { v.Fault("s3:GetObject", claim, tenant.Denied()) }, "reading " + claim},
		{
			"the claim has no time",
			func(v *view) { v.put(claim, proof.Claim(key, contract.Claim{State: contract.ClaimStarted})) },
			"the claim of command migrate",
		},
		{"the result is denied", func(v *view) { v.Fault("s3:GetObject", result, tenant.Denied()) }, "reading " + result},
		{
			"the result has no time", func(v *view) { v.put(result, proof.Result(key, contract.Result{})) },
			"the result of command migrate",
		},
	} {
		t.Run(row.why, func(t *testing.T) {
			v := newView(t)
			v.MakeBucket()
			v.put(claim, started())
			v.put(result, ended(0, "done"))
			row.given(v)
			v.blind(lookCommand, row.text)
			if v.seen.Command != nil {
				t.Errorf("seen is %+v", v.seen.Command)
			}
		})
	}
}

// Whoever may write the bucket must not hold up a Stage for good by what nobody can read.
func TestWhatIsNoEvidenceIsNotBelievedAndStopsNothing(t *testing.T) {
	for _, row := range []struct {
		why   string
		given func(*view)
	}{
		{"the claim is no JSON", func(v *view) { v.Store(claim, "oops") }},
		{"the result is cut off", func(v *view) { v.Store(result, `{"exit_code":0,"out`) }},
		{"the result is larger than anything that the runtime writes", func(v *view) {
			v.Store(result, `{"output":"`+strings.Repeat("A", 2<<20)+`"}`)
		}},
		{"the output is no base64", func(v *view) {
			v.Store(result, `{"output":"?","finishedAt":"2026-01-02T12:00:09Z"}`)
		}},
	} {
		t.Run(row.why, func(t *testing.T) {
			v := newView(t)
			v.MakeBucket()
			v.put(claim, started())
			row.given(v)
			got := v.look(lookCommand).Command
			if !got.Claimed || got.Void || got.Result != nil || got.StartedAt.IsZero() {
				t.Errorf("seen is %+v", got)
			}
		})
	}
}

// Runs of their times.
const first, second, third = "20260102t120000-abcd", "20260103t120000-abcd", "20260104t120000-abcd"

func TestTheRunThatWasLeftIsTheNewestThatLeftAClaim(t *testing.T) {
	key := release.CommandKey
	for _, row := range []struct {
		why      string
		keys     []string
		run      string
		commands []string
	}{
		{"there is none", nil, "", nil},
		{
			"one with one command", []string{key("r1", first, "migrate") + release.ClaimSuffix}, first,
			[]string{"migrate"},
		},
		{"the newest, with all its commands", []string{
			key("r1", first, "old") + release.ClaimSuffix, key("r1", second, "migrate") + release.ClaimSuffix,
			key("r1", second, "migrate") + release.ResultSuffix, key("r1", second, "seed") + release.ClaimSuffix,
		}, second, []string{"migrate", "seed"}},
		{"a result without a claim says nothing", []string{
			key("r1", first, "migrate") + release.ClaimSuffix, key("r1", third, "migrate") + release.ResultSuffix,
		}, first, []string{"migrate"}},
		{"another release's runs are not its own", []string{
			key("r1", first, "migrate") + release.ClaimSuffix, key("r10", second, "migrate") + release.ClaimSuffix,
			key("r2", third, "migrate") + release.ClaimSuffix,
		}, first, []string{"migrate"}},
	} {
		t.Run(row.why, func(t *testing.T) {
			v := newView(t)
			v.MakeBucket()
			for _, key := range row.keys {
				v.put(key, started())
			}
			if got := v.look(lookLeft).Left; got.Run != row.run || !slices.Equal(got.Commands, row.commands) {
				t.Errorf("left is %+v", got)
			}
		})
	}
}

func TestCommandsOfOtherReleasesAreLeftAsLongAsTheyHaveNoResult(t *testing.T) {
	v := newView(t)
	v.MakeBucket()
	put := func(id, run, name, state string) {
		claim := contract.Claim{State: state, StartedAt: "2026-01-02T12:00:00Z"}
		v.put(release.CommandKey(id, run, name)+release.ClaimSuffix,
			proof.Claim(release.ProofKey(hashKey, id, run, name), claim))
	}
	put("r1", first, "own", contract.ClaimStarted)
	put("r2", first, "ended", contract.ClaimStarted)
	put("r2", second, "migrate", contract.ClaimStarted)
	put("r3", first, "never", contract.ClaimVoid)
	v.put(release.CommandKey("r2", first, "ended")+release.ResultSuffix, contract.Result{})
	want := []release.OpenCommand{
		{Release: "r2", Name: "migrate", StartedAt: time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)},
	}
	if got := v.look(lookLeft).Left.Open; !slices.Equal(got, want) {
		t.Errorf("open are %+v", got)
	}
	v.put(release.CommandKey("r3", first, "never")+release.ClaimSuffix, contract.Claim{State: contract.ClaimVoid})
	if got := v.look(lookLeft).Left.Open; len(got) != 2 || got[1].Name != "never" || got[1].StartedAt.IsZero() {
		t.Errorf("that a command never ran is believed without a proof: %+v", got)
	}
	v.Fault("s3:GetObject", "", tenant.Denied())
	v.blind(lookLeft, "reading runs/r2/")
}

func TestALeftRunIsFoundBehindThousandObjectsAndWithoutABucketThereIsNone(t *testing.T) {
	v := newView(t)
	if got := v.look(lookLeft).Left; got == nil || got.Run != "" {
		t.Errorf("without a bucket left is %+v", got)
	}
	v.MakeBucket()
	for i := range 1001 { // S3 lists a thousand at once
		v.put(release.CommandKey("r1", fmt.Sprintf("20260101t12%04d-abcd", i), "migrate")+release.ClaimSuffix,
			map[string]any{})
	}
	if got := v.look(lookLeft).Left; got.Run != "20260101t121000-abcd" ||
		!slices.Equal(got.Commands, []string{"migrate"}) {
		t.Errorf("left is %+v", got)
	}
}

func TestThatItIsNotKnownWhatWasLeftIsAnError(t *testing.T) {
	v := newView(t)
	v.MakeBucket()
	v.Fault("s3:ListObjectsV2", "", tenant.Denied())
	v.blind(lookLeft, "/runs/: operation error S3")
}

func TestADeclarationIsReadAsItWasWritten(t *testing.T) {
	v := newView(t)
	v.MakeBucket()
	written := release.Desired{
		ID: "r1", BuildID: "v1", ConfigHash: "c1", Owner: tenant.Owner, Names: v.Names, AssetsPath: "/www", KeepReleases: 3,
		Functions: []release.Function{{Name: "http", Role: release.RoleHTTP, ReservedConcurrency: new(int32(0))}},
		Commands:  []release.Command{{Name: "migrate", Argv: []string{"/app", "migrate"}, TimeoutSeconds: 60}},
	}
	v.put(release.ReleaseKey("r1"), written)
	got := v.look(lookDeclaration).Declaration.Desired
	if got.ID != "r1" || got.Names != v.Names || got.KeepReleases != 3 || got.Commands[0].Argv[1] != "migrate" ||
		*got.Functions[0].ReservedConcurrency != 0 {
		t.Errorf("read is %+v", got)
	}
}

func TestThatADeclarationIsGoneIsKnown(t *testing.T) {
	for why, given := range map[string]func(*view){
		"without a bucket": func(*view) {}, "without the object": (*view).MakeBucket,
	} {
		v := newView(t)
		given(v)
		if got := v.look(lookDeclaration).Declaration; got == nil || got.Release != "r1" || got.Desired != nil {
			t.Errorf("%s seen is %+v", why, got)
		}
	}
}

func TestThatADeclarationCannotBeReadIsAnError(t *testing.T) {
	for _, row := range []struct {
		why   string
		given func(*view)
		text  string
	}{
		{
			"it is denied", func(v *view) { v.MakeBucket(); v.Fault("s3:GetObject", "", tenant.Denied()) },
			"reading " + release.ReleaseKey("r1"),
		},
		{
			"it is no JSON", func(v *view) { v.MakeBucket(); v.Store(release.ReleaseKey("r1"), "oops") },
			"reading " + release.ReleaseKey("r1"),
		},
	} {
		t.Run(row.why, func(t *testing.T) {
			v := newView(t)
			row.given(v)
			v.blind(lookDeclaration, row.text)
			if v.seen.Declaration != nil {
				t.Errorf("seen is %+v", v.seen.Declaration)
			}
		})
	}
}

func TestWhatIsNoRunHidesNone(t *testing.T) {
	for why, junk := range map[string]string{
		"a name that comes after every run's":  "zzz",
		"a run of the year 9999":               "99991231t235959-abcd",
		"a name that a status has no room for": "99" + strings.Repeat("9", 100),
	} {
		t.Run(why, func(t *testing.T) {
			v := newView(t)
			v.MakeBucket()
			v.put(claim, started())
			v.put(release.CommandKey("r1", junk, "migrate")+release.ClaimSuffix, started())
			if got := v.look(lookLeft).Left; got.Run != runID || !slices.Equal(got.Commands, []string{"migrate"}) {
				t.Errorf("seen is %+v", got)
			}
		})
	}
}
