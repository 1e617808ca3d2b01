package main

import (
	"cmp"
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"net/url"
)

// sessionCookie belongs to this very host: browsers take a cookie of this prefix only with Secure, for the whole site
// and without a domain (RFC 6265bis, 4.1.3.2).
const sessionCookie = "__Host-session"

// guard checks what a public application checks: that it was asked for by its own name and over HTTPS, and that what
// changes something was sent by a page of its own.
type guard struct {
	// own is the application's address, as https://shop.example; nil where it was not told.
	own *url.URL
}

// newGuard takes the application's own address from APP_URL, or from ASSET_URL, which begins with it.
func newGuard(getenv func(string) string) guard {
	own, err := url.Parse(cmp.Or(getenv("APP_URL"), getenv("ASSET_URL")))
	if err != nil || own.Host == "" {
		return guard{}
	}
	return guard{own: &url.URL{Scheme: own.Scheme, Host: own.Host}}
}

func (g guard) wrap(next http.Handler) http.Handler {
	// Browsers say which site a request comes from.
	next = http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case g.own == nil:
			next.ServeHTTP(w, r)
		case r.Host != g.own.Host:
			http.Error(w, "this is "+g.own.Host, http.StatusMisdirectedRequest)
		case scheme(r) != g.own.Scheme:
			http.Redirect(w, r, g.own.String()+r.RequestURI, http.StatusPermanentRedirect)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// scheme is what the visitor's browser used.
func scheme(r *http.Request) string { return cmp.Or(r.Header.Get("X-Forwarded-Proto"), "http") }

// address is the application's, as the visitor's browser shows it.
func address(r *http.Request) string { return scheme(r) + "://" + r.Host }

// token is the visitor's own, which is in a cookie and in each form: another site can send the one and not read the
// other.
func token(w http.ResponseWriter, r *http.Request) string {
	if cookie, err := r.Cookie(sessionCookie); err == nil && cookie.Value != "" {
		return cookie.Value
	}
	fresh := rand.Text()
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: fresh, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	return fresh
}

// ownForm says whether a form was made for the one who sends it.
func ownForm(r *http.Request) bool {
	cookie, err := r.Cookie(sessionCookie)
	return err == nil && cookie.Value != "" &&
		subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(r.FormValue("token"))) == 1
}
