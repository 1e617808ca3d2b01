package image

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

func TestAllImagesTogetherTakeNoMoreThanTheBudget(t *testing.T) {
	for _, row := range []struct {
		reason  string
		options Options
	}{
		{"of disk", Options{DiskBytes: 1500, TempDir: t.TempDir()}},
		{"of memory", Options{MemoryBytes: 1000, TempDir: t.TempDir()}},
	} {
		t.Run(row.reason, func(t *testing.T) {
			g := NewWithT(t)
			client := NewClient(row.options)
			image := imageOf(t, layerOf(t, regular("www/a", strings.Repeat("a", 1000))))
			first, err := client.Assets(t.Context(), image, Folder{Path: "/www"}, DefaultLimits())
			g.Expect(err).NotTo(HaveOccurred())
			_, err = client.Assets(t.Context(), image, Folder{Path: "/www"}, DefaultLimits())
			g.Expect(err).To(MatchError(ErrBusy))
			g.Expect(Terminal(err)).To(BeFalse(), "there will be room later")
			g.Expect(first.Close()).To(Succeed())
			second, err := client.Assets(t.Context(), image, Folder{Path: "/www"}, DefaultLimits())
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(second.Close()).To(Succeed())
			g.Expect(second.Close()).To(Succeed(), "once more gives nothing back twice")
			memory, disk := client.taken()
			g.Expect([]int64{memory, disk}).To(Equal([]int64{0, 0}))
		})
	}
}

func TestAnImageThatCanNeverFitIsRefusedAndDoesNotWait(t *testing.T) {
	g := NewWithT(t)
	client := NewClient(Options{DiskBytes: 500, TempDir: t.TempDir()})
	image := imageOf(t, layerOf(t, regular("www/a", strings.Repeat("a", 1000))))
	_, err := client.Assets(t.Context(), image, Folder{Path: "/www"}, DefaultLimits())
	g.Expect(err).To(MatchError(ErrQuota))
	g.Expect(err).To(MatchError(ContainSubstring("together larger than 500 bytes")))
}

func TestWhatIsHiddenTakesNoDisk(t *testing.T) {
	g := NewWithT(t)
	client := NewClient(Options{TempDir: t.TempDir()})
	image := imageOf(t, layerOf(t, regular("www/a", strings.Repeat("a", 1000))), layerOf(t, regular("www/a", "new")))
	assets, err := client.Assets(t.Context(), image, Folder{Path: "/www"}, DefaultLimits())
	g.Expect(err).NotTo(HaveOccurred())
	_, disk := client.taken()
	g.Expect(disk).To(Equal(int64(len("new"))))
	g.Expect(assets.Close()).To(Succeed())
}
