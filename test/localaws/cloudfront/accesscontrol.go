package cloudfront

import (
	"context"
	"net/http"
	"slices"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// accessControl is an origin access control: how CloudFront signs its requests to an origin.
type accessControl struct {
	id, etag string
	config   accessControlConfig
}

type accessControlConfig struct {
	Name                          string `wire:",required"`
	Description                   *string
	SigningProtocol               string `wire:",required"`
	SigningBehavior               string `wire:",required"`
	OriginAccessControlOriginType string `wire:",required"`
}

type accessControlView struct {
	Id                        string
	OriginAccessControlConfig accessControlConfig
}

type accessControlOutput struct {
	Location            string            `wire:"Location,header"`
	ETag                string            `wire:"ETag,header"`
	OriginAccessControl accessControlView `wire:",payload"`
}

type createAccessControlInput struct {
	OriginAccessControlConfig accessControlConfig `wire:",payload"`
}

func (s *CloudFront) createOriginAccessControl(
	_ context.Context, call *wire.Call, in *createAccessControlInput,
) (*accessControlOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.checkAccessControl(&in.OriginAccessControlConfig, ""); err != nil {
		return nil, err
	}
	c := &accessControl{id: newID(), etag: newID(), config: in.OriginAccessControlConfig}
	orDefault(&c.config.Description, "")
	s.controls[c.id] = c
	call.On(c.id)
	out := c.output()
	out.Location = "https://cloudfront.amazonaws.com/2020-05-31/origin-access-control/" + c.id
	return out, nil
}

func (c *accessControl) output() *accessControlOutput {
	return &accessControlOutput{ETag: c.etag, OriginAccessControl: accessControlView{
		Id: c.id, OriginAccessControlConfig: c.config,
	}}
}

// checkAccessControl holds names unique in the account; the caller holds mu.
func (s *CloudFront) checkAccessControl(config *accessControlConfig, self string) error {
	if len(config.Name) > 64 || config.SigningProtocol != "sigv4" ||
		!slices.Contains([]string{"always", "never", "no-override"}, config.SigningBehavior) ||
		!slices.Contains([]string{"s3", "mediastore", "mediapackagev2", "lambda"}, config.OriginAccessControlOriginType) {
		return invalid("The parameter OriginAccessControlConfig is not valid.")
	}
	for id, other := range s.controls {
		if id != self && other.config.Name == config.Name {
			return wire.Errorf(http.StatusConflict, "OriginAccessControlAlreadyExists",
				"An origin access control with the same name already exists.")
		}
	}
	return nil
}

// signs says whether requests through this control are signed.
func (s *CloudFront) signs(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.controls[id]
	return c != nil && c.config.SigningBehavior != "never"
}

type accessControlInput struct {
	Id string `wire:",path"`
}

func (s *CloudFront) getOriginAccessControl(
	_ context.Context, call *wire.Call, in *accessControlInput,
) (*accessControlOutput, error) {
	call.On(in.Id)
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.control(in.Id)
	if err != nil {
		return nil, err
	}
	return c.output(), nil
}

// control finds one by id; the caller holds mu.
func (s *CloudFront) control(id string) (*accessControl, error) {
	if c := s.controls[id]; c != nil {
		return c, nil
	}
	return nil, wire.Errorf(http.StatusNotFound, "NoSuchOriginAccessControl", "The origin access control does not exist.")
}

type accessControlConfigOutput struct {
	ETag                      string              `wire:"ETag,header"`
	OriginAccessControlConfig accessControlConfig `wire:",payload"`
}

func (s *CloudFront) getOriginAccessControlConfig(
	_ context.Context, call *wire.Call, in *accessControlInput,
) (*accessControlConfigOutput, error) {
	call.On(in.Id)
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.control(in.Id)
	if err != nil {
		return nil, err
	}
	return &accessControlConfigOutput{ETag: c.etag, OriginAccessControlConfig: c.config}, nil
}

type updateAccessControlInput struct {
	Id                        string              `wire:",path"`
	IfMatch                   string              `wire:"If-Match,header"`
	OriginAccessControlConfig accessControlConfig `wire:",payload"`
}

func (s *CloudFront) updateOriginAccessControl(
	_ context.Context, call *wire.Call, in *updateAccessControlInput,
) (*accessControlOutput, error) {
	call.On(in.Id)
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.control(in.Id)
	if err != nil {
		return nil, err
	}
	if err := checkMatch(in.IfMatch, c.etag); err != nil {
		return nil, err
	}
	if err := s.checkAccessControl(&in.OriginAccessControlConfig, c.id); err != nil {
		return nil, err
	}
	if in.OriginAccessControlConfig.OriginAccessControlOriginType != c.config.OriginAccessControlOriginType {
		return nil, wire.Errorf(400, "IllegalUpdate", "The update contains modifications that are not allowed.")
	}
	c.config, c.etag = in.OriginAccessControlConfig, newID()
	orDefault(&c.config.Description, "")
	return c.output(), nil
}

// deleteOriginAccessControl refuses while an origin of any distribution names the control.
func (s *CloudFront) deleteOriginAccessControl(
	_ context.Context, call *wire.Call, in *deleteInput,
) (*wire.Empty, error) {
	call.On(in.Id)
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.control(in.Id)
	if err != nil {
		return nil, err
	}
	if err := checkMatch(in.IfMatch, c.etag); err != nil {
		return nil, err
	}
	for _, d := range s.distributions {
		for _, o := range d.config.Origins.Items {
			if text(o.OriginAccessControlId) == c.id {
				return nil, wire.Errorf(http.StatusConflict, "OriginAccessControlInUse",
					"Cannot delete the origin access control because it's in use by one or more distributions.")
			}
		}
	}
	delete(s.controls, c.id)
	return nil, nil
}
