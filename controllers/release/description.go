package release

import "strings"

// Description is what a function's description says of the release that its version belongs to. A version inherits it
// from the function when it is published, so that a version alone tells what it is.
type Description struct {
	BuildID   string
	ReleaseID string
	Revision  string
}

// String writes the description; Lambda allows 256 characters.
func (d Description) String() string {
	return "aloft b=" + d.BuildID + " r=" + d.ReleaseID + " t=" + d.Revision
}

// ParseDescription reads a description; ok is false where it was not written by Aloft.
func ParseDescription(text string) (d Description, ok bool) {
	fields := strings.Fields(text)
	if len(fields) != 4 || fields[0] != "aloft" {
		return Description{}, false
	}
	for _, field := range fields[1:] {
		key, value, _ := strings.Cut(field, "=")
		switch key {
		case "b":
			d.BuildID = value
		case "r":
			d.ReleaseID = value
		case "t":
			d.Revision = value
		}
	}
	return d, d.BuildID != "" && d.ReleaseID != "" && d.Revision != ""
}

// Description of the functions of this release.
func (d *Desired) Description() Description {
	return Description{BuildID: d.BuildID, ReleaseID: d.ID, Revision: d.Revision}
}
