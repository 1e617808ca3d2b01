package iam

import (
	"github.com/aloft-dev/aloft/test/localaws/policy"
)

// complete fills the input's defaults.
func (in *createRoleInput) complete() {
	if in.Path == "" {
		in.Path = "/"
	}
	if in.MaxSessionDuration == 0 {
		in.MaxSessionDuration = 3600
	}
}

// validTrust parses a trust policy; callers hold the lock.
func (s *service) validTrust(text string) error {
	doc, err := policy.Parse(policy.OfTrust, text)
	if err == nil {
		err = doc.Absent(s.env.AccountID, s.exists)
	}
	if err != nil {
		return malformed(err)
	}
	return nil
}
