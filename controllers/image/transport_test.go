package image

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// tlsRegistry is a fixture that speaks https, as any registry must that is not on loopback.
func tlsRegistry(t *testing.T, handler http.HandlerFunc) (server *httptest.Server, roots *x509.CertPool) {
	t.Helper()
	server = httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	roots = x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return server, roots
}

func TestLoopbackIsReachedOnlyWhenAllowed(t *testing.T) {
	g := NewWithT(t)
	registry := newRegistry(t)
	source := Source{Repository: registry.repository("acme/counter"), Tag: "v1"}
	strict := NewClient(Options{PrivateNetworks: everyPrivate})
	defer strict.Close()
	_, err := strict.Resolve(t.Context(), source, "amd64")
	g.Expect(err).To(MatchError(ErrAddressDenied))
	_, err = strict.Push(t.Context(), forPlatform(t, "linux", "amd64", "x"), Target{
		Repository: source.Repository, Tags: []string{"v1"},
	})
	g.Expect(err).To(MatchError(ErrAddressDenied))
	source.Repository = strings.Replace(source.Repository, "127.0.0.1", "localhost", 1)
	_, err = strict.Resolve(t.Context(), source, "amd64")
	g.Expect(err).To(MatchError(ErrAddressDenied), "a name is judged by what it resolves to")
	g.Expect(registry.take("")).To(BeEmpty())
}

func TestTheAccountsOwnRegistryMayBeBehindAnEndpointOfTheVPC(t *testing.T) {
	named := netip.MustParsePrefix("10.20.0.0/16")
	client := NewClient(Options{PrivateNetworks: []netip.Prefix{named}})
	defer client.Close()
	for _, row := range []struct {
		why, address       string
		tenants, ofAccount bool
	}{
		{"an endpoint in the VPC", "10.0.12.34:443", false, true},
		{"a registry in the network that was named", "10.20.0.5:443", true, true},
		{"what tells machines their credentials", "169.254.169.254:443", false, false},
		{"what tells pods their credentials", "[fd00:ec2::23]:443", false, false},
	} {
		t.Run(row.why, func(t *testing.T) {
			for transport, may := range map[*http.Transport]bool{client.network: row.tenants, client.own: row.ofAccount} {
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
				_, err := transport.DialContext(ctx, "tcp", row.address)
				cancel()
				if denied := errors.Is(err, ErrAddressDenied); denied == may {
					t.Errorf("denied: %t (%v)", denied, err)
				}
			}
		})
	}
}

func TestInstanceMetadataIsNeverAsked(t *testing.T) {
	client := NewClient(Options{AllowInsecureLoopback: true, PrivateNetworks: everyPrivate})
	defer client.Close()
	for reason, repository := range map[string]string{
		"by its address": "169.254.169.254/latest/meta-data", "with a port": "169.254.169.254:80/latest",
		"over IPv6": "[fe80::1]:443/latest",
	} {
		t.Run(reason, func(t *testing.T) {
			_, err := client.Resolve(t.Context(), Source{Repository: repository, Tag: "v1"}, "amd64")
			NewWithT(t).Expect(err).To(Or(MatchError(ErrAddressDenied), MatchError(ErrUnsupported)))
		})
	}
}

func TestARegistryCannotLeadElsewhere(t *testing.T) {
	elsewhere := newRegistry(t)
	for _, row := range []struct {
		reason string
		answer func(http.ResponseWriter, *http.Request)
	}{
		{"redirecting to plain http", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://registry.example/v2/", http.StatusFound)
		}},
		{"redirecting to the metadata service", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://169.254.169.254/latest", http.StatusFound)
		}},
		{"redirecting for ever", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v2/" {
				http.Redirect(w, r, r.URL.Path, http.StatusFound)
			}
		}},
		{"asking for a token at the metadata service", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://169.254.169.254/latest",service="x"`)
			w.WriteHeader(http.StatusUnauthorized)
		}},
	} {
		t.Run(row.reason, func(t *testing.T) {
			g := NewWithT(t)
			server, roots := tlsRegistry(t, row.answer)
			client := NewClient(Options{AllowInsecureLoopback: true, RootCAs: roots})
			defer client.Close()
			_, err := client.Resolve(t.Context(),
				Source{Repository: strings.TrimPrefix(server.URL, "https://") + "/acme", Tag: "v1"}, "amd64")
			g.Expect(err).To(HaveOccurred())
			g.Expect(elsewhere.take("")).To(BeEmpty())
		})
	}
}

func TestPlainHTTPIsNotSpokenBeyondLoopback(t *testing.T) {
	for _, row := range []struct {
		reason, host string
		allowed      bool
		want         string
	}{
		{"a name that looks internal still gets https", "registry.corp.local", false, "https"},
		{"an address of a company still gets https", "10.0.0.5:5000", true, "https"},
		{"loopback gets https too unless allowed", "127.0.0.1:5000", false, "https"},
		{"loopback gets http when allowed", "127.0.0.1:5000", true, "http"},
	} {
		t.Run(row.reason, func(t *testing.T) {
			g := NewWithT(t)
			request := httptest.NewRequest(http.MethodGet, "http://"+row.host+"/v2/", nil)
			sent, err := (&guard{registry: row.host, allowInsecureLoopback: row.allowed}).secure(request)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(sent.URL.Scheme).To(Equal(row.want))
			_, err = (&guard{registry: "other.example", allowInsecureLoopback: false}).secure(request)
			g.Expect(err).To(MatchError(ErrAddressDenied))
		})
	}
}

func TestCredentialsDoNotFollowARedirectToAnotherHost(t *testing.T) {
	g := NewWithT(t)
	var seen []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusNotFound)
	}))
	defer elsewhere.Close()
	registry := newRegistry(t)
	check := basicAuth("user", "canary")
	registry.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if check(w, r) {
			return true
		}
		if strings.Contains(r.URL.Path, "/manifests/") {
			http.Redirect(w, r, strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1)+"/stolen",
				http.StatusTemporaryRedirect)
			return true
		}
		return false
	})
	host := strings.TrimPrefix(registry.URL, "http://")
	source := Source{Repository: host + "/acme", Tag: "v1",
		DockerConfig: []byte(`{"auths":{"` + host + `":{"username":"user","password":"canary"}}}`)}
	_, err := newLocalClient(t).Resolve(t.Context(), source, "amd64")
	g.Expect(err).To(HaveOccurred())
	g.Expect(err.Error()).NotTo(ContainSubstring("canary"))
	g.Expect(seen).To(Equal([]string{""}), "the other host was asked, without credentials")
}

func TestATricklingRegistryIsTooSlow(t *testing.T) {
	g := NewWithT(t)
	g.Expect(tooSlow(100, paceAfter+1)).To(BeTrue(), "a byte now and then")
	g.Expect(tooSlow(100, paceAfter-1)).To(BeFalse(), "a slow start")
	g.Expect(tooSlow(1<<30, 10*paceAfter)).To(BeFalse(), "a large layer over a slow line")
}
