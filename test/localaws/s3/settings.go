package s3

import (
	"context"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type publicAccess struct {
	BlockPublicAcls       bool `wire:",required"`
	IgnorePublicAcls      bool `wire:",required"`
	BlockPublicPolicy     bool `wire:",required"`
	RestrictPublicBuckets bool `wire:",required"`
}

type putPublicAccessInput struct {
	target
	Configuration struct {
		BlockPublicAcls       bool
		IgnorePublicAcls      bool
		BlockPublicPolicy     bool
		RestrictPublicBuckets bool
	} `wire:"PublicAccessBlockConfiguration,payload"`
}

type getPublicAccessOutput struct {
	Configuration *publicAccess `wire:"PublicAccessBlockConfiguration,payload"`
}

func (s *service) putPublicAccess(_ context.Context, call *wire.Call, in *putPublicAccessInput) (*wire.Empty, error) {
	settings := publicAccess(in.Configuration)
	return s.configure(call, in.target, "s3:PutBucketPublicAccessBlock", func(b *bucket) { b.public = &settings })
}

func (s *service) getPublicAccess(_ context.Context, call *wire.Call, in *target) (*getPublicAccessOutput, error) {
	out := &getPublicAccessOutput{}
	err := s.look(call, *in, "s3:GetBucketPublicAccessBlock", func(b *bucket) error {
		if b.public == nil {
			return missingConfiguration("NoSuchPublicAccessBlockConfiguration",
				"The public access block configuration was not found")
		}
		out.Configuration = b.public
		return nil
	})
	return out, err
}

func (s *service) deletePublicAccess(_ context.Context, call *wire.Call, in *target) (*wire.Empty, error) {
	return s.configure(call, *in, "s3:PutBucketPublicAccessBlock", func(b *bucket) { b.public = nil })
}

type lifecycleConfiguration struct {
	Rule []lifecycleRule `wire:",flat"`
}

type lifecycleRule struct {
	ID     string
	Status string `wire:",required"`
	Prefix string
	Filter *struct {
		Prefix string `wire:""`
		Tag    *bucketTag
	}
	Expiration *struct {
		Days                      int
		Date                      string
		ExpiredObjectDeleteMarker bool
	}
	NoncurrentVersionExpiration *struct {
		NoncurrentDays          int
		NewerNoncurrentVersions int
	}
	AbortIncompleteMultipartUpload *struct{ DaysAfterInitiation int }
}

type putLifecycleInput struct {
	target
	Transition    string                 `wire:"x-amz-transition-default-minimum-object-size,header"`
	Configuration lifecycleConfiguration `wire:"LifecycleConfiguration,payload"`
}

type getLifecycleOutput struct {
	Configuration *lifecycleConfiguration `wire:"LifecycleConfiguration,payload"`
}

func (s *service) putLifecycle(_ context.Context, call *wire.Call, in *putLifecycleInput) (*wire.Empty, error) {
	if len(in.Configuration.Rule) == 0 {
		return nil, malformedXML()
	}
	return s.configure(call, in.target, "s3:PutLifecycleConfiguration", func(b *bucket) {
		b.lifecycle = &in.Configuration
	})
}

func (s *service) getLifecycle(_ context.Context, call *wire.Call, in *target) (*getLifecycleOutput, error) {
	out := &getLifecycleOutput{}
	err := s.look(call, *in, "s3:GetLifecycleConfiguration", func(b *bucket) error {
		if b.lifecycle == nil {
			return missingConfiguration("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
		}
		out.Configuration = b.lifecycle
		return nil
	})
	return out, err
}

func (s *service) deleteLifecycle(_ context.Context, call *wire.Call, in *target) (*wire.Empty, error) {
	return s.configure(call, *in, "s3:PutLifecycleConfiguration", func(b *bucket) { b.lifecycle = nil })
}

type ownershipControls struct {
	Rule []ownershipRule `wire:",flat"`
}

type ownershipRule struct {
	ObjectOwnership string `wire:",required"`
}

type putOwnershipInput struct {
	target
	Controls ownershipControls `wire:"OwnershipControls,payload"`
}

type getOwnershipOutput struct {
	Controls *ownershipControls `wire:"OwnershipControls,payload"`
}

func (s *service) putOwnership(_ context.Context, call *wire.Call, in *putOwnershipInput) (*wire.Empty, error) {
	if len(in.Controls.Rule) != 1 {
		return nil, malformedXML()
	}
	return s.configure(call, in.target, "s3:PutBucketOwnershipControls", func(b *bucket) { b.ownership = &in.Controls })
}

func (s *service) getOwnership(_ context.Context, call *wire.Call, in *target) (*getOwnershipOutput, error) {
	out := &getOwnershipOutput{}
	err := s.look(call, *in, "s3:GetBucketOwnershipControls", func(b *bucket) error {
		if b.ownership == nil {
			return missingConfiguration("OwnershipControlsNotFoundError", "The bucket ownership controls were not found")
		}
		out.Controls = b.ownership
		return nil
	})
	return out, err
}

func (s *service) deleteOwnership(_ context.Context, call *wire.Call, in *target) (*wire.Empty, error) {
	return s.configure(call, *in, "s3:PutBucketOwnershipControls", func(b *bucket) { b.ownership = nil })
}
