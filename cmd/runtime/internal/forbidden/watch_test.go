package forbidden

import (
	"strings"
	"testing"
)

func TestAComplaintIsSeenWhereverItIsPrinted(t *testing.T) {
	const complaint = "php: failed to open error_log (/var/log/php.log): Read-only file system (30)"
	const hint = " On Lambda: Only /tmp can be written to; the image's own files are read-only. (docs/images.md)"
	noise := strings.Repeat("connect() failed\n", 1000)
	for name, row := range map[string]struct {
		reason, output, shown, want string
	}{
		"amid":   {"both ends are of something else", noise + complaint + "\n" + noise, noise, hint + ": " + complaint + "."},
		"shown":  {"it need not be shown twice", complaint + "\n" + noise, complaint, hint},
		"ending": {"the last line has no end", noise + complaint, complaint, hint},
		"before": {
			"what is special is more than what is general",
			"open /x: permission denied\n" + complaint + "\nopen /y: permission denied\n", complaint, hint,
		},
		"first": {
			"of two of a kind the first is the cause",
			complaint + "\nread-only file system, too\n", complaint, hint,
		},
		"nothing":  {"it complains of nothing that is forbidden", noise, noise, ""},
		"endless":  {"a line is read to a bound", strings.Repeat("x", 2*maxLine) + complaint, "", ""},
		"too late": {"an output is, too", strings.Repeat(noise, 20) + complaint, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := &Watch{}
			for piece := range strings.SplitAfterSeq(row.output, "e") { // as it comes
				if n, err := w.Write([]byte(piece)); n != len(piece) || err != nil {
					t.Fatal(n, err)
				}
			}
			if got := w.Hint(row.shown); got != row.want {
				t.Errorf("%s: got %q, want %q", row.reason, got, row.want)
			}
		})
	}
}
