package ecr

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/policy"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// downloadLifetime is how long a layer's download address works.
const downloadLifetime = time.Hour

type downloadInput struct {
	named
	LayerDigest string `wire:",required"`
}

type downloadOutput struct {
	DownloadUrl string
	LayerDigest string
}

// downloadURL gives an address that needs no further credentials, like the presigned one of AWS.
func (s *Registry) downloadURL(_ context.Context, call *wire.Call, in *downloadInput) (*downloadOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	repo, err := s.named(call, in.named)
	if err != nil {
		return nil, err
	}
	if err := s.permit(call, repo, "ecr:GetDownloadUrlForLayer"); err != nil {
		return nil, err
	}
	if _, held := repo.layers[in.LayerDigest]; !held {
		return nil, wire.Errorf(http.StatusBadRequest, "LayersNotFoundException",
			"The layer with digest '%s' does not exist in the repository with name '%s' in the registry with id '%s'",
			in.LayerDigest, repo.name, s.env.AccountID)
	}
	ticket := s.tokens.issue(call.Principal, call.Time.Add(downloadLifetime))
	address := url.URL{Scheme: "http", Host: s.host(), Path: "/v2/" + repo.name + "/blobs/" + in.LayerDigest,
		RawQuery: url.Values{"ticket": {ticket}}.Encode()}
	return &downloadOutput{address.String(), in.LayerDigest}, nil
}

// permit asks the repository's policy when an AWS service acts: identity policies say nothing about those
// (ECR user guide, "Repository policies vs IAM policies").
func (s *Registry) permit(call *wire.Call, repo *repository, action string) error {
	if call.Principal.Service == "" {
		return nil
	}
	asked := policy.Request{Principal: call.Principal, Action: action, Resource: s.arn(repo.name)}
	if policy.Resource([]policy.Document{repo.parsed}, asked) == policy.Allowed {
		return nil
	}
	return wire.Denied(call, action, s.arn(repo.name))
}

func validDigest(digest string) bool {
	hexadecimal, ok := strings.CutPrefix(digest, "sha256:")
	return ok && len(hexadecimal) == 64 && strings.Trim(hexadecimal, "0123456789abcdef") == ""
}
