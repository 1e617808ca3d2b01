package main

import (
	"net/http"
	"net/url"
	"testing"

	. "github.com/onsi/gomega"
)

// public is the application as a stage has it: it knows its own name by the address of its assets.
var public = web{getenv: environment{"ASSET_URL": "https://shop.example/_aloft/assets/v1"}.get}

func TestThePageKnowsItsAddressAndGivesACookieThatIsItsOwn(t *testing.T) {
	g := NewWithT(t)
	answer := ask(public, visit(http.MethodGet, "/", nil))
	g.Expect(answer.Code).To(Equal(http.StatusOK))
	g.Expect(answer.Body.String()).To(ContainSubstring(`<link rel="canonical" href="https://shop.example/">`))
	cookies := answer.Result().Cookies()
	g.Expect(cookies).To(HaveLen(1))
	g.Expect(cookies[0]).To(And(HaveField("Name", sessionCookie), HaveField("Secure", true), HaveField("HttpOnly", true),
		HaveField("Path", "/"), HaveField("Domain", ""), HaveField("SameSite", http.SameSiteLaxMode)))
	g.Expect(answer.Body.String()).To(ContainSubstring(`name="token" value="` + cookies[0].Value + `"`))

	again := visit(http.MethodGet, "/", nil)
	again.AddCookie(cookies[0])
	g.Expect(ask(public, again).Result().Cookies()).To(BeEmpty(), "who has one keeps it")
}

func TestWhoAsksForAnotherNameOrWithoutHTTPSIsNotServed(t *testing.T) {
	g := NewWithT(t)
	other := visit(http.MethodGet, "/", nil)
	other.Host = "evil.example"
	g.Expect(ask(public, other).Code).To(Equal(http.StatusMisdirectedRequest))
	plain := visit(http.MethodGet, "/status?a=1", nil)
	plain.Header.Set("X-Forwarded-Proto", "http")
	plain.RequestURI = "/status?a=1"
	answer := ask(public, plain)
	g.Expect(answer.Code).To(Equal(http.StatusPermanentRedirect))
	g.Expect(answer.Header().Get("Location")).To(Equal("https://shop.example/status?a=1"))
}

func TestFormsThatAreNotThePagesOwnAreTurnedAway(t *testing.T) {
	for _, row := range []struct {
		reason, token, cookie, origin, site string
	}{
		{"another site has the browser send it", "t1", "t1", "https://evil.example", ""},
		{"another site, by the browser's own word", "t1", "t1", "", "cross-site"},
		{"it has no token", "", "t1", "https://shop.example", ""},
		{"it has somebody else's token", "t2", "t1", "https://shop.example", ""},
		{"nobody ever had the page", "", "", "https://shop.example", ""},
	} {
		t.Run(row.reason, func(t *testing.T) {
			form := visit(http.MethodPost, "/jobs", url.Values{"token": {row.token}})
			form.Header.Set("Origin", row.origin)
			form.Header.Set("Sec-Fetch-Site", row.site)
			form.AddCookie(&http.Cookie{Name: sessionCookie, Value: row.cookie})
			NewWithT(t).Expect(ask(public, form).Code).To(Equal(http.StatusForbidden))
		})
	}
}
