package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

func TestAnUploadThatEndsTheOperatorIsLeftAlone(t *testing.T) {
	m := onTheWay(t, releaseOf("v2"), release.ActionUpload)
	upload := release.Step{Action: release.ActionUpload, Phase: release.PhaseUpload}
	const sawItEnd = true
	for _, row := range []struct {
		why      string
		after    time.Duration
		sawItEnd bool
		begins   bool
	}{
		{"it is begun", 0, false, true},
		{"the operator was restarted: that happens", time.Minute, false, true},
		{"and once more", time.Minute, false, true},
		{"three times is no accident", time.Minute, false, false},
		{"ten minutes after the last time it is tried again", 9 * time.Minute, false, true},
		{"it ended the operator once more", time.Minute, false, false},
		{"which is twice as bad", 10 * time.Minute, false, false},
		{"it is tried again all the same", 9 * time.Minute, false, true},
		{"it met an error and ended by itself", time.Second, sawItEnd, true},
		{"so that a restart is an accident again", time.Minute, false, true},
	} {
		m.Now = m.Now.Add(row.after)
		err := m.Start(upload, row.sawItEnd)
		if (err == nil) != row.begins {
			t.Fatalf("%s: got %v after %d tries", row.why, err, m.Recorded.Run.UploadTries)
		}
		if waiting, ok := release.AsWaiting(err); err != nil && (!ok ||
			waiting.Reason != v1alpha1.ReasonUploadInterrupted || !strings.Contains(waiting.Message, "out of memory")) {
			t.Errorf("%s: it says %v", row.why, err)
		}
	}
	m.Now = m.Now.Add(time.Minute)
	m.Did(upload, release.Outcome{Uploaded: &release.Uploaded{DeployedDigest: "sha256:1"}})
	if run := m.Recorded.Run; run.UploadTries != 0 || !run.UploadTriedAt.IsZero() {
		t.Errorf("an upload that succeeded leaves %+v", run)
	}
}

func TestAnUploadThatIsGivenUpOnPurposeIsNotInterrupted(t *testing.T) {
	m := onTheWay(t, releaseOf("v2"), release.ActionUpload)
	for times := range 10 { // the profile is withdrawn and granted again and again
		if err := m.Start(release.Step{Action: release.ActionUpload, Phase: release.PhaseUpload}, false); err != nil {
			t.Fatalf("after %d times: %v", times, err)
		}
		m.Did(release.Step{Action: release.ActionStop}, release.Outcome{})
	}
}

func TestAssetsThatEndTheOperatorAreLeftAloneToo(t *testing.T) {
	m := onTheWay(t, releaseOf("v2"), release.ActionPublish)
	assets := release.Step{Action: release.ActionAssets, Phase: release.PhaseAssets}
	for times := range 4 {
		err := m.Start(assets, false)
		if (err == nil) != (times < 3) {
			t.Errorf("after %d interruptions it is decided %v", times, err)
		}
		if err != nil && m.Phase(m.Failed(assets, release.Outcome{}, err)) != release.PhaseAssets {
			t.Errorf("it is told by another phase: %v", err)
		}
	}
	if got := m.Recorded.Run.Phase(release.PhaseUpload).State; got != release.PhaseSucceeded {
		t.Errorf("the image, which is there, is told to be %s", got)
	}
	m.Did(assets, release.Outcome{Assets: &release.Assets{Digest: "sha256:1"}})
	if m.Recorded.Run.UploadTries != 0 {
		t.Error("what has succeeded counts as interrupted")
	}
}

func TestAPersonMayHaveAnInterruptedUploadTriedNow(t *testing.T) {
	m := onTheWay(t, releaseOf("v2"), release.ActionUpload)
	upload := release.Step{Action: release.ActionUpload, Phase: release.PhaseUpload}
	m.Recorded.Run.UploadTries, m.Recorded.Run.UploadTriedAt = 3, m.Now
	if err := m.Start(upload, false); err == nil {
		t.Fatal("it is begun by itself")
	}
	m.Ask(asked(releaseOf("v2"), func(a *plan.Asked) { a.Requests.Retry = "now" }))
	if err := m.Start(upload, false); err != nil || m.Recorded.Handled.Retry != "now" || len(m.Notes) > 0 {
		t.Errorf("got %v, handled is %q, told %v", err, m.Recorded.Handled.Retry, m.Notes)
	}
}

func TestWhatMovesLittleMayBeBegunAsOftenAsItLikes(t *testing.T) {
	m := onTheWay(t, releaseOf("v2"), release.ActionUpload)
	for range 10 {
		if err := m.Start(release.Step{Action: release.ActionWarm, Phase: release.PhaseWarm}, false); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatIsNotPublishedIsTold(t *testing.T) {
	m := onTheWay(t, releaseOf("v2"), release.ActionUpload)
	upload := release.Step{Action: release.ActionUpload, Phase: release.PhaseUpload}
	m.Did(upload, release.Outcome{Assets: &release.Assets{LeftOut: "index.php"}})
	if len(m.Notes) != 1 || m.Notes[0].Reason != plan.NoteAssetsLeftOut ||
		!strings.Contains(m.Notes[0].Message, "index.php") {
		t.Errorf("told is %+v", m.Notes)
	}
}
