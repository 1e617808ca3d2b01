package image

import (
	"archive/tar"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	. "github.com/onsi/gomega"
)

func hardLink(name, to string) file { return file{name: name, kind: tar.TypeLink, link: to} }

func TestLinksAreWhatTheyLeadTo(t *testing.T) {
	for _, row := range []struct {
		reason string
		layers [][]file
		want   map[string]string
		left   []string
	}{
		{"a link to a file beside it", [][]file{{regular("www/app.1.js", "run()"), symlink("www/app.js", "app.1.js")}},
			map[string]string{"app.js": "run()", "app.1.js": "run()"}, nil},
		{"an absolute link to a file of the folder",
			[][]file{{regular("www/a/b", "b"), symlink("www/c/d", "/www/a/b")}},
			map[string]string{"a/b": "b", "c/d": "b"}, nil},
		{"a link upwards", [][]file{{regular("www/b", "b"), symlink("www/c/d/e", "../.././b")}},
			map[string]string{"b": "b", "c/d/e": "b"}, nil},
		{"a link to a folder", [][]file{{regular("www/v1/x/a", "a"), symlink("www/current", "v1")}},
			map[string]string{"v1/x/a": "a", "current/x/a": "a"}, nil},
		{"a link through a link", [][]file{{regular("www/v1/a", "a"), symlink("www/current", "v1"),
			symlink("www/logo", "current/a")}},
			map[string]string{"v1/a": "a", "current/a": "a", "logo": "a"}, nil},
		{"a link to a file of another layer", [][]file{{regular("www/a", "old")}, {symlink("www/b", "a")},
			{regular("www/a", "new")}}, map[string]string{"a": "new", "b": "new"}, nil},
		{"a link in place of a file of a lower layer", [][]file{{regular("www/a", "old"), regular("www/b", "b")},
			{symlink("www/a", "b")}}, map[string]string{"a": "b", "b": "b"}, nil},
		{"a link out of the folder is left out", [][]file{{regular("www/a", "a"), regular("storage/x", "x"),
			symlink("www/storage", "../storage"), symlink("www/passwd", "/etc/passwd")}}, map[string]string{"a": "a"},
			[]string{`"passwd" is a symbolic link to "/etc/passwd", out of the folder`,
				`"storage" is a symbolic link to "../storage", out of the folder`}},
		{"a link to nothing is left out", [][]file{{regular("www/a", "a"), symlink("www/b", "gone"),
			symlink("www/c", "a/b")}}, map[string]string{"a": "a"},
			[]string{`"b" is a symbolic link to "gone", where nothing is`, `"c" is a symbolic link to "a/b", where nothing is`}},
		{"a link to a removed file is left out",
			[][]file{{regular("www/b", "b"), symlink("www/a", "b"), regular("www/c", "c")}, {regular("www/.wh.b", "")}},
			map[string]string{"c": "c"},
			[]string{`"a" is a symbolic link to "b", where nothing is`}},
		{"links in a circle are left out", [][]file{{regular("www/a", "a"), symlink("www/b", "c"), symlink("www/c", "b")}},
			map[string]string{"a": "a"}, []string{`"b" is a symbolic link to "c", round in a circle`,
				`"c" is a symbolic link to "b", round in a circle`}},
		{"a link to a folder that it lies in is left out",
			[][]file{{regular("www/a/b", "b"), symlink("www/a/self", "."), symlink("www/top", "/www")}},
			map[string]string{"a/b": "b"},
			[]string{`"a/self" is a symbolic link to ".", back to a folder that it lies in`,
				`"top" is a symbolic link to "/www", back to a folder that it lies in`}},
		{"a hard link to a file of the folder", [][]file{{regular("www/a", "a"), hardLink("www/b", "www/a")}},
			map[string]string{"a": "a", "b": "a"}, nil},
		{"a hard link to a hard link",
			[][]file{{regular("www/a", "a"), hardLink("www/b", "www/a"), hardLink("www/c", "www/b")}},
			map[string]string{"a": "a", "b": "a", "c": "a"}, nil},
		{"a hard link to a file elsewhere, as cp -l and pnpm make them",
			[][]file{{regular("node_modules/x/a", "a"), hardLink("www/x/a", "./node_modules/x/a"),
				hardLink("www/y/a", "node_modules/x/a")}}, map[string]string{"x/a": "a", "y/a": "a"}, nil},
		{"a hard link to a file that a layer above hides",
			[][]file{{regular("www/a", "a"), hardLink("www/b", "www/a")}, {regular("www/.wh.a", "")}},
			map[string]string{"b": "a"}, nil},
	} {
		for _, passes := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, passing %t", row.reason, passes), func(t *testing.T) {
				g := NewWithT(t)
				client := newLocalClient(t)
				run := client.Collect(Folder{Path: "/www"}, DefaultLimits())
				var layers []v1.Layer
				for _, files := range row.layers {
					layers = append(layers, layerOf(t, files...))
					if passes {
						pass(t, run, layers[len(layers)-1])
					}
				}
				run.Passed()
				assets, err := run.Assets(t.Context(), imageOf(t, layers...))
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(cmp.Diff(row.want, contents(t, assets))).To(BeEmpty())
				g.Expect(assets.LeftOut).To(Equal(row.left))
				g.Expect(assets.Close()).To(Succeed())
				memory, disk := client.taken()
				g.Expect([]int64{memory, disk}).To(Equal([]int64{0, 0}))
			})
		}
	}
}

