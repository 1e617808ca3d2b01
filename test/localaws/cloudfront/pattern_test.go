package cloudfront

import (
	"strings"
	"testing"
)

func TestPathPatterns(t *testing.T) {
	for _, row := range []struct {
		pattern, path string
		matches       bool
		why           string
	}{
		{"/assets/*", "/assets/a/b.js", true, "a star takes slashes too"},
		{"assets/*", "/assets/a.js", true, "the leading slash is optional"},
		{"/assets/*", "/assets", false, "the slash behind is part of the pattern"},
		{"/assets/*", "/assets/", true, "a star takes nothing as well"},
		{"/Assets/*", "/assets/a", false, "letters are case sensitive"},
		{"*.jpg", "/images/a.jpg", true, "a suffix anywhere"},
		{"*.jpg", "/images/a.jpeg", false, "another suffix"},
		{"/a?c", "/abc", true, "one character"},
		{"/a?c", "/ac", false, "not none"},
		{"/a*b*c", "/aXbYbZc", true, "several stars"},
		{"*", "/", true, "everything"},
	} {
		if got := matchesPath(row.pattern, row.path); got != row.matches {
			t.Errorf("%s on %s: %v, %s", row.pattern, row.path, got, row.why)
		}
	}
}

func TestAPatternOfManyStarsEnds(t *testing.T) {
	if matchesPath(strings.Repeat("*a", 50)+"b", "/"+strings.Repeat("a", 10_000)) {
		t.Error("there is no b")
	}
}
