package zoo

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/api/v1alpha1"
)

// application is an image as it is found in the field.
type application struct {
	name string
	// kind and needs are its row in docs/images.md: what it is, and what of it is made for Lambda.
	kind, needs string
	picture     picture
	manifest    func(*v1alpha1.Stage)
	// drive does what its visitors do.
	drive func(*stage)
	// front is a page that says which version it is.
	front string
	// broken is laid over a build that must not go live, and complaint is in what the Stage says of it then.
	broken    func(*picture)
	complaint []string
}

// story is an application's life: a release, one that follows it under load, a broken one, and the end.
func (z *zoo) story(t *testing.T, a application) {
	z.push(t, a.picture, a.name, "v1")
	z.push(t, a.picture, a.name, "v2")
	bad := a.picture
	bad.folders = append(append([]string{}, bad.folders...), a.name+"/broken")
	if a.broken != nil {
		bad = a.picture
		a.broken(&bad)
	}
	z.push(t, bad, a.name, "v3")

	s := z.apply(t, a.name, "v1", a.manifest)
	s.becomesLive("v1")
	s.g.Expect(s.visitor().get(a.front).Text).To(ContainSubstring("This is v1."))
	a.drive(s)

	load := s.load(a.front, "This is v")
	s.g.Eventually(func() bool { return load.hasSeen("v1") }, patience, interval).Should(BeTrue())
	s.ask("v2", nil)
	s.becomesLive("v2")
	s.g.Eventually(func() bool { return load.hasSeen("v2") }, patience, interval).Should(BeTrue())

	s.ask("v3", nil)
	stalled := s.stalls("v2")
	for _, text := range a.complaint {
		s.g.Expect(stalled.Message).To(ContainSubstring(text))
	}
	load.stop()
	s.g.Expect(load.failed).To(BeEmpty(), "of %d requests", load.asked)
	s.g.Expect(load.hasSeen("v3")).To(BeFalse())
	s.g.Expect(s.visitor().get(a.front).Text).To(ContainSubstring("This is v2."))
	t.Logf("%d requests, none of them failed; of the broken build it says: %s", load.asked, stalled.Message)
	s.removed()
}