func TestALinkPublishesNothingThatMustStayPrivate(t *testing.T) {
	for _, row := range []struct {
		reason, message string
		files           []file
	}{
		{"a hard link to a dot file", `".env" is a dot file`,
			[]file{regular("www/.env", "SECRET"), hardLink("www/a", "www/.env")}},
		{"a hard link to a dot file elsewhere", `".env" is a dot file`,
			[]file{regular("app/.env", "SECRET"), hardLink("www/a", "app/.env")}},
		{"a symbolic link to a dot file", `".env" is a dot file`,
			[]file{regular("www/.env", "SECRET"), symlink("www/a", ".env")}},
		{"a link that would publish under a private name", `"v1/id_rsa"`,
			[]file{regular("www/a", "a"), symlink("www/v1/id_rsa", "../a")}},
	} {
		t.Run(row.reason, func(t *testing.T) {
			g := NewWithT(t)
			_, err := collect(t, "/www", DefaultLimits(), layerOf(t, append(row.files, regular("www/b", "b"))...))
			g.Expect(err).To(MatchError(ErrAssets))
			g.Expect(err).To(MatchError(ContainSubstring(row.message)))
		})
	}
	t.Run("a link to a file for the server is left out as that is", func(t *testing.T) {
		g := NewWithT(t)
		assets, err := collect(t, "/www", DefaultLimits(), layerOf(t,
			regular("www/b", "b"), regular("www/index.php", "<?php"),
			symlink("www/a.txt", "index.php"), hardLink("www/c.txt", "www/index.php")))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(contents(t, assets)).To(Equal(map[string]string{"b": "b"}))
	})
}

func TestLinksThatMultiplyAreBounded(t *testing.T) {
	files := []file{regular("www/z/end", "")}
	for i := range 30 {
		next := fmt.Sprintf("/www/%d", i+1)
		files = append(files, symlink(fmt.Sprintf("www/%d/a", i), next), symlink(fmt.Sprintf("www/%d/b", i), next))
	}
	for _, row := range []struct {
		reason string
		last   file
	}{
		{"with a file at their end", regular("www/30/x", "x")}, {"with nothing at their end", folder("www/30")},
	} {
		t.Run(row.reason, func(t *testing.T) {
			limits := DefaultLimits()
			limits.Files = 1000
			_, err := collect(t, "/www", limits, layerOf(t, append(files, row.last)...))
			NewWithT(t).Expect(err).To(MatchError(ErrLimit))
		})
	}
}

func TestLongLinksAreBounded(t *testing.T) {
	g := NewWithT(t)
	var files []file
	for i := range 60 {
		files = append(files, symlink(fmt.Sprintf("www/%d", i), strings.Repeat("./", 2000)+fmt.Sprint(i+1)))
	}
	limits := DefaultLimits()
	limits.Files = 100
	_, err := collect(t, "/www", limits, layerOf(t, append(files, regular("www/60", "x"))...))
	g.Expect(err).To(MatchError(ErrLimit))
}
