// Package sts is the local AWS's Security Token Service.
//
// Rules it encodes:
//   - GetCallerIdentity needs no permission and answers the account, ARN and user id behind the access key.
//   - AssumeRole is allowed by the role's trust policy: principal, sts:ExternalId, and sts:TagSession when tags come
//     along; a role that does not exist is refused like one that does not trust the caller (AccessDenied, 403).
//   - The session lasts 900 s up to the role's longest session, one hour at most when a role's session assumes
//     another (role chaining).
//   - Session tags show as principal tags; transitive ones are inherited by chained sessions and
//     cannot be set again there.
//   - A session that has ended is answered with the protocol's ExpiredToken, an unknown key with InvalidClientTokenId.
package sts

import (
	"context"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// New plugs STS in.
func New(env *wire.Env) (*wire.Service, error) {
	s := &service{env: env}
	return &wire.Service{
		Name:     "sts",
		Protocol: wire.Query("2011-06-15", "https://sts.amazonaws.com/doc/2011-06-15/"),
		Invalid:  wire.Sender("ValidationError"),
		Operations: []wire.Operation{
			wire.Read("GetCallerIdentity", s.getCallerIdentity),
			wire.Read("AssumeRole", s.assumeRole),
		},
		Action: func(*wire.Call) string { return "-" },
	}, nil
}

type service struct{ env *wire.Env }

type callerIdentityOutput struct {
	Account string
	Arn     string
	UserId  string
}

func (s *service) getCallerIdentity(_ context.Context, call *wire.Call, _ *wire.Empty) (*callerIdentityOutput, error) {
	return &callerIdentityOutput{Account: call.Principal.AccountID, Arn: call.Principal.Name(),
		UserId: call.Principal.UserID}, nil
}
