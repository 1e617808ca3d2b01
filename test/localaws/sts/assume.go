package sts

import (
	"context"
	"net/http"
	"regexp"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const (
	shortest = 900
	chained  = 3600
	maxTags  = 50
)

var sessionName = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)

type tag struct {
	Key   string `wire:",required"`
	Value string
}

type assumeRoleInput struct {
	RoleArn           string `wire:",required"`
	RoleSessionName   string `wire:",required"`
	DurationSeconds   int
	ExternalId        string
	SourceIdentity    string
	Tags              []tag
	TransitiveTagKeys []string
}

type credentials struct {
	AccessKeyId     string
	SecretAccessKey string
	SessionToken    string
	Expiration      time.Time
}

type assumedRoleUser struct {
	Arn           string
	AssumedRoleId string
}

type assumeRoleOutput struct {
	Credentials     credentials
	AssumedRoleUser assumedRoleUser
	SourceIdentity  string
}

func (s *service) assumeRole(_ context.Context, call *wire.Call, in *assumeRoleInput) (*assumeRoleOutput, error) {
	call.On(in.RoleArn)
	role, found := s.role(in.RoleArn)
	if !found {
		return nil, denied(call, "sts:AssumeRole", in.RoleArn)
	}
	if err := in.valid(role, call.Principal); err != nil {
		return nil, err
	}
	tags, err := sessionTags(call.Principal, in)
	if err != nil {
		return nil, err
	}
	if err := trusted(call, role, in); err != nil {
		return nil, err
	}
	p := wire.RoleSession(call.AccountID, role, in.RoleSessionName)
	p.Tags, p.TransitiveTags = tags, append(append([]string(nil), call.Principal.TransitiveTags...),
		in.TransitiveTagKeys...)
	creds := s.env.Identities.Issue(p, time.Duration(in.lifetime())*time.Second)
	return &assumeRoleOutput{
		Credentials: credentials{
			AccessKeyId: creds.AccessKeyID, SecretAccessKey: creds.SecretAccessKey, SessionToken: creds.SessionToken,
			Expiration: creds.Expires,
		},
		AssumedRoleUser: assumedRoleUser{Arn: p.ARN, AssumedRoleId: p.UserID},
		SourceIdentity:  in.SourceIdentity,
	}, nil
}

func (s *service) role(arn string) (wire.Role, bool) {
	if s.env.Roles == nil {
		return wire.Role{}, false
	}
	return s.env.Roles.Role(arn)
}

func (in *assumeRoleInput) lifetime() int {
	if in.DurationSeconds == 0 {
		return 3600
	}
	return in.DurationSeconds
}

func (in *assumeRoleInput) valid(role wire.Role, caller wire.Principal) error {
	if !sessionName.MatchString(in.RoleSessionName) {
		return invalid("1 validation error detected: Value '%s' at 'roleSessionName' failed to satisfy constraint: Member "+
			"must satisfy regular expression pattern: [\\w+=,.@-]*", in.RoleSessionName)
	}
	if in.lifetime() < shortest {
		return invalid("1 validation error detected: Value '%d' at 'durationSeconds' failed to satisfy constraint: Member "+
			"must have value greater than or equal to 900", in.lifetime())
	}
	if time.Duration(in.lifetime())*time.Second > role.MaxSession {
		return invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	if caller.RoleARN != "" && in.lifetime() > chained {
		return invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	}
	return nil
}

// sessionTags are the tags that come along and those that a chained session inherits.
func sessionTags(caller wire.Principal, in *assumeRoleInput) (map[string]string, error) {
	if len(in.Tags) > maxTags {
		return nil, invalid("1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have " +
			"length less than or equal to 50")
	}
	tags := map[string]string{}
	for _, key := range caller.TransitiveTags {
		tags[key] = caller.Tags[key]
	}
	for _, t := range in.Tags {
		if _, taken := tags[t.Key]; taken {
			return nil, wire.Errorf(http.StatusBadRequest, "InvalidParameterValue",
				"One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the "+
					"calling session.")
		}
		tags[t.Key] = t.Value
	}
	return tags, nil
}

func invalid(format string, args ...any) error {
	return wire.Errorf(http.StatusBadRequest, "ValidationError", format, args...)
}

func denied(call *wire.Call, action, role string) error {
	return wire.Errorf(http.StatusForbidden, "AccessDenied", "User: %s is not authorized to perform: %s on resource: %s",
		call.Principal.Name(), action, role)
}
