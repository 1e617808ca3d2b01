package image

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
)

func TestWhatMustNotBePublicStopsTheRelease(t *testing.T) {
	for _, name := range []string{
		".env", ".env.production", "a/.git/config", ".hidden/a.css", "id_rsa", "keys/ID_ED25519", "tls.key", "site.PEM",
		"dump.sql", "app.sqlite3", "backup/site.bak", "config/database.yml", "app.py", "src/main.go", "Gemfile.lock",
		"composer.json", "package.json", "Dockerfile", "settings.ini",
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			layer := layerOf(t, regular("www/a.css", ""), regular("www/"+name, "SECRET"))
			_, err := collect(t, "/www", DefaultLimits(), layer)
			g.Expect(err).To(MatchError(ErrAssets))
			g.Expect(err).To(MatchError(ContainSubstring("%q", name)))
			g.Expect(err).To(MatchError(ContainSubstring("spec.assets.fromImage.include")))

			client := newLocalClient(t)
			assets, err := client.Assets(t.Context(), imageOf(t, layer), Folder{Path: "/www", Include: []string{name}},
				DefaultLimits())
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(contents(t, assets)).To(HaveKeyWithValue(name, "SECRET"))
		})
	}
}

func TestWhatIsForTheWebServerIsLeftOut(t *testing.T) {
	g := NewWithT(t)
	assets, err := collect(t, "/www", DefaultLimits(), layerOf(t,
		regular("www/a.css", "a"), regular("www/index.php", "<?php"),
		regular("www/.htaccess", "Deny"), regular("www/wp/wp-config.PHP", "<?php"), regular("www/img/.gitignore", "*"),
		regular("www/web.config", "<x>"), regular("www/.DS_Store", "x")))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(contents(t, assets)).To(Equal(map[string]string{"a.css": "a"}))
	g.Expect(assets.LeftOut).To(HaveLen(6))
	g.Expect(assets.LeftOut[0]).To(Equal(`".DS_Store" is for the web server and not for its visitors`))
	g.Expect(assets.LeftOut[5]).To(Equal("and 1 more"))
}

func TestWhatIsPublicIsPublished(t *testing.T) {
	g := NewWithT(t)
	want := map[string]string{}
	var files []file
	for _, name := range []string{
		".well-known/security.txt", "vendor/editor/package.json", "id_card.png", "id_rsa.pub", "environment.js", "a.min.js",
		"keys.json", "c++.svg", "ü & 100%+.txt", "a b$&,;=:@~!*'().txt", "#?%41.css", "no-ending", "日本.png", "a|b{c}^`.txt",
		`"quoted" <tag>.txt`,
	} {
		want[name] = name
		files = append(files, regular("www/"+name, name))
	}
	assets, err := collect(t, "/www", DefaultLimits(), layerOf(t, files...))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(contents(t, assets)).To(Equal(want))
	g.Expect(assets.LeftOut).To(BeEmpty())
}

func TestWhatIsIncludedIsNamedByFileFolderOrEnding(t *testing.T) {
	g := NewWithT(t)
	layer := layerOf(t, regular("www/openapi.yaml", "1"), regular("www/docs/v2/api.yaml", "2"),
		regular("www/docs/x.py", "3"), regular("www/index.php", "4"))
	for _, row := range []struct {
		include, published []string
	}{
		{[]string{"*.yaml", "docs/x.py"}, []string{"docs/v2/api.yaml", "docs/x.py", "openapi.yaml"}},
		{[]string{"openapi.yaml", "docs/"}, []string{"docs/v2/api.yaml", "docs/x.py", "openapi.yaml"}},
		{[]string{"*.yaml", "docs/", "index.php"}, []string{"docs/v2/api.yaml", "docs/x.py", "index.php", "openapi.yaml"}},
	} {
		assets, err := newLocalClient(t).Assets(t.Context(), imageOf(t, layer), Folder{Path: "/www", Include: row.include},
			DefaultLimits())
		g.Expect(err).NotTo(HaveOccurred())
		var published []string
		for _, file := range assets.Files {
			published = append(published, file.Path)
		}
		g.Expect(published).To(Equal(row.published))
		g.Expect(assets.Close()).To(Succeed())
	}
	_, err := newLocalClient(t).Assets(t.Context(), imageOf(t, layer), Folder{Path: "/www", Include: []string{"docs"}},
		DefaultLimits())
	g.Expect(err).To(MatchError(ErrAssets), "a folder without its slash is a file")
}

func TestAllProblemsAreNamedAtOnce(t *testing.T) {
	g := NewWithT(t)
	files := []file{regular("www/ok.css", "")}
	for i := range 9 {
		files = append(files, regular(fmt.Sprintf("www/%d.sql", i), ""))
	}
	_, err := collect(t, "/www", DefaultLimits(), layerOf(t, files...))
	g.Expect(err).To(MatchError(ContainSubstring(`"0.sql"`)))
	g.Expect(err).To(MatchError(ContainSubstring(`"4.sql"`)))
	g.Expect(err).To(MatchError(ContainSubstring("and 4 more")))
	g.Expect(err).NotTo(MatchError(ContainSubstring(`"5.sql"`)))
}
