package cloud_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func login(t *testing.T, clients *cloud.Clients, now time.Time) string {
	t.Helper()
	login, err := clients.RegistryLogin(t.Context(), now)
	if err != nil {
		t.Fatal(err)
	}
	if login.User != "AWS" || login.Password == "" || login.Registry == "" || strings.Contains(login.Registry, "/") {
		t.Fatalf("the login to %q is %q with %d characters", login.Registry, login.User, len(login.Password))
	}
	return login.Password
}

func TestARegistryLoginIsKeptUntilShortlyBeforeItExpires(t *testing.T) {
	begun := time.Now()
	clock := wire.NewManualClock(begun)
	server, access := grantedIn(t, localaws.Options{Clock: clock})
	clients, err := cloud.NewProvider(server.Config()).For(t.Context(), access)
	if err != nil {
		t.Fatal(err)
	}
	first := login(t, clients, begun)
	for _, row := range []struct {
		why     string
		after   time.Duration
		renewed bool
	}{
		{"a push right after", time.Second, false},
		{"the last moment that leaves a push an hour", 11*time.Hour - time.Second, false},
		{"less than an hour is left", 11 * time.Hour, true},
		{"the next one counts from its own beginning", 21 * time.Hour, true},
		{"and expires as well", 22*time.Hour + time.Second, true},
	} {
		clock.Advance(begun.Add(row.after).Sub(clock.Now()))
		clients.ECR.Options().Credentials.(interface{ Invalidate() }).Invalidate() // the SDK's own clock stands
		if got := login(t, clients, clock.Now()); (got != first) != row.renewed {
			t.Errorf("%s: renewed %t", row.why, got != first)
		}
	}
	if asked := len(server.Calls().Operation("ecr:GetAuthorizationToken")); asked != 3 {
		t.Errorf("the registry was asked for %d tokens", asked)
	}
}

func TestARegistryLoginIsNeverSharedBetweenStages(t *testing.T) {
	server, access := granted(t)
	provider := cloud.NewProvider(server.Config())
	other := access
	other.Stage = "staging"
	passwords := map[string]bool{}
	for _, one := range []cloud.Access{access, other} {
		clients, err := provider.For(t.Context(), one)
		if err != nil {
			t.Fatal(err)
		}
		passwords[login(t, clients, time.Now())] = true
	}
	if len(passwords) != 2 {
		t.Error("two stages log in with one token")
	}
}

func TestManyPushesShareOneRegistryLogin(t *testing.T) {
	server, clients := ungoverned(t)
	now := time.Now()
	var all errgroup.Group
	for range 20 {
		all.Go(func() error {
			_, err := clients.RegistryLogin(t.Context(), now)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	if asked := len(server.Calls().Operation("ecr:GetAuthorizationToken")); asked != 1 {
		t.Errorf("the registry was asked for %d tokens", asked)
	}
}

func TestARefusedRegistryLoginIsAskedForAgain(t *testing.T) {
	server, clients := ungoverned(t)
	server.Faults().Inject(wire.Fault{
		Call: "ecr:GetAuthorizationToken", Kind: wire.FaultError, Error: wire.Errorf(400, "AccessDeniedException", "no"),
		Times: 1,
	})
	if _, err := clients.RegistryLogin(t.Context(), time.Now()); !cloud.IsDenied(err) {
		t.Errorf("got %v", err)
	}
	login(t, clients, time.Now())
}

// answering replaces the answer of a registry login by another body.
type answering struct {
	http.RoundTripper
	body string
}

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := a.RoundTripper.RoundTrip(r)
	if err == nil && r.Header.Get("X-Amz-Target") == "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken" {
		response.Body.Close()
		response.Body = io.NopCloser(bytes.NewBufferString(a.body))
		response.ContentLength = int64(len(a.body))
		response.Header.Del("Content-Length")
		response.Header.Del("X-Amz-Crc32")
	}
	return response, err
}

func TestAnAnswerWithoutALoginIsAnError(t *testing.T) {
	token, err := json.Marshal(
		map[string]any{"authorizationData": []map[string]any{{"authorizationToken": "not base64!"}}})
	if err != nil {
		t.Fatal(err)
	}
	for why, body := range map[string]string{
		"AWS gave no token":         `{"authorizationData":[]}`,
		"the token is not readable": string(token),
	} {
		t.Run(why, func(t *testing.T) {
			server, access := grantedIn(t, localaws.Options{})
			config := server.Config()
			config.HTTPClient = &http.Client{Transport: answering{server.Transport(), body}}
			clients, err := cloud.NewProvider(config).For(t.Context(), access)
			if err != nil {
				t.Fatal(err)
			}
			if login, err := clients.RegistryLogin(t.Context(), time.Now()); err == nil {
				t.Errorf("got %+v", login)
			}
		})
	}
}
