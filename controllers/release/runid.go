package release

import (
	"regexp"
	"time"
)

// runTime is how a run's id begins, so that runs sort by age.
const runTime = "20060102t150405"

var runForm = regexp.MustCompile(`^([0-9]{8}t[0-9]{6})-[0-9a-z]{1,8}$`)

// RunID is the id of a run that starts at a time; the nonce, of at most 8 digits and letters, tells it from others of
// that second.
func RunID(start time.Time, nonce string) string { return start.UTC().Format(runTime) + "-" + nonce }

// RunStart tells when a run started, by its id; false for what is no run's id.
func RunStart(id string) (time.Time, bool) {
	parts := runForm.FindStringSubmatch(id)
	if parts == nil {
		return time.Time{}, false
	}
	start, err := time.Parse(runTime, parts[1])
	return start, err == nil
}
