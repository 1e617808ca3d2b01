package cloud_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func TestEachCallIsMadeByTheProfilesRole(t *testing.T) {
	server, access := granted(t)
	clients, err := cloud.NewProvider(server.Config()).For(t.Context(), access)
	if err != nil {
		t.Fatal(err)
	}
	since := server.Calls().End()
	if _, err := clients.S3.ListBuckets(t.Context(), &s3.ListBucketsInput{}); err != nil {
		t.Fatal(err)
	}
	calls := server.Calls().Since(since)
	if len(calls) != 1 || calls[0].Principal.RoleName() != "aloft" {
		t.Errorf("the calls are %+v", calls)
	}
}

func TestAnAccessIsVerifiedOnceUntilItIsForgotten(t *testing.T) {
	server, access := granted(t)
	provider := cloud.NewProvider(server.Config())
	verified := func() int {
		if _, err := provider.For(t.Context(), access); err != nil {
			t.Fatal(err)
		}
		return len(server.Calls().Operation("sts:GetCallerIdentity"))
	}
	if first, second := verified(), verified(); first != 1 || second != 1 {
		t.Errorf("verified %d and %d times", first, second)
	}
	provider.Forget(access.Namespace, access.Stage)
	if again := verified(); again != 2 {
		t.Errorf("after it was forgotten it was verified %d times", again)
	}
}

func TestAnAccessThatIsNotGrantedFallsBackToNothing(t *testing.T) {
	server, access := granted(t)
	for why, change := range map[string]func(*cloud.Access){
		"another external id":        func(a *cloud.Access) { a.ExternalID = "cluster/other" },
		"a role that does not exist": func(a *cloud.Access) { a.RoleARN += "-other" },
		"a role of an account out of reach": func(a *cloud.Access) {
			a.RoleARN = strings.Replace(a.RoleARN, account, "999999999999", 1)
		},
	} {
		t.Run(why, func(t *testing.T) {
			wrong := access
			change(&wrong)
			since := server.Calls().End()
			if _, err := cloud.NewProvider(server.Config()).For(t.Context(), wrong); !cloud.IsDenied(err) {
				t.Errorf("got %v, which is not taken for a refusal", err)
			}
			for _, call := range server.Calls().Since(since) {
				if call.Name() != "sts:AssumeRole" {
					t.Errorf("%s was asked with other credentials", call.Name())
				}
			}
		})
	}
}

func TestAnotherAccountThanTheProfileSaysIsRefused(t *testing.T) {
	server, access := granted(t)
	access.AccountID = "210987654321"
	_, err := cloud.NewProvider(server.Config()).For(t.Context(), access)
	var wrong *cloud.WrongAccount
	if !errors.As(err, &wrong) || wrong.Want != access.AccountID || wrong.Got != account {
		t.Errorf("got %v", err)
	}
	if changed := server.Calls().By("aloft").Effects(); len(changed) > 0 {
		t.Errorf("something was written: %v", changed.Names())
	}
}

func TestTheAccountIsVerifiedBeforeAnythingElseIsAsked(t *testing.T) {
	server, access := granted(t)
	since := server.Calls().End()
	clients, err := cloud.NewProvider(server.Config()).For(t.Context(), access)
	if err != nil {
		t.Fatal(err)
	}
	if clients.Account != account || clients.Region != region {
		t.Errorf("the clients say %s in %s", clients.Account, clients.Region)
	}
	if diff := cmp.Diff(
		[]string{"sts:AssumeRole", "sts:GetCallerIdentity"}, server.Calls().Since(since).Names(),
	); diff != "" {
		t.Error(diff)
	}
}

func TestAnAccountThatCannotBeVerifiedGivesNoClients(t *testing.T) {
	server, access := granted(t)
	provider := cloud.NewProvider(server.Config())
	server.Faults().Inject(wire.Fault{
		Call: "sts:GetCallerIdentity", Kind: wire.FaultError, Error: wire.Errorf(403, "ExpiredToken", "over"),
	})
	if clients, err := provider.For(t.Context(), access); clients != nil || !cloud.IsExpired(err) {
		t.Errorf("got %v and %v", clients, err)
	}
	server.Faults().Clear()
	if _, err := provider.For(t.Context(), access); err != nil {
		t.Errorf("the failure was kept: %v", err)
	}
}

func TestAWrongAccountIsNotKeptForTheNextTime(t *testing.T) {
	server, access := granted(t)
	access.AccountID = "210987654321"
	provider := cloud.NewProvider(server.Config())
	for range 2 {
		if _, err := provider.For(t.Context(), access); !errors.As(err, new(*cloud.WrongAccount)) {
			t.Errorf("got %v", err)
		}
	}
	if asked := len(server.Calls().Operation("sts:GetCallerIdentity")); asked != 2 {
		t.Errorf("the account was verified %d times", asked)
	}
}

