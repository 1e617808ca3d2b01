package localaws

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// Accounts are several local AWS accounts behind one endpoint, as AWS has them: who signed a call says which account
// it goes to, and a role that is assumed may be of another one.
type Accounts struct {
	// Home is the first: the one of the endpoint's administrator.
	Home     *Server
	accounts map[string]*Server
	// order is that in which they were asked for.
	order  []string
	ids    *wire.Identities
	server *http.Server
	url    string
}

// NewAccounts starts a local AWS for each account id; each is made with the same options.
func NewAccounts(o Options, ids ...string) (_ *Accounts, err error) {
	o = o.withDefaults()
	a := &Accounts{accounts: map[string]*Server{}, ids: wire.NewIdentities(o.Clock)}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	for _, id := range ids {
		own := o
		own.AccountID, own.identities = id, a.ids
		if len(a.accounts) > 0 {
			own.Dir, own.adminKey = "", adminKeyOf(id)
		}
		server, err := New(own)
		if err != nil {
			return nil, fmt.Errorf("starting account %s: %w", id, err)
		}
		a.accounts[id], a.order = server, append(a.order, id)
		if a.Home == nil {
			a.Home = server
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for AWS calls: %w", err)
	}
	a.server, a.url = &http.Server{Handler: a, ReadHeaderTimeout: 30 * time.Second}, "http://"+listener.Addr().String()
	go a.server.Serve(listener)
	return a, nil
}

// adminKeyOf is the access key of the administrator of an account beside the first one.
func adminKeyOf(account string) string { return "AKIAADMIN" + account[1:] }

// URL is the one endpoint of all accounts.
func (a *Accounts) URL() string { return a.url }

// Config is the SDK configuration of the first account's administrator, for calls to all accounts without a socket.
func (a *Accounts) Config() aws.Config {
	config := a.Home.Config()
	config.HTTPClient = &http.Client{Transport: wire.Transport{Handler: a}}
	return config
}

// IDs are those of the accounts, the home's first.
func (a *Accounts) IDs() []string { return a.order }

// Account is one of them; nil for an unknown one.
func (a *Accounts) Account(id string) *Server { return a.accounts[id] }

// Close ends all of them.
func (a *Accounts) Close() error {
	var failed []error
	if a.server != nil {
		failed = append(failed, a.server.Close())
	}
	for _, server := range a.accounts {
		failed = append(failed, server.Close())
	}
	return errors.Join(failed...)
}

// ServeHTTP hands a call to the account of who has signed it, or of the role that is to be assumed. What nobody has
// signed goes to the first.
func (a *Accounts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	server := a.Home
	if scope, ok := wire.ScopeOf(r); ok {
		account := ""
		if scope.Service == "sts" {
			account = accountOfRole(r)
		}
		if signer, known := a.ids.Lookup(scope.AccessKeyID); account == "" && known {
			account = signer.AccountID
		}
		if known := a.accounts[account]; known != nil {
			server = known
		}
	}
	server.ServeHTTP(w, r)
}

// maxForm bounds what is read of a call to STS.
const maxForm = 64 << 10

// accountOfRole is the account of the role that a call assumes; empty for any other call. The body can be read again.
func accountOfRole(r *http.Request) string {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm))
	if err != nil {
		return ""
	}
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), r.Body))
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return ""
	}
	arn := strings.Split(form.Get("RoleArn"), ":") // arn:aws:iam::<account>:role/<name>
	if len(arn) < 6 {
		return ""
	}
	return arn[4]
}
