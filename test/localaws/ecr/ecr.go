// Package ecr is the local AWS's container registry: the ECR API, and the OCI distribution API that images
// are pushed and pulled with.
//
// It encodes these rules of AWS (Amazon ECR API reference and user guide; containers-roadmap#2179; kaniko#204):
//
//   - repositories are made before a push, never by it; one with images is deleted only by force
//   - a tag of an immutable repository cannot be pushed again, not even with the digest that it
//     names: TAG_INVALID, HTTP 400
//   - an authorization token lasts twelve hours and carries the rights of the principal who asked for it
//   - BatchDeleteImage takes at most 100 images, answers with success and lists failures; a digest goes with all its
//     tags, and the last tag goes with its image
//   - a layer is mounted from another repository of the registry, or the push falls back to an upload (202)
//   - AWS services need the repository's policy: identity policies say nothing about them
//
// Lifecycle policies are kept, not executed. Not yet proven against AWS itself: the texts of the
// distribution API's errors.
package ecr

import (
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aloft-dev/aloft/test/localaws/model"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// Registry is the registry of one account and region.
type Registry struct {
	env      *wire.Env
	blobs    *blobs
	tokens   tokens
	counters counters

	mu           sync.Mutex
	repositories map[string]*repository
}

type counters struct{ received, sent, mounted atomic.Int64 }

// Traffic is what went over the registry's wire since its start.
type Traffic struct {
	// ReceivedBytes and SentBytes are bytes of layers and configurations, manifests not counted.
	ReceivedBytes, SentBytes int64
	// Mounted is the number of layers that came from another repository without being sent.
	Mounted int64
}

// Traffic reads the counters.
func (s *Registry) Traffic() Traffic {
	return Traffic{s.counters.received.Load(), s.counters.sent.Load(), s.counters.mounted.Load()}
}

// New plugs an empty registry in; the service's Data is the *Registry.
func New(env *wire.Env) (*wire.Service, error) {
	registry, err := open(env)
	if err != nil {
		return nil, err
	}
	return registry.service(), nil
}

func open(env *wire.Env) (*Registry, error) {
	stored, err := newBlobs(filepath.Join(env.Dir, "ecr"))
	if err != nil {
		return nil, err
	}
	return &Registry{env: env, blobs: stored, repositories: map[string]*repository{}}, nil
}

func (s *Registry) service() *wire.Service {
	return &wire.Service{
		Name:         "ecr",
		SigningNames: []string{"ecr"},
		Protocol:     wire.JSON("AmazonEC2ContainerRegistry_V20150921"),
		Names:        wire.LowerCamel,
		Invalid:      wire.Sender("InvalidParameterException"),
		Violated:     violated,
		Operations:   s.operations(),
		Resource:     s.resource,
		Claims:       forRegistry,
		Data:         s,
	}
}

// violated words what the model refuses as ECR does (boto/boto3#3191, aws/aws-dotnet-deploy#549).
func violated(found []model.Violation) *wire.Error {
	constraint := strings.TrimPrefix(found[0].Constraint, "Member ")
	if before, pattern, ok := strings.Cut(constraint, " pattern: "); ok {
		constraint = before + " '" + pattern + "'"
	}
	return wire.Errorf(http.StatusBadRequest, "InvalidParameterException",
		"Invalid parameter at '%s' failed to satisfy constraint: '%s'", found[0].Path, constraint)
}

// forRegistry tells requests of the distribution API from signed calls to API Gateway, whose paths begin with /v2/ as
// well, and from requests to applications behind their own host names.
func forRegistry(r *http.Request) bool {
	if r.URL.Path != "/v2" && !strings.HasPrefix(r.URL.Path, "/v2/") {
		return false
	}
	if _, signed := wire.ScopeOf(r); signed {
		return false
	}
	host, _, _ := strings.Cut(r.Host, ":")
	return !strings.HasSuffix(host, ".amazonaws.com") || strings.Contains(host, ".dkr.ecr.")
}

func (s *Registry) operations() []wire.Operation {
	return []wire.Operation{
		wire.Write("CreateRepository", s.createRepository),
		wire.Read("DescribeRepositories", s.describeRepositories),
		wire.Write("DeleteRepository", s.deleteRepository),
		wire.Write("SetRepositoryPolicy", s.setPolicy),
		wire.Read("GetRepositoryPolicy", s.getPolicy),
		wire.Write("DeleteRepositoryPolicy", s.deletePolicy),
		wire.Write("PutImageTagMutability", s.putMutability),
		wire.Write("PutImageScanningConfiguration", s.putScanning),
		wire.Write("PutLifecyclePolicy", s.putLifecycle),
		wire.Read("GetLifecyclePolicy", s.getLifecycle),
		wire.Write("DeleteLifecyclePolicy", s.deleteLifecycle),
		wire.Read("GetAuthorizationToken", s.authorizationToken),
		wire.Read("DescribeImages", s.describeImages),
		wire.Read("ListImages", s.listImages),
		wire.Read("BatchGetImage", s.batchGetImage),
		wire.Write("BatchDeleteImage", s.batchDeleteImage),
		wire.Read("GetDownloadUrlForLayer", s.downloadURL),
		wire.Write("TagResource", s.tagResource),
		wire.Write("UntagResource", s.untagResource),
		wire.Read("ListTagsForResource", s.listTags),
	}
}

// named is what every operation on one repository is given.
type named struct {
	RegistryId     string
	RepositoryName string `wire:",required"`
}

func (n *named) repository() string { return n.RepositoryName }

// resource is the repository that an operation is about, for identity policies.
func (s *Registry) resource(_ *wire.Call, in any) string {
	if about, ok := in.(interface{ repository() string }); ok {
		return s.arn(about.repository())
	}
	return "*"
}

// host is the registry's name in image references: the address that it is really served at, once it is.
func (s *Registry) host() string {
	if _, address, ok := strings.Cut(s.env.URL, "://"); ok {
		return address
	}
	return s.env.AccountID + ".dkr.ecr." + s.env.Region + ".amazonaws.com"
}

func invalid(message string) error { return wire.Sender("InvalidParameterException")(message) }
