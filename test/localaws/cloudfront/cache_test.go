package cloudfront

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

func TestAnAssetIsAskedForOnceWhateverItsQuery(t *testing.T) {
	l := start(t, Options{})
	d := l.distribute(t, nil)
	for i, row := range []struct{ query, result string }{
		{"", "Miss from cloudfront"}, {"", "Hit from cloudfront"}, {"?v=2", "Hit from cloudfront"},
	} {
		l.clock.Advance(time.Second)
		got := l.view(t, http.MethodGet, "https://"+*d.DomainName+"/assets/a.js"+row.query, "", nil)
		if got.Header.Get("X-Cache") != row.result || got.text != "asset" {
			t.Errorf("request %d: %s %q", i, got.Header.Get("X-Cache"), got.text)
		}
		if i == 2 && got.Header.Get("Age") != "2" {
			t.Errorf("age %s", got.Header.Get("Age"))
		}
	}
	if head := l.view(
		t, http.MethodHead, "https://"+*d.DomainName+"/assets/a.js", "", nil,
	); head.Header.Get("X-Cache") != "Hit from cloudfront" || head.text != "" {
		t.Errorf("HEAD: %s %q", head.Header.Get("X-Cache"), head.text)
	}
	if l.times != 1 {
		t.Errorf("the origin was asked %d times", l.times)
	}
}

func TestWithCachingDisabledEveryRequestReachesTheOrigin(t *testing.T) {
	l := start(t, Options{})
	d := l.distribute(t, nil)
	l.api = func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Cache-Control", "max-age=60") }
	for range 2 {
		if got := l.view(
			t, http.MethodGet, "https://"+*d.DomainName+"/", "", nil,
		); got.Header.Get("X-Cache") != "Miss from cloudfront" {
			t.Error(got.Header.Get("X-Cache"))
		}
	}
	if l.times != 2 {
		t.Errorf("the origin was asked %d times", l.times)
	}
}

func TestTheLifeOfAnAnswer(t *testing.T) {
	policy := cachePolicies[optimized]
	config := &distributionConfig{CustomErrorResponses: errorResponses{Items: []errorResponse{{ErrorCode: 500,
		ErrorCachingMinTTL: new(int64(0))}}}}
	now := time.Now()
	for _, row := range []struct {
		status  int
		control string
		want    time.Duration
		why     string
	}{
		{200, "", 24 * time.Hour, "the policy's default"},
		{200, "max-age=60", time.Minute, "what the origin asks for"},
		{200, "max-age=60, s-maxage=120", 2 * time.Minute, "s-maxage is for shared caches"},
		{200, "public, max-age=99999999999", year, "the policy's maximum"},
		{200, "no-store", time.Second, "the policy's minimum"},
		{200, "private, max-age=60", time.Second, "private things are not for the edge"},
		{404, "", 10 * time.Second, "errors have a life of their own"},
		{404, "max-age=60", time.Minute, "which the origin may lengthen"},
		{404, "no-store", 0, "and forbid for some"},
		{403, "no-store", 10 * time.Second, "but not for others"},
		{500, "", 0, "which the distribution may change"},
		{206, "max-age=60", 0, "parts are not kept"},
	} {
		header := http.Header{}
		header.Set("Cache-Control", row.control)
		if got := life(policy, config, row.status, header, now); got != row.want {
			t.Errorf("%d %q lives %s, want %s: %s", row.status, row.control, got, row.want, row.why)
		}
	}
	header := http.Header{"Expires": {now.Add(90 * time.Second).UTC().Format(http.TimeFormat)}}
	if got := life(policy, config, 200, header, now); got < 89*time.Second || got > 90*time.Second {
		t.Errorf("Expires gives %s", got)
	}
	for _, row := range []struct {
		status  int
		control string
		want    time.Duration
		why     string
	}{
		{200, "max-age=60", 0, "nothing is kept"},
		{403, "no-store", 10 * time.Second, "but errors are"},
		{403, "max-age=60", 10 * time.Second, "at most the policy's maximum, which is nothing, more"},
		{500, "", 0, "unless the distribution says otherwise"},
	} {
		header := http.Header{"Cache-Control": {row.control}}
		if got := life(cachePolicies[disabled], config, row.status, header, now); got != row.want {
			t.Errorf("with caching disabled %d %q lives %s, want %s: %s", row.status, row.control, got, row.want, row.why)
		}
	}
}

func TestAnErrorOfOneViewerIsAnothersAlthoughCachingIsDisabled(t *testing.T) {
	for minimum, want := range map[int64]int{10: 403, 0: 200} {
		l := start(t, Options{})
		d := l.distribute(t, func(c *types.DistributionConfig) {
			c.CustomErrorResponses = &types.CustomErrorResponses{Quantity: aws.Int32(1), Items: []types.CustomErrorResponse{
				{ErrorCode: aws.Int32(403), ErrorCachingMinTTL: &minimum},
			}}
		})
		l.api = func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-store")
			if r.Header.Get("Cookie") == "" {
				w.WriteHeader(http.StatusForbidden)
			}
		}
		url := "https://" + *d.DomainName + "/me"
		l.view(t, http.MethodGet, url, "", nil)
		got := l.view(t, http.MethodGet, url, "", func(r *http.Request) { r.Header.Set("Cookie", "session=1") })
		if got.StatusCode != want {
			t.Errorf("with a minimum of %d s the second viewer got %d, want %d", minimum, got.StatusCode, want)
		}
	}
}

