package s3

import (
	"context"
	"net/http"

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
	Prefix *string
	Filter *struct {
		Prefix *string
		Tag    *bucketTag
	}
	Expiration *struct {
		Days                      *int
		Date                      string
		ExpiredObjectDeleteMarker *bool
	}
	NoncurrentVersionExpiration *struct {
		NoncurrentDays          *int
		NewerNoncurrentVersions int
	}
	AbortIncompleteMultipartUpload *struct{ DaysAfterInitiation *int }
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
	if err := in.Configuration.check(); err != nil {
		return nil, err
	}
	return s.configure(call, in.target, "s3:PutLifecycleConfiguration", func(b *bucket) {
		b.lifecycle = &in.Configuration
	})
}

const maxRuleID = 255

// check holds the rules that the models do not have (S3 API reference, PutBucketLifecycleConfiguration).
func (c lifecycleConfiguration) check() error {
	if len(c.Rule) == 0 {
		return malformedXML()
	}
	ids := map[string]bool{}
	for _, r := range c.Rule {
		switch {
		case len(r.ID) > maxRuleID:
			return invalidArgument("ID length should not exceed allowed limit of %d", maxRuleID)
		case r.ID != "" && ids[r.ID]:
			return invalidArgument("Rule ID must be unique. Found same ID for more than one rule")
		case r.Filter == nil && r.Prefix == nil:
			return malformedXML()
		}
		ids[r.ID] = true
		if err := r.checkDays(); err != nil {
			return err
		}
	}
	return nil
}

func (r lifecycleRule) checkDays() error {
	if r.Expiration == nil && r.NoncurrentVersionExpiration == nil && r.AbortIncompleteMultipartUpload == nil {
		return wire.Errorf(http.StatusBadRequest, "InvalidRequest", "At least one action needs to be specified in a rule")
	}
	if e := r.Expiration; e != nil && e.Days != nil && *e.Days < 1 {
		return invalidArgument("'Days' for Expiration action must be a positive integer")
	}
	if e := r.NoncurrentVersionExpiration; e != nil && e.NoncurrentDays != nil && *e.NoncurrentDays < 1 {
		return invalidArgument("'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer")
	}
	if a := r.AbortIncompleteMultipartUpload; a != nil && a.DaysAfterInitiation != nil && *a.DaysAfterInitiation < 1 {
		return invalidArgument("'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer")
	}
	return nil
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