func TestARoleThatIsLostLaterFallsBackToNothing(t *testing.T) {
	server, access := granted(t)
	clients, err := cloud.NewProvider(server.Config()).For(t.Context(), access)
	if err != nil {
		t.Fatal(err)
	}
	// The session is renewed before it ends; from now on that is refused.
	server.Faults().Inject(wire.Fault{
		Call: "sts:AssumeRole", Kind: wire.FaultError, Error: wire.Errorf(403, "AccessDenied", "no more"),
	})
	clients.S3.Options().Credentials.(interface{ Invalidate() }).Invalidate()
	since := server.Calls().End()
	if _, err := clients.S3.ListBuckets(t.Context(), &s3.ListBucketsInput{}); !cloud.IsDenied(err) {
		t.Errorf("got %v", err)
	}
	if asked := server.Calls().Since(since).Service("s3"); len(asked) > 0 {
		t.Errorf("S3 was asked by %s", asked[0].Principal.Name())
	}
}

func TestForgottenClientsAreMadeAnew(t *testing.T) {
	server, access := granted(t)
	provider := cloud.NewProvider(server.Config())
	clients := func() *cloud.Clients {
		made, err := provider.For(t.Context(), access)
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	first := clients()
	if again := clients(); again != first {
		t.Error("the clients were not kept")
	}
	provider.Forget(access.Namespace, "staging")
	if again := clients(); again != first {
		t.Error("another stage's access was forgotten, and these clients with it")
	}
	provider.Forget(access.Namespace, access.Stage)
	if again := clients(); again == first {
		t.Error("the forgotten clients came back")
	}
	// The session of the forgotten clients ended with them.
	if assumed := len(server.Calls().Operation("sts:AssumeRole")); assumed != 2 {
		t.Errorf("the role was assumed %d times", assumed)
	}
}

func TestEachStageHasASessionOfItsOwn(t *testing.T) {
	server, access := granted(t)
	provider := cloud.NewProvider(server.Config())
	other := access
	other.Stage = "staging"
	seen := map[string]bool{}
	for _, one := range []cloud.Access{access, other} {
		clients, err := provider.For(t.Context(), one)
		if err != nil {
			t.Fatal(err)
		}
		credentials, err := clients.S3.Options().Credentials.Retrieve(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		seen[credentials.AccessKeyID] = true
	}
	if len(seen) != 2 {
		t.Error("two stages share one session, and with it its tags")
	}
}

func TestASessionSaysWhichStageItIsFor(t *testing.T) {
	long := strings.Repeat("n", 63)
	for why, row := range map[string]struct{ namespace, stage, want string }{
		"its names, as CloudTrail shows them": {"clouder", "production", "clouder.production"},
		"names that are too long end in a hash of the whole": {
			long, strings.Repeat("s", 40), strings.Repeat("n", 47) + ".7bb2a7ed79585f1c",
		},
	} {
		t.Run(why, func(t *testing.T) {
			server, access := granted(t)
			access.Namespace, access.Stage = row.namespace, row.stage
			if _, err := cloud.NewProvider(server.Config()).For(t.Context(), access); err != nil {
				t.Fatal(err)
			}
			by := server.Calls().Operation("sts:GetCallerIdentity")[0].Principal
			if by.Session() != row.want {
				t.Errorf("the session is called %q, want %q", by.Session(), row.want)
			}
			want := map[string]string{
				"aloft:cluster": "cluster", "aloft:namespace": row.namespace, "aloft:stage": row.stage,
			}
			if diff := cmp.Diff(want, by.Tags); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatWasKeptForAnotherAccessOfTheStageIsDropped(t *testing.T) {
	server, access := granted(t)
	provider := cloud.NewProvider(server.Config())
	sessions := func(access cloud.Access) int {
		if _, err := provider.For(t.Context(), access); err != nil {
			t.Fatal(err)
		}
		return len(server.Calls().Operation("sts:AssumeRole"))
	}
	sessions(access)
	successor := access
	successor.UID = "uid-2"
	if n := sessions(successor); n != 2 {
		t.Errorf("a Stage of the same name has the session of the one before it: %d sessions", n)
	}
	if n := sessions(access); n != 3 {
		t.Errorf("the clients of two accesses are kept for one stage: %d sessions", n)
	}
}

func TestManyWhoAskAtTheSameTimeGetTheSameClients(t *testing.T) {
	server, access := granted(t)
	provider := cloud.NewProvider(server.Config())
	const callers = 20
	made := make(chan *cloud.Clients, callers)
	var all errgroup.Group
	for i := range callers {
		all.Go(func() error {
			own := access
			own.Stage = []string{"production", "staging"}[i%2]
			clients, err := provider.For(t.Context(), own)
			if err == nil && i%2 == 0 {
				made <- clients
			}
			return err
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	close(made)
	first := <-made
	for clients := range made {
		if clients != first {
			t.Fatal("two callers got clients of their own, each with a registry login of its own")
		}
	}
}
