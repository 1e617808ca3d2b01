package tenant

import (
	"encoding/base64"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// MakeRepository makes the stage's repository, which Lambda may read.
func (n *Tenant) MakeRepository(tags types.ImageTagMutability) {
	n.t.Helper()
	_, err := n.clients.ECR.CreateRepository(n.t.Context(), &ecr.CreateRepositoryInput{
		RepositoryName: aws.String(n.names.Repository), ImageTagMutability: tags,
	})
	n.Must(err)
	_, err = n.clients.ECR.SetRepositoryPolicy(n.t.Context(), &ecr.SetRepositoryPolicyInput{
		RepositoryName: aws.String(n.names.Repository),
		PolicyText: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
			"Principal":{"Service":"lambda.amazonaws.com"},"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}]}`),
	})
	n.Must(err)
}

// RepositoryURI is the stage's repository by its address.
func (n *Tenant) RepositoryURI() string {
	return strings.TrimPrefix(n.Local.URL(), "http://") + "/" + n.names.Repository
}

// RegistryLogin is the right to use the account's registry.
func (n *Tenant) RegistryLogin() authn.Authenticator {
	n.t.Helper()
	token, err := n.clients.ECR.GetAuthorizationToken(n.t.Context(), &ecr.GetAuthorizationTokenInput{})
	n.Must(err)
	login, err := base64.StdEncoding.DecodeString(aws.ToString(token.AuthorizationData[0].AuthorizationToken))
	n.Must(err)
	user, password, _ := strings.Cut(string(login), ":")
	return authn.FromConfig(authn.AuthConfig{Username: user, Password: password})
}

// Pushable is an image or an index.
type Pushable interface {
	remote.Taggable
	Digest() (v1.Hash, error)
}

// Push brings an image or an index into the stage's repository, and gives its digest.
func (n *Tenant) Push(built Pushable, tags ...string) (digest string) {
	n.t.Helper()
	for _, tag := range tags {
		target, err := name.NewTag(n.RepositoryURI()+":"+tag, name.Insecure)
		n.Must(err)
		n.Must(remote.Push(target, built, remote.WithAuth(n.RegistryLogin()), remote.WithTransport(n.Local.Transport())))
	}
	hash, err := built.Digest()
	n.Must(err)
	return hash.String()
}

// PushAny brings an image that nobody starts into the stage's repository, and gives its digest.
func (n *Tenant) PushAny(tags ...string) (digest string) {
	n.t.Helper()
	built, err := random.Image(16, 1)
	n.Must(err)
	return n.Push(built, tags...)
}
