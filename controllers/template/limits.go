package template

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	contract "github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/controllers/release"
)

// What a command may take as JSON. An EventBridge target's input has 8,192 characters; a function's environment has 4
// KB, of which the variables that Aloft sets beside the command take less than one.
const (
	maxScheduleInputBytes  = 8192
	maxWorkerCommandBytes  = 3072
	dynamicReferenceMarker = "{{resolve:"
)

// Unsafe says that a text must not get into a template: CloudFormation resolves dynamic references ({{resolve:...}}) in
// any property, and refuses most control characters.
func Unsafe(text string) bool {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, forbidden) {
		return true
	}
	// Spaces and capitals count for nothing: whether CloudFormation minds them is not documented.
	compact := strings.Join(strings.Fields(strings.ToLower(text)), "")
	return strings.Contains(compact, dynamicReferenceMarker)
}

func forbidden(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }

// Oversized names a command of the release that is too long for where it goes, or nothing.
func Oversized(d *release.Desired) string {
	for _, s := range d.Schedules {
		if size := len(encode(contract.CommandEvent{Command: s.Command})); size > maxScheduleInputBytes {
			return fmt.Sprintf("the command of schedule %q takes %d bytes as JSON, EventBridge takes %d", s.Name, size,
				maxScheduleInputBytes)
		}
	}
	for _, f := range d.Functions {
		if size := len(encode(f.Command)); f.Role == release.RoleQueue && size > maxWorkerCommandBytes {
			return fmt.Sprintf("the command of worker %q takes %d bytes as JSON, a function's environment has room for %d",
				strings.TrimSuffix(f.Name, queueSuffix), size, maxWorkerCommandBytes)
		}
	}
	return ""
}
