package removal_test

import (
	"slices"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/controllers/release"
)

const (
	firstRun  = "20260101t120000-aaaa"
	secondRun = "20260102t120000-bbbb"
	thirdRun  = "20260103t120000-cccc"
)

func claim(id, run string) string {
	return release.CommandKey(id, run, "migrate") + release.ClaimSuffix
}

func TestTheSweepLeavesWhatAKeptReleaseNeedsAndWhatIsNotAlofts(t *testing.T) {
	s := swept(t)
	kept := []string{
		"_aloft/assets/v2/app.js", release.MarkerKey("v2"), "_aloft/assets/v1/css/site.css", release.ConfigKey("c2"),
		release.ConfigKey("c1"),
		release.ReleaseKey("r2"), release.ReleaseKey("r1"), claim("r2", secondRun), claim("r1", firstRun),
		"someone/elses.txt", "notes.txt",
	}
	gone := []string{
		"_aloft/assets/v0/app.js", release.MarkerKey("v0"), "_aloft/assets/v1.1/app.js", release.ConfigKey("c0"),
		release.ReleaseKey("r0"),
		claim("r0", firstRun), release.TemplateKey("t0"),
	}
	s.put(append(slices.Clone(kept), gone...)...)
	s.later()
	s.removed(sweep)
	leaves(t, s.Keys(""), kept)
	s.noted()
	s.removed(sweep)
	if deleted := s.noted(); len(deleted) > 0 {
		t.Errorf("the second time came %v", deleted)
	}
}

func TestTheObjectsThatStay(t *testing.T) {
	alias := release.Alias{
		Version: "7", ConfigHash: "c9", Description: release.Description{BuildID: "v9", ReleaseID: "r9"},
		Shares: map[string]release.Share{
			"5": {Percent: 5, Description: release.Description{BuildID: "v8", ReleaseID: "r8"}},
		},
	}
	for _, row := range []struct {
		why   string
		key   string
		given func(*stage)
		stays bool
	}{
		{
			"assets of the build that an alias points at", "_aloft/assets/v9/app.js",
			func(s *stage) { s.Observed.Aliases["http"] = alias }, true,
		},
		{
			"variables of the version that an alias points at", release.ConfigKey("c9"),
			func(s *stage) { s.Observed.Aliases["http"] = alias }, true,
		},
		{
			"the declaration of a release that has a share", release.ReleaseKey("r8"),
			func(s *stage) { s.Observed.Aliases["http"] = alias }, true,
		},
		{
			"assets of a build that has a share", "_aloft/assets/v8/app.js",
			func(s *stage) { s.Observed.Aliases["http"] = alias }, true,
		},
		{
			"assets of what is asked for, though it is not live", "_aloft/assets/v3/app.js",
			func(s *stage) { s.Desired.BuildID = "v3" }, true,
		},
		{
			"variables of what is asked for", release.ConfigKey("c3"), func(s *stage) { s.Desired.ConfigHash = "c3" },
			true,
		},
		{
			"the declaration of what is asked for", release.ReleaseKey("r3"), func(s *stage) { s.Desired.ID = "r3" },
			true,
		},
		{"nothing of a build that is not kept", "_aloft/assets/v3/app.js", nil, false},
		{"no template, since the next update writes its own", release.TemplateKey("t2"), nil, false},
		{"a folder that only begins like Aloft's", "_aloft/assets.old/v0/app.js", nil, true},
		{"a file with the name of a folder of Aloft's", "markers", nil, false},
	} {
		t.Run(row.why, func(t *testing.T) {
			s := swept(t)
			s.put(row.key)
			if row.given != nil {
				row.given(s)
			}
			s.later()
			s.removed(sweep)
			if got := len(s.Keys("")) == 1; got != row.stays {
				t.Errorf("it stays: %t", got)
			}
		})
	}
}

func TestARunOfAKeptReleaseThatAnotherOneFollowedGoesOnceItIsOld(t *testing.T) {
	for _, row := range []struct {
		why  string
		runs []string
		age  time.Duration
		left []string
	}{
		{
			"the only run stays however old it is", []string{claim("r2", firstRun)}, 100 * keep,
			[]string{claim("r2", firstRun)},
		},
		{
			"one that was followed goes",
			[]string{claim("r2", firstRun), claim("r2", secondRun), claim("r2", thirdRun)}, keep + time.Second,
			[]string{claim("r2", thirdRun)},
		},
		{
			"not before it is old: something of it may be under way",
			[]string{claim("r2", firstRun), claim("r2", secondRun)}, keep,
			[]string{claim("r2", firstRun), claim("r2", secondRun)},
		},
		{
			"a run of another release does not follow it", []string{claim("r1", firstRun), claim("r2", secondRun)},
			100 * keep,
			[]string{claim("r1", firstRun), claim("r2", secondRun)},
		},
		{
			"all that it left goes",
			[]string{
				claim("r2", firstRun), release.CommandKey("r2", firstRun, "migrate") + release.ResultSuffix,
				claim("r2", secondRun),
			},
			2 * keep,
			[]string{claim("r2", secondRun)},
		},
		{
			"what lies beside the runs belongs to none", []string{"runs/r2/notes", claim("r2", secondRun)}, 2 * keep,
			[]string{"runs/r2/notes", claim("r2", secondRun)},
		},
	} {
		t.Run(row.why, func(t *testing.T) {
			s := swept(t)
			s.put(row.runs...)
			s.clock.Advance(row.age)
			s.removed(sweep)
			leaves(t, s.Keys(""), row.left)
		})
	}
}

func TestWhatWasWrittenSinceTheListingBeganStays(t *testing.T) {
	s := swept(t)
	s.put("_aloft/assets/v0/app.js")
	s.later()
	s.put("_aloft/assets/v3/app.js") // of a build that the operator which lists here does not know yet
	s.removed(sweep)
	leaves(t, s.Keys(""), []string{"_aloft/assets/v3/app.js"})
}

func TestATimeIsKnownToASecondOnly(t *testing.T) {
	s := swept(t)
	s.clock.Advance(time.Second - time.Duration(s.clock.Now().Nanosecond())) // to the second
	s.put("_aloft/assets/v3/app.js")
	// S3 tells whole seconds: what was written in the second in which the listing began may have been written after
	// that.
	s.clock.Advance(700 * time.Millisecond)
	s.removed(sweep)
	leaves(t, s.Keys(""), []string{"_aloft/assets/v3/app.js"})
}

func TestATemplateGoesHoweverYoungItIs(t *testing.T) {
	s := swept(t)
	s.put(release.TemplateKey("t1"), "_aloft/assets/v0/app.js") // in the second of the sweep
	s.removed(sweep)
	if got := s.Keys(""); !slices.Equal(got, []string{"_aloft/assets/v0/app.js"}) {
		t.Errorf("left are %v", got)
	}
}
