package zoo

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
)

// page is what tells users of the zoo; the run writes what stands between the two lines.
const (
	pagePath  = "../../docs/images.md"
	pageBegin = "<!-- What follows is made by `make zoo UPDATE=1`. -->\n"
	pageEnd   = "<!-- Up to here. -->\n"
)

// book keeps what Stages said of the images that do not run.
type book struct {
	mu   sync.Mutex
	said map[string]string
}

func newBook() *book { return &book{said: map[string]string{}} }

func (b *book) keep(name, message string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.said[name] = message
}

// page compares the documentation with what came out of the run, or writes it.
func (z *zoo) page(t *testing.T) {
	g := NewWithT(t)
	page, err := os.ReadFile(pagePath)
	g.Expect(err).NotTo(HaveOccurred())
	before, section, after := sectionOf(g, string(page))
	made := z.render()
	if os.Getenv("ALOFT_ZOO_UPDATE") != "" {
		g.Expect(os.WriteFile(pagePath, []byte(before+made+after), 0o644)).To(Succeed()) //nolint:gosec // documentation
		return
	}
	g.Expect(section).To(Equal(made), "docs/images.md is behind: make zoo UPDATE=1 writes it")
}

func sectionOf(g Gomega, page string) (before, section, after string) {
	before, rest, found := strings.Cut(page, pageBegin)
	g.Expect(found).To(BeTrue())
	section, after, found = strings.Cut(rest, pageEnd)
	g.Expect(found).To(BeTrue())
	return before + pageBegin, section, pageEnd + after
}

func (z *zoo) render() string {
	var page strings.Builder
	page.WriteString("| runs | what of it is made for Lambda |\n|---|---|\n")
	for _, a := range applications {
		_, _ = fmt.Fprintf(&page, "| %s | %s |\n", a.kind, a.needs)
	}
	page.WriteString("\nAnd, with nothing made for Lambda:\n\n")
	for _, o := range oddities {
		_, _ = fmt.Fprintf(&page, "- %s\n", o.name)
	}
	page.WriteString("\n| does not run: an image that | and the Stage says |\n|---|---|\n")
	for _, o := range offences {
		_, _ = fmt.Fprintf(&page, "| %s | %s |\n", o.name, shown(z.said.said[o.name]))
	}
	return page.String()
}

// What differs from one run to the next in a message.
var (
	which    = regexp.MustCompile(`^version \d+ of function \S+ does not start: `)
	duration = regexp.MustCompile(`\b\d+(\.\d+)?(ms|s)\b|\b0s\b`)
	image    = regexp.MustCompile(`127\.0\.0\.1:\d+/acme/[\w:-]+\w`)
)

// shown is a message up to what the program printed, and without the remedy of all, as a cell of a table.
func shown(message string) string {
	message, _, _ = strings.Cut(which.ReplaceAllString(message, ""), " It printed")
	message, _, _ = strings.Cut(message, " Correct the Stage")
	message = image.ReplaceAllString(message, "the image")
	message = duration.ReplaceAllString(message, "… s")
	return strings.ReplaceAll(strings.Join(strings.Fields(message), " "), "|", `\|`)
}

// The run itself says more; this says without a run that an image was added, or taken away, and the page not made anew.
func TestThePageHasARowForEachImage(t *testing.T) {
	if os.Getenv("ALOFT_ZOO_UPDATE") != "" {
		t.Skip("the run writes the page")
	}
	g := NewWithT(t)
	page, err := os.ReadFile(pagePath)
	g.Expect(err).NotTo(HaveOccurred())
	_, section, _ := sectionOf(g, string(page))
	var want []string
	for _, a := range applications {
		want = append(want, a.kind)
	}
	for _, o := range oddities {
		want = append(want, o.name)
	}
	for _, o := range offences {
		want = append(want, o.name)
	}
	g.Expect(rowsOf(section)).To(Equal(want), "docs/images.md is behind: make zoo UPDATE=1 writes it")
}

func TestTheZooMeetsEachRuleThatTheLocalAWSKeeps(t *testing.T) {
	g := NewWithT(t)
	page, err := os.ReadFile(pagePath)
	g.Expect(err).NotTo(HaveOccurred())
	_, rules, found := strings.Cut(string(page), "\n## What Lambda forbids\n")
	g.Expect(found).To(BeTrue())
	rules, _, found = strings.Cut(rules, "And without a message of their own")
	g.Expect(found).To(BeTrue())
	var met []string
	for _, o := range offences {
		met = append(met, o.rule)
	}
	rows := rowsOf(rules)
	g.Expect(rows).NotTo(BeEmpty())
	for line := range strings.Lines(rules) {
		sentence := cell(line)
		if slices.Contains(rows, sentence) && !strings.Contains(line, "(The local AWS does not") {
			g.Expect(met).To(ContainElement(sentence))
		}
	}
}

// rowsOf are the items of lists and the first cells of the rows of tables, without their heads.
func rowsOf(text string) (rows []string) {
	lines := strings.Split(text, "\n")
	for n, line := range lines {
		if item, found := strings.CutPrefix(line, "- "); found {
			rows = append(rows, item)
		}
		head := n+1 < len(lines) && strings.HasPrefix(lines[n+1], "|---")
		if strings.HasPrefix(line, "| ") && !head {
			rows = append(rows, cell(line))
		}
	}
	return rows
}

func cell(line string) string {
	parts := strings.Split(line, " | ")
	return strings.TrimPrefix(parts[0], "| ")
}
