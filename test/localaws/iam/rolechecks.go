package iam

import (
	"net/http"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/policy"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// complete checks the input and fills its defaults.
func (in *createRoleInput) complete() error {
	if in.Path == "" {
		in.Path = "/"
	}
	if in.MaxSessionDuration == 0 {
		in.MaxSessionDuration = 3600
	}
	if !roleName.MatchString(in.RoleName) {
		return invalid("1 validation error detected: Value at 'roleName' failed to satisfy constraint: Member must have " +
			"length less than or equal to 64 and match [\\w+=,.@-]+")
	}
	if !rolePath.MatchString(in.Path) {
		return invalid("The specified value for path is invalid. It must begin and end with / and contain only " +
			"alphanumeric characters and/or / characters.")
	}
	return validSession(in.MaxSessionDuration)
}

func validSession(seconds int) error {
	if seconds < 3600 || seconds > 43200 {
		return invalid("1 validation error detected: Value '%d' at 'maxSessionDuration' failed to satisfy constraint: "+
			"Member must have value between 3600 and 43200", seconds)
	}
	return nil
}

// validTrust parses a trust policy; callers hold the lock.
func (s *service) validTrust(text string) error {
	doc, err := policy.Parse(text)
	if err != nil {
		return malformed(err)
	}
	for _, arn := range doc.Principals() {
		if !strings.HasPrefix(arn, "arn:aws:iam::"+s.env.AccountID+":role/") {
			continue
		}
		if _, ok := s.byARN(arn); !ok {
			return wire.Errorf(http.StatusBadRequest, "MalformedPolicyDocument", "Invalid principal in policy: \"AWS\":\"%s\"",
				arn)
		}
	}
	return nil
}
