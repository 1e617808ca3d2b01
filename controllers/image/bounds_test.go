package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	. "github.com/onsi/gomega"
)

// taken is what of the budget is in use.
func (c *Client) taken() (memory, disk int64) {
	c.budget.mu.Lock()
	defer c.budget.mu.Unlock()
	return c.options.MemoryBytes - c.budget.memory, c.options.DiskBytes - c.budget.disk
}

// named is a layer of empty files, whose names may be longer than a container takes.
func named(t *testing.T, count int, name func(int) string) v1.Layer {
	t.Helper()
	var packed bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewWriter(compressed)
	for i := range count {
		if err := archive.WriteHeader(&tar.Header{Name: name(i), Typeflag: tar.TypeReg, Format: tar.FormatPAX}); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := compressed.Close(); err != nil {
		t.Fatal(err)
	}
	return packedLayer(t, packed.Bytes(), types.OCILayer)
}

// allocated is what a function allocates, in bytes.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// inTime fails rather than waiting for what would take minutes: far more than what is tested takes on a busy machine.
func inTime(t *testing.T, do func(context.Context)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	done := make(chan struct{})
	go func() { defer close(done); do(ctx) }()
	select {
	case <-done:
	case <-ctx.Done():
		t.Fatal("it has not ended after two minutes")
	}
}

func TestNamesThatNoContainerTakesAreRefusedUnseen(t *testing.T) {
	deep := strings.Repeat("a/", 512<<10)
	for _, row := range []struct {
		reason string
		layers []v1.Layer
	}{
		{"below a removed folder", []v1.Layer{
			named(t, 5, func(i int) string { return fmt.Sprintf("www/a/%d/%sx", i, deep[:600<<10]) }),
			layerOf(t, regular("www/.wh.a", ""), regular("www/index.html", "hi")),
		}},
		{"below a file", []v1.Layer{
			named(t, 5, func(int) string { return "www/" + deep[:600<<10] + "x" }), layerOf(t, regular("www/a", "1")),
		}},
		{"elsewhere in the image", []v1.Layer{named(t, 1, func(int) string { return "usr/" + deep[:600<<10] + "x" })}},
		{"removed", []v1.Layer{
			named(t, 5, func(i int) string { return fmt.Sprintf("www/.wh.%d-%s", i, strings.Repeat("a", 600<<10)) }),
		}},
		{"of what a link leads to", []v1.Layer{layerOf(t, file{
			name: "www/a", kind: tar.TypeSymlink, link: strings.Repeat("a", 600<<10),
		})}},
	} {
		t.Run(row.reason, func(t *testing.T) {
			g := NewWithT(t)
			client, image := newLocalClient(t), imageOf(t, row.layers...)
			inTime(t, func(ctx context.Context) {
				_, err := client.Assets(ctx, image, Folder{Path: "/www"}, DefaultLimits())
				g.Expect(err).To(MatchError(ErrLimit))
				g.Expect(err).To(MatchError(ContainSubstring("no container takes more than 4096")))
				g.Expect(len(err.Error())).To(BeNumerically("<", 1000))
			})
		})
	}
}

func TestTheLongestNamesCostNoMoreThanToReadThem(t *testing.T) {
	g := NewWithT(t)
	const count = 1_000
	long := strings.Repeat("a/", (maxNameBytes-20)/2) // 2,000 folders deep
	lower := named(t, count, func(i int) string { return fmt.Sprintf("www/a/%05d/%sx", i, long[:maxNameBytes-20]) })
	image := imageOf(t, lower, layerOf(t, regular("www/.wh.a", ""), regular("www/index.html", "hi")))
	client := newLocalClient(t)
	inTime(t, func(ctx context.Context) {
		took := allocated(func() {
			assets, err := client.Assets(ctx, image, Folder{Path: "/www"}, DefaultLimits())
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(assets.Files).To(HaveLen(1))
			g.Expect(assets.Close()).To(Succeed())
		})
		// Whoever reads an archive holds each name several times; nothing may be made for each of its 2,000 folders.
		g.Expect(took).To(BeNumerically("<", count*maxNameBytes*20))
	})
	memory, disk := client.taken()
	g.Expect([]int64{memory, disk}).To(Equal([]int64{0, 0}))
}

func TestWhiteoutsTakeNoMoreMemoryThanTheirBound(t *testing.T) {
	g := NewWithT(t)
	var layers []v1.Layer
	for l := range 3 {
		layers = append(layers, named(t, 3_000, func(i int) string {
			return fmt.Sprintf("www/.wh.%d-%d%s", l, i, strings.Repeat("a", 4000))
		}))
	}
	image, limits := imageOf(t, layers...), DefaultLimits()
	limits.IndexBytes = 4 << 20
	took := allocated(func() {
		_, err := collect(t, "/www", limits, layers...)
		g.Expect(err).To(MatchError(ErrLimit))
		g.Expect(err).To(MatchError(ContainSubstring("removed files are too many")))
	})
	g.Expect(took).To(BeNumerically("<", 40<<20), "of 36 MB of names no more is read than the bound lets in")
	limits.IndexBytes = DefaultLimits().IndexBytes
	_, err := newLocalClient(t).Assets(t.Context(), image, Folder{Path: "/www"}, limits)
	g.Expect(err).To(MatchError(ContainSubstring("no files there")), "within the bound they are read")
}

func TestTheMemoryThatIsCountedForAHundredThousandFilesIsWhatIsUsed(t *testing.T) {
	g := NewWithT(t)
	run := newLocalClient(t).Collect(Folder{Path: "/www"}, DefaultLimits())
	run.Passed()
	const files = 100_000
	image := imageOf(t, named(t, files, func(i int) string {
		return fmt.Sprintf("www/%04d/some-asset-of-the-site-%d.js", i%9999, i)
	}))
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	assets, err := run.assets(t.Context(), image)
	g.Expect(err).NotTo(HaveOccurred())
	runtime.GC()
	runtime.ReadMemStats(&after)
	g.Expect(assets.Files).To(HaveLen(files))
	g.Expect(int64(after.HeapAlloc) - int64(before.HeapAlloc)).To(BeNumerically("<", run.spent.index))
	g.Expect(assets.Close()).To(Succeed())
}

// sparse is a tar archive with a file that says to be larger than its content, as GNU tar 1.0 writes one.
func sparse(t *testing.T, name string, says int64) []byte {
	t.Helper()
	var records bytes.Buffer
	for _, pair := range []string{"major=1", "minor=0", "name=" + name, fmt.Sprintf("realsize=%d", says)} {
		record := " GNU.sparse." + pair + "\n"
		length := len(record) + 2
		fmt.Fprintf(&records, "%d%s", length, record)
	}
	var plain bytes.Buffer
	block := func(name string, kind byte, content []byte) {
		header := make([]byte, 512)
		copy(header, name)
		copy(header[100:], "0000644\x000000000\x000000000\x00")
		copy(header[124:], fmt.Sprintf("%011o\x0000000000000\x00        ", len(content)))
		header[156] = kind
		copy(header[257:], "ustar\x0000")
		sum := 0
		for _, c := range header {
			sum += int(c)
		}
		copy(header[148:], fmt.Sprintf("%06o\x00 ", sum))
		plain.Write(header)
		plain.Write(content)
		plain.Write(make([]byte, (512-len(content)%512)%512))
	}
	block("pax", tar.TypeXHeader, records.Bytes())
	holes := make([]byte, 512)
	copy(holes, "1\n0\n1\n")
	block("www/GNUSparseFile.0/big", tar.TypeReg, append(holes, 'x'))
	plain.Write(make([]byte, 1024))
	return gzipped(t, plain.Bytes())
}

func TestASparseFileTakesNoDisk(t *testing.T) {
	g := NewWithT(t)
	client := newLocalClient(t)
	const says = 256 << 20
	packed := sparse(t, "www/big", says)
	g.Expect(len(packed)).To(BeNumerically("<", 500))
	took := allocated(func() {
		_, err := client.Assets(t.Context(), imageOf(t, &fixedDiffID{packedLayer(t, packed, types.OCILayer)}),
			Folder{Path: "/www"}, DefaultLimits())
		g.Expect(err).To(MatchError(ErrAssets))
		g.Expect(err).To(MatchError(ContainSubstring(`"big" is a sparse file`)))
	})
	g.Expect(took).To(BeNumerically("<", 4<<20))
	_, disk := client.taken()
	g.Expect(disk).To(BeZero())
}

func TestASparseFileElsewhereIsNobodysConcern(t *testing.T) {
	g := NewWithT(t)
	packed := &fixedDiffID{packedLayer(t, sparse(t, "var/log/lastlog", 1<<40), types.OCILayer)}
	assets, err := collect(t, "/www", DefaultLimits(), packed, layerOf(t, regular("www/a", "1")))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(contents(t, assets)).To(Equal(map[string]string{"a": "1"}))
}

func TestACancelledReadingEndsWithinOneEntry(t *testing.T) {
	g := NewWithT(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newLocalClient(t).Assets(ctx, imageOf(t, layerOf(t, regular("www/a", "1"))), Folder{Path: "/www"},
		DefaultLimits())
	g.Expect(err).To(MatchError(context.Canceled))
}
