package s3

import (
	"context"
	"net/http"

	"github.com/aloft-dev/aloft/test/localaws/policy"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const maxPolicy = 20 << 10

type putPolicyInput struct {
	target
	Policy []byte `wire:",payload"`
}

type getPolicyOutput struct {
	Policy      []byte `wire:",payload"`
	ContentType string `wire:"Content-Type,header"`
}

func (s *service) putPolicy(_ context.Context, call *wire.Call, in *putPolicyInput) (*wire.Empty, error) {
	if len(in.Policy) > maxPolicy {
		return nil, wire.Errorf(http.StatusBadRequest, "PolicyTooLarge", "Policy exceeds the maximum allowed document size.")
	}
	doc, err := policy.Parse(policy.OfBucket, string(in.Policy))
	if err == nil {
		err = doc.Bucket(in.Bucket)
	}
	if err == nil {
		err = doc.Absent(s.env.AccountID, s.env.KnownIdentity)
	}
	if err != nil {
		return nil, wire.Errorf(http.StatusBadRequest, "MalformedPolicy", "%s", err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.find(call, in.target, "s3:PutBucketPolicy")
	if err != nil {
		return nil, err
	}
	if b.public != nil && b.public.BlockPublicPolicy && doc.Public() {
		return nil, wire.Errorf(http.StatusForbidden, "AccessDenied",
			"User is not authorized to perform: s3:PutBucketPolicy because public policies are prevented by the "+
				"BlockPublicPolicy setting in S3 Block Public Access.")
	}
	b.policyText, b.policy = string(in.Policy), []policy.Document{doc}
	return nil, nil
}

func (s *service) getPolicy(_ context.Context, call *wire.Call, in *target) (*getPolicyOutput, error) {
	out := &getPolicyOutput{ContentType: "application/json"}
	err := s.look(call, *in, "s3:GetBucketPolicy", func(b *bucket) error {
		if b.policyText == "" {
			return missingConfiguration("NoSuchBucketPolicy", "The bucket policy does not exist")
		}
		out.Policy = []byte(b.policyText)
		return nil
	})
	return out, err
}

func (s *service) deletePolicy(_ context.Context, call *wire.Call, in *target) (*wire.Empty, error) {
	return s.configure(call, *in, "s3:DeleteBucketPolicy", func(b *bucket) { b.policyText, b.policy = "", nil })
}