func TestAMissingAssetIsRememberedForTenSeconds(t *testing.T) {
	l := start(t, Options{})
	d := l.distribute(t, nil)
	l.assets = func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusForbidden) }
	url := "https://" + *d.DomainName + "/assets/missing.js"
	for _, row := range []struct {
		advance time.Duration
		times   int
	}{{0, 1}, {9 * time.Second, 1}, {time.Second, 2}} {
		l.clock.Advance(row.advance)
		got := l.view(t, http.MethodGet, url, "", nil)
		if got.StatusCode != 403 || got.Header.Get("X-Cache") != "Error from cloudfront" || l.times != row.times {
			t.Errorf("%d %s, asked %d times, want %d", got.StatusCode, got.Header.Get("X-Cache"), l.times, row.times)
		}
	}
}

func TestAnExpiredAnswerIsAskedForAgain(t *testing.T) {
	l := start(t, Options{})
	d := l.distribute(t, nil)
	l.assets = func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Cache-Control", "max-age=60") }
	for _, advance := range []time.Duration{0, 59 * time.Second, time.Second} {
		l.clock.Advance(advance)
		l.view(t, http.MethodGet, "https://"+*d.DomainName+"/assets/a.js", "", nil)
	}
	if l.times != 2 {
		t.Errorf("the origin was asked %d times", l.times)
	}
}

func TestLargeTextIsCompressedForViewersThatTakeIt(t *testing.T) {
	l := start(t, Options{})
	d := l.distribute(t, nil)
	large := strings.Repeat("text ", 1000)
	l.assets = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type",
			map[bool]string{true: "image/png", false: "text/css"}[strings.HasSuffix(r.URL.Path, ".png")])
		w.Header().Set("Content-Length", "5000")
		w.Header().Set("Etag", `"abc"`)
		_, _ = io.WriteString(w, large)
	}
	for _, row := range []struct {
		path, accept, encoding, etag string
		why                          string
	}{
		{"/assets/a.css", "gzip, br", "gzip", `W/"abc"`, "text is compressed"},
		{"/assets/a.css", "identity", "", `"abc"`, "the viewer does not take it"},
		{"/assets/a.png", "gzip", "", `"abc"`, "images are compressed already"},
	} {
		for range 2 { // from the origin and from the cache
			got := l.view(t, http.MethodGet, "https://"+*d.DomainName+row.path, "", func(r *http.Request) {
				r.Header.Set("Accept-Encoding", row.accept)
			})
			if got.Header.Get("Content-Encoding") != row.encoding || got.Header.Get("Etag") != row.etag {
				t.Fatalf("%s for %s: %q %s: %s", row.path, row.accept, got.Header.Get("Content-Encoding"), got.Header.Get("Etag"),
					row.why)
			}
			if row.encoding == "gzip" {
				reader, err := gzip.NewReader(strings.NewReader(got.text))
				must(t, err)
				plain, err := io.ReadAll(reader)
				must(t, err)
				if string(plain) != large {
					t.Error("unpacks to something else")
				}
			}
		}
	}
}

func TestACachedAnswerHasRangesAndValidators(t *testing.T) {
	l := start(t, Options{})
	d := l.distribute(t, nil)
	l.assets = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"abc"`)
		_, _ = io.WriteString(w, "0123456789")
	}
	url := "https://" + *d.DomainName + "/assets/a.txt"
	part := l.view(t, http.MethodGet, url, "", func(r *http.Request) { r.Header.Set("Range", "bytes=2-4") })
	same := l.view(t, http.MethodGet, url, "", func(r *http.Request) { r.Header.Set("If-None-Match", `"abc"`) })
	if part.StatusCode != 206 || part.text != "234" || same.StatusCode != 304 {
		t.Errorf("range %d %q, validator %d", part.StatusCode, part.text, same.StatusCode)
	}
	if l.asked.Header.Get("Range") != "" || l.times != 1 {
		t.Errorf("the whole is asked for once: Range %q, %d times", l.asked.Header.Get("Range"), l.times)
	}
}

func TestAnObjectTooLargeToKeepPassesThrough(t *testing.T) {
	l := start(t, Options{})
	d := l.distribute(t, nil)
	piece := strings.Repeat("x", 1<<20)
	l.assets = func(w http.ResponseWriter, r *http.Request) {
		for range 9 {
			_, _ = io.WriteString(w, piece)
		}
	}
	for range 2 {
		if got := l.view(t, http.MethodGet, "https://"+*d.DomainName+"/assets/large.bin", "", nil); len(got.text) != 9<<20 {
			t.Errorf("%d bytes arrived", len(got.text))
		}
	}
	if l.times != 2 {
		t.Errorf("the origin was asked %d times", l.times)
	}
}

func TestTheCacheForgetsTheLeastRecentlyUsedAtItsBound(t *testing.T) {
	c := newCache()
	now := time.Now()
	body := make([]byte, objectBytes)
	for i := range cacheBytes/objectBytes + 1 {
		c.put(&object{key: string(rune('a' + i)), body: body, expires: now.Add(time.Hour)})
		c.get("a", now)
	}
	_, used := c.get("a", now)
	_, unused := c.get("b", now)
	if !used || unused || c.bytes > cacheBytes {
		t.Errorf("used kept %v, unused kept %v, %d bytes", used, unused, c.bytes)
	}
}
