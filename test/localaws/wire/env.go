package wire

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Env is what a service package gets to work with.
type Env struct {
	AccountID string
	Region    string
	// Dir is the work folder; a service makes its own folder inside. It is removed when the local AWS closes.
	Dir        string
	Clock      Clock
	Identities *Identities
	Gateway    *Gateway
	Log        *slog.Logger
	CA         *CA
	// Handler is the whole local AWS: data planes dispatch to one another through it by the request's Host.
	Handler http.Handler
	// URL is the loopback listener's base, as "http://127.0.0.1:41234": for function processes and the registry's name.
	URL string
	// Roles is filled by the iam package.
	Roles RoleDirectory
	// EnforceIAM says that identity policies are asked.
	EnforceIAM bool
	// Settings are Options.Settings: a service reads "<service>.<setting>" and documents it in its package.
	Settings map[string]string
}

// RoleDirectory knows the IAM roles of the account.
type RoleDirectory interface {
	// Role finds a role by ARN.
	Role(arn string) (Role, bool)
}

// Role is what other services need to know of an IAM role.
type Role struct {
	ARN  string
	ID   string
	Name string
	// TrustPolicy is the decoded JSON document.
	TrustPolicy string
	// MaxSession is the longest session.
	MaxSession time.Duration
}

// ARN is arn:aws:<service>:<region>:<account>:<resource>.
func (e *Env) ARN(service, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, e.Region, e.AccountID, resource)
}

// Config makes an SDK configuration with credentials, over the in-process transport.
func (e *Env) Config(creds aws.Credentials) aws.Config {
	return aws.Config{
		Region:      e.Region,
		HTTPClient:  &http.Client{Transport: Transport{Handler: e.Handler}, CheckRedirect: noRedirect},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return creds, nil }),
	}
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// ServiceConfig is the configuration of an AWS service acting of its own accord, as
// "events.amazonaws.com" for the rule sourceARN.
func (e *Env) ServiceConfig(service, sourceARN string) aws.Config {
	return e.Config(e.Identities.Service(e.AccountID, service, sourceARN))
}

// Session issues credentials of a role without a call to STS, as AWS does inside for Lambda's functions and
// CloudFormation's stacks. The service must be allowed by the role's trust policy: *Error AccessDenied otherwise.
func (e *Env) Session(service, roleARN, session string, lifetime time.Duration) (aws.Credentials, error) {
	role, err := e.trusting(service, roleARN)
	if err != nil {
		return aws.Credentials{}, err
	}
	return e.Identities.Issue(RoleSession(e.AccountID, role, session), lifetime), nil
}

// trusting is a role that lets a service act in its name.
func (e *Env) trusting(service, roleARN string) (Role, error) {
	if e.Roles == nil {
		return Role{}, Errorf(http.StatusInternalServerError, "InternalFailure", "no role directory is plugged in")
	}
	role, ok := e.Roles.Role(roleARN)
	if !ok || !TrustsService(role.TrustPolicy, service) {
		return Role{}, Errorf(http.StatusForbidden, "AccessDenied",
			"%s is not authorized to perform: sts:AssumeRole on resource: %s", service, roleARN)
	}
	return role, nil
}

// KnownIdentity says whether a role or user of the account exists, which a policy may name.
func (e *Env) KnownIdentity(arn string) bool {
	if e.Roles == nil || arn == "arn:aws:iam::"+e.AccountID+":user/admin" {
		return true
	}
	_, ok := e.Roles.Role(arn)
	return ok
}

// FunctionSession is Session for a function's environment, whose requests tell which function they come from (AWS
// Lambda Developer Guide, permissions-source-function-arn).
func (e *Env) FunctionSession(roleARN, session, functionARN string, lifetime time.Duration) (aws.Credentials, error) {
	role, err := e.trusting("lambda.amazonaws.com", roleARN)
	if err != nil {
		return aws.Credentials{}, err
	}
	principal := RoleSession(e.AccountID, role, session)
	principal.FunctionARN = functionARN
	return e.Identities.Issue(principal, lifetime), nil
}

// RoleConfig is Session as an SDK configuration that renews itself.
func (e *Env) RoleConfig(service, roleARN, session string) (aws.Config, error) {
	if _, err := e.Session(service, roleARN, session, time.Hour); err != nil {
		return aws.Config{}, err
	}
	cfg := e.Config(aws.Credentials{})
	cfg.Credentials = aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return e.Session(service, roleARN, session, time.Hour)
	}))
	return cfg, nil
}

// RoleSession is the principal of a role's session.
func RoleSession(account string, role Role, session string) Principal {
	return Principal{
		AccountID: account, RoleARN: role.ARN, UserID: role.ID + ":" + session,
		ARN: fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/%s", account, role.Name, session),
	}
}

// Pool is a certificate pool with the local AWS's own authority.
func (e *Env) Pool() *x509.CertPool { return e.CA.Pool() }
