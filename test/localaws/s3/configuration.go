package s3

import (
	"context"
	"net/http"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type bucketTag struct {
	Key   string `wire:",required"`
	Value string `wire:""`
}

type tagging struct {
	TagSet []bucketTag `wire:",item=Tag"`
}

type putTaggingInput struct {
	target
	Tagging tagging `wire:",payload"`
}

type getTaggingOutput struct {
	Tagging tagging `wire:",payload"`
}

func (s *service) putTagging(_ context.Context, call *wire.Call, in *putTaggingInput) (*wire.Empty, error) {
	seen := map[string]bool{}
	for _, t := range in.Tagging.TagSet {
		switch {
		case wire.ReservedTag(t.Key):
			return nil, wire.Errorf(http.StatusBadRequest, "InvalidTag", "System tags cannot be added/updated by requester")
		case seen[t.Key]:
			return nil, wire.Errorf(http.StatusBadRequest, "InvalidTag", "Cannot provide multiple Tags with the same key").
				With("TagKey", t.Key)
		}
		seen[t.Key] = true
	}
	return s.configure(call, in.target, "s3:PutBucketTagging", func(b *bucket) { b.tags = in.Tagging.TagSet })
}

func (s *service) getTagging(_ context.Context, call *wire.Call, in *target) (*getTaggingOutput, error) {
	out := &getTaggingOutput{}
	err := s.look(call, *in, "s3:GetBucketTagging", func(b *bucket) error {
		if len(b.tags) == 0 {
			return missingConfiguration("NoSuchTagSet", "The TagSet does not exist")
		}
		out.Tagging.TagSet = b.tags
		return nil
	})
	return out, err
}

type versioningConfiguration struct {
	Status string
}

type putVersioningInput struct {
	target
	Configuration versioningConfiguration `wire:"VersioningConfiguration,payload"`
}

type getVersioningOutput struct {
	Configuration versioningConfiguration `wire:"VersioningConfiguration,payload"`
}

func (s *service) putVersioning(_ context.Context, call *wire.Call, in *putVersioningInput) (*wire.Empty, error) {
	if status := in.Configuration.Status; status != "Enabled" && status != "Suspended" {
		return nil, wire.Errorf(http.StatusBadRequest, "IllegalVersioningConfigurationException",
			"The Versioning element must be specified")
	}
	return s.configure(call, in.target, "s3:PutBucketVersioning", func(b *bucket) {
		b.versioning = in.Configuration.Status
	})
}

func (s *service) getVersioning(_ context.Context, call *wire.Call, in *target) (*getVersioningOutput, error) {
	out := &getVersioningOutput{}
	return out, s.look(call, *in, "s3:GetBucketVersioning", func(b *bucket) error {
		out.Configuration.Status = b.versioning
		return nil
	})
}

type encryptionConfiguration struct {
	Rule []encryptionRule `wire:",flat"`
}

type encryptionRule struct {
	ApplyServerSideEncryptionByDefault *struct {
		SSEAlgorithm   string
		KMSMasterKeyID string
	}
	BucketKeyEnabled       *bool
	BlockedEncryptionTypes *struct {
		EncryptionType []string `wire:",flat"`
	}
}

func defaultEncryption() encryptionConfiguration {
	rule := encryptionRule{}
	rule.ApplyServerSideEncryptionByDefault = &struct{ SSEAlgorithm, KMSMasterKeyID string }{SSEAlgorithm: "AES256"}
	return encryptionConfiguration{Rule: []encryptionRule{rule}}
}

// algorithm is what new objects are encrypted with.
func (e encryptionConfiguration) algorithm() string {
	if len(e.Rule) == 0 || e.Rule[0].ApplyServerSideEncryptionByDefault == nil {
		return "AES256"
	}
	return e.Rule[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm
}

type putEncryptionInput struct {
	target
	Configuration encryptionConfiguration `wire:"ServerSideEncryptionConfiguration,payload"`
}

type getEncryptionOutput struct {
	Configuration encryptionConfiguration `wire:"ServerSideEncryptionConfiguration,payload"`
}

func (s *service) putEncryption(_ context.Context, call *wire.Call, in *putEncryptionInput) (*wire.Empty, error) {
	if len(in.Configuration.Rule) != 1 {
		return nil, malformedXML()
	}
	return s.configure(call, in.target, "s3:PutEncryptionConfiguration", func(b *bucket) {
		b.encryption = in.Configuration
	})
}

func (s *service) getEncryption(_ context.Context, call *wire.Call, in *target) (*getEncryptionOutput, error) {
	out := &getEncryptionOutput{}
	return out, s.look(call, *in, "s3:GetEncryptionConfiguration", func(b *bucket) error {
		out.Configuration = b.encryption
		return nil
	})
}

func (s *service) deleteEncryption(_ context.Context, call *wire.Call, in *target) (*wire.Empty, error) {
	return s.configure(call, *in, "s3:PutEncryptionConfiguration", func(b *bucket) { b.encryption = defaultEncryption() })
}

// configure changes a bucket's setting.
func (s *service) configure(call *wire.Call, in target, action string, change func(*bucket)) (*wire.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.find(call, in, action)
	if err != nil {
		return nil, err
	}
	change(b)
	return nil, nil
}

// look reads a bucket's setting.
func (s *service) look(call *wire.Call, in target, action string, read func(*bucket) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.find(call, in, action)
	if err != nil {
		return err
	}
	return read(b)
}
