package wire

import (
	"strings"
	"time"
)

// Principal is who signed a call.
type Principal struct {
	AccountID string
	// ARN is arn:aws:iam::<account>:user/<name>, arn:aws:sts::<account>:assumed-role/<role>/<session>,
	// or empty for a service.
	ARN string
	// UserID is what GetCallerIdentity answers: an AIDA.. id, or "<AROA..>:<session>".
	UserID string
	// RoleARN is the role behind an assumed-role session.
	RoleARN string
	// Service is set when an AWS service acts of its own accord, as "events.amazonaws.com".
	Service string
	// SourceARN is the aws:SourceArn condition key that a service principal brings along.
	SourceARN string
	// FunctionARN is the lambda:SourceFunctionArn condition key: the function in whose environment the credentials are.
	FunctionARN string
	// Tags are the session tags (aws:PrincipalTag/..).
	Tags map[string]string
	// TransitiveTags are the keys of session tags that role chaining inherits.
	TransitiveTags []string
	// Root says that identity policies are not asked: the account's admin user.
	Root bool
	// AccessKeyID is the key that the call was signed with.
	AccessKeyID string
	// ExpiresAt is when the credentials end; zero means never.
	ExpiresAt time.Time
}

// Name is the short name for logs and filters: the service, or the ARN.
func (p Principal) Name() string {
	if p.Service != "" {
		return p.Service
	}
	return p.ARN
}

// RoleName is the name of the assumed role, or "".
func (p Principal) RoleName() string {
	return p.RoleARN[strings.LastIndexByte(p.RoleARN, '/')+1:]
}

// Session is the session name of an assumed role, or "".
func (p Principal) Session() string {
	if p.RoleARN == "" {
		return ""
	}
	return p.ARN[strings.LastIndexByte(p.ARN, '/')+1:]
}
