package cloudfront

import (
	"context"
	"net/http"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// namespace is the XML namespace of every document of the API.
const namespace = "http://cloudfront.amazonaws.com/doc/2020-05-31/"

type distributionView struct {
	Id                            string
	ARN                           string
	Status                        string
	LastModifiedTime              time.Time
	InProgressInvalidationBatches int `wire:",required"`
	DomainName                    string
	ActiveTrustedSigners          signers
	ActiveTrustedKeyGroups        signers
	DistributionConfig            distributionConfig
}

type createDistributionInput struct {
	DistributionConfig distributionConfig `wire:",payload"`
}

type createWithTagsInput struct {
	DistributionConfigWithTags configWithTags `wire:",payload"`
}

type configWithTags struct {
	DistributionConfig distributionConfig `wire:",required"`
	Tags               tagList
}

type distributionOutput struct {
	Location     string           `wire:"Location,header"`
	ETag         string           `wire:"ETag,header"`
	Distribution distributionView `wire:",payload"`
}

func (s *CloudFront) createDistribution(
	_ context.Context, call *wire.Call, in *createDistributionInput,
) (*distributionOutput, error) {
	return s.create(call, in.DistributionConfig, tagList{})
}

func (s *CloudFront) createDistributionWithTags(
	_ context.Context, call *wire.Call, in *createWithTagsInput,
) (*distributionOutput, error) {
	if err := call.Authorize("cloudfront:TagResource", s.resource(call, in)); err != nil {
		return nil, err
	}
	return s.create(call, in.DistributionConfigWithTags.DistributionConfig, in.DistributionConfigWithTags.Tags)
}

func (s *CloudFront) create(call *wire.Call, config distributionConfig, tags tagList) (*distributionOutput, error) {
	if err := tags.check(); err != nil {
		return nil, err
	}
	config.complete()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.distributions {
		if other.config.CallerReference == config.CallerReference {
			return nil, wire.Errorf(http.StatusConflict, "DistributionAlreadyExists",
				"The caller reference that you are using to create a distribution is associated with another distribution. "+
					"Already exists: %s", other.id)
		}
	}
	if err := s.validate(&config, ""); err != nil {
		return nil, err
	}
	now := s.env.Clock.Now()
	d := &distribution{
		id: newID(), etag: newID(), created: now, modified: now, config: &config, deploys: now.Add(s.options.DeployDelay),
		tags: tags.asMap(), cache: newCache(),
	}
	d.arn = "arn:aws:cloudfront::" + s.env.AccountID + ":distribution/" + d.id
	if err := s.certify(d, &config); err != nil {
		return nil, err
	}
	if err := s.start(d); err != nil {
		return nil, err
	}
	s.distributions[d.id] = d
	call.On(d.id)
	out := s.output(d)
	out.Location = "https://cloudfront.amazonaws.com/2020-05-31/distribution/" + d.id
	return out, nil
}

// newID is an id in CloudFront's form: E and 13 letters or digits.
func newID() string { return "E" + wire.RandomID("")[:13] }

// output shows a distribution; the caller holds mu.
func (s *CloudFront) output(d *distribution) *distributionOutput {
	return &distributionOutput{ETag: d.etag, Distribution: distributionView{
		Id: d.id, ARN: d.arn, Status: s.status(d), LastModifiedTime: d.modified, DomainName: d.domain,
		ActiveTrustedSigners:   signers{Enabled: new(false), Quantity: new(0)},
		ActiveTrustedKeyGroups: signers{Enabled: new(false), Quantity: new(0)},
		DistributionConfig:     *d.config,
	}}
}

type distributionInput struct {
	Id string `wire:",path"`
}

func (s *CloudFront) getDistribution(
	_ context.Context, call *wire.Call, in *distributionInput,
) (*distributionOutput, error) {
	call.On(in.Id)
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.distribution(in.Id)
	if err != nil {
		return nil, err
	}
	return s.output(d), nil
}

type configOutput struct {
	ETag               string             `wire:"ETag,header"`
	DistributionConfig distributionConfig `wire:",payload"`
}

func (s *CloudFront) getDistributionConfig(
	_ context.Context, call *wire.Call, in *distributionInput,
) (*configOutput, error) {
	call.On(in.Id)
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.distribution(in.Id)
	if err != nil {
		return nil, err
	}
	return &configOutput{ETag: d.etag, DistributionConfig: *d.config}, nil
}

type updateDistributionInput struct {
	Id                 string             `wire:",path"`
	IfMatch            string             `wire:"If-Match,header"`
	DistributionConfig distributionConfig `wire:",payload"`
}

// updateDistribution replaces the whole configuration. The edge goes on serving the former one until
// the new one is deployed.
func (s *CloudFront) updateDistribution(
	_ context.Context, call *wire.Call, in *updateDistributionInput,
) (*distributionOutput, error) {
	call.On(in.Id)
	config := in.DistributionConfig
	config.complete()
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.matching(in.Id, in.IfMatch)
	if err != nil {
		return nil, err
	}
	if config.CallerReference != d.config.CallerReference {
		return nil, wire.Errorf(400, "IllegalUpdate",
			"The update contains modifications that are not allowed: CallerReference")
	}
	if err := s.validate(&config, d.id); err != nil {
		return nil, err
	}
	if err := s.certify(d, &config); err != nil {
		return nil, err
	}
	if s.deployed(d) {
		d.before = d.config
	}
	now := s.env.Clock.Now()
	d.config, d.etag, d.modified, d.deploys = &config, newID(), now, now.Add(s.options.DeployDelay)
	return s.output(d), nil
}

type deleteInput struct {
	Id      string `wire:",path"`
	IfMatch string `wire:"If-Match,header"`
}

// deleteDistribution takes only a distribution that is disabled and whose disabling has been deployed.
func (s *CloudFront) deleteDistribution(_ context.Context, call *wire.Call, in *deleteInput) (*wire.Empty, error) {
	call.On(in.Id)
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.matching(in.Id, in.IfMatch)
	if err != nil {
		return nil, err
	}
	if isTrue(d.config.Enabled) || !s.deployed(d) {
		return nil, wire.Errorf(http.StatusConflict, "DistributionNotDisabled",
			"The distribution you are trying to delete has not been disabled.")
	}
	d.stop()
	delete(s.distributions, d.id)
	return nil, nil
}
