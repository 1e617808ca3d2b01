package release_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/aloft-dev/aloft/controllers/release"
)

// maxDescription is Lambda's limit for a function's description.
const maxDescription = 256

func TestADescriptionIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		written := release.Description{
			BuildID:   rapid.StringMatching(`[A-Za-z0-9_][A-Za-z0-9._-]{0,99}`).Draw(t, "build"),
			ReleaseID: rapid.StringMatching(`[0-9a-f]{20}`).Draw(t, "release"),
			Revision:  rapid.StringMatching(`[0-9]{1,9}`).Draw(t, "revision"),
		}
		if text := written.String(); len(text) > maxDescription {
			t.Fatalf("%d characters: %s", len(text), text)
		}
		read, ok := release.ParseDescription(written.String())
		if !ok || read != written {
			t.Fatalf("read %+v (%t) of %q", read, ok, written)
		}
	})
}

func TestWhatAloftDidNotWriteIsNoDescription(t *testing.T) {
	for why, text := range map[string]string{
		"a function without a description":      "",
		"somebody's own words":                  "the web application of clouder",
		"the first word of somebody's own":      "aloft is where we keep it",
		"a description without its revision":    "aloft b=v1 r=0123",
		"a description with an empty release":   "aloft b=v1 r= t=1",
		"one part twice, so another is missing": "aloft b=v1 b=v2 t=1",
		"more than Aloft writes":                "aloft b=v1 r=0123 t=1 x=2",
		"another program's":                     "afloat b=v1 r=0123 t=1",
	} {
		t.Run(why, func(t *testing.T) {
			if d, ok := release.ParseDescription(text); ok {
				t.Errorf("%q was read as %+v", text, d)
			}
		})
	}
}

func TestTheDescriptionOfAReleaseNamesBuildReleaseAndRevision(t *testing.T) {
	d := release.Desired{BuildID: "4f1c2a9", ID: "0123456789abcdef0123", Revision: "7"}
	if got, want := d.Description().String(), "aloft b=4f1c2a9 r=0123456789abcdef0123 t=7"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzParseDescription(f *testing.F) {
	f.Add("aloft b=v1 r=0123 t=1")
	f.Add("aloft b==v1 r=0123 t=1")
	f.Fuzz(func(t *testing.T, text string) {
		d, ok := release.ParseDescription(text)
		if !ok {
			return
		}
		if again, ok := release.ParseDescription(d.String()); !ok || again != d {
			t.Errorf("%q gives %+v, which gives %+v (%t)", text, d, again, ok)
		}
		if strings.ContainsAny(d.BuildID+d.ReleaseID+d.Revision, " \t\n") {
			t.Errorf("%q gives a value with a space: %+v", text, d)
		}
	})
}
