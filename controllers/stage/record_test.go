package stage

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

func TestWhatIsRecordedIsReadAgainAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		written := drawRecorded(t)
		status := &v1alpha1.StageStatus{}
		writeRecorded(status, &written)
		stored, err := json.Marshal(status)
		if err != nil {
			t.Fatal(err)
		}
		again := &v1alpha1.StageStatus{}
		if err := json.Unmarshal(stored, again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(written, recordedFrom(again), cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func drawRecorded(t *rapid.T) (r release.Recorded) {
	if rapid.Bool().Draw(t, "has a live release") {
		live := drawLive(t)
		r.Live = &live
	}
	for range rapid.IntRange(0, 3).Draw(t, "history") {
		r.History = append(r.History, drawLive(t))
	}
	if rapid.Bool().Draw(t, "has a run") {
		r.Run = drawRun(t)
	}
	return r
}

func drawLive(t *rapid.T) release.Live {
	return release.Live{
		ID: text(t), BuildID: text(t), ImageDigest: text(t), DeployedDigest: text(t), AssetsDigest: text(t), ConfigHash: text(t), Revision: text(t),
		ActivatedAt: moment(t), SupersededAt: moment(t), Functions: drawFunctions(t), Cleaned: rapid.Bool().Draw(t, "cleaned"),
	}
}

func drawRun(t *rapid.T) *release.Run {
	run := &release.Run{
		ID: text(t), Run: text(t), State: rapid.SampledFrom([]release.RunState{"Running", "Succeeded", "Failed"}).Draw(t, "state"),
		Attempt: rapid.Int32Range(0, 9).Draw(t, "attempt"), BuildID: text(t), ImageDigest: text(t), Revision: text(t), StartedAt: moment(t), FinishedAt: moment(t),
		DeployedDigest: text(t), AssetsDigest: text(t), ConfigHash: text(t), Functions: drawFunctions(t), FlipIntendedAt: moment(t),
	}
	if rapid.Bool().Draw(t, "warm") {
		run.Warm = &release.Warm{Distinct: 1, Wanted: 2, At: moment(t)}
	}
	if rapid.Bool().Draw(t, "failed") {
		run.Failure = &release.Rejected{Condition: text(t), Reason: text(t), Message: text(t)}
	}
	if rapid.Bool().Draw(t, "a command ended") {
		run.Commands = append(run.Commands, release.CommandRun{
			Name: "migrate", State: release.CommandFailed, AnnouncedAt: moment(t), NotAfter: moment(t), Invoked: true,
			StartedAt: moment(t), FinishedAt: moment(t), ExitCode: rapid.Int32Range(0, 255).Draw(t, "exit code"), Output: text(t),
		})
	}
	if rapid.Bool().Draw(t, "a command is announced") {
		run.Commands = append(run.Commands, release.CommandRun{Name: "seed", State: release.CommandAnnounced, AnnouncedAt: moment(t), NotAfter: moment(t)})
	}
	return run
}

func drawFunctions(t *rapid.T) (list []release.FunctionVersion) {
	for range rapid.IntRange(0, 3).Draw(t, "functions") {
		list = append(list, release.FunctionVersion{Name: text(t), Version: text(t), Previous: text(t)})
	}
	return list
}

func text(t *rapid.T) string { return rapid.StringMatching(`[a-z0-9:-]{0,12}`).Draw(t, "text") }

// moment is none, or one in whole seconds, which is what a status keeps.
func moment(t *rapid.T) time.Time {
	seconds := rapid.Int64Range(0, 4_000_000_000).Draw(t, "seconds")
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

func TestATextIsCutWithoutLeavingHalfACharacter(t *testing.T) {
	for _, row := range []struct{ why, text, want string }{
		{"it fits", "abcdef", "abcdef"},
		{"it is cut for the ellipsis", "abcdefg", "abc…"},
		{"a character of two bytes would be cut in the middle", "abéefgh", "ab…"},
	} {
		t.Run(row.why, func(t *testing.T) {
			if got := bounded(row.text, 6); got != row.want {
				t.Errorf("got %q", got)
			}
		})
	}
}
