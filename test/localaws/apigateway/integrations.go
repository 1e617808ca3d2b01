package apigateway

import (
	"cmp"
	"context"
	"net/http"
	"regexp"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// The bounds of an integration's timeout in milliseconds; HTTP APIs take the upper one by default.
const (
	minTimeout = 50
	maxTimeout = 30_000
)

// integrationView is an integration: AWS_PROXY with a Lambda function or alias behind it.
type integrationView struct {
	ConnectionType       string
	CredentialsArn       string
	Description          string
	IntegrationId        string
	IntegrationMethod    string
	IntegrationType      string
	IntegrationUri       string
	PayloadFormatVersion string
	TimeoutInMillis      int
}

type createIntegrationInput struct {
	ApiId                string `wire:",path"`
	IntegrationType      string `wire:",required"`
	ConnectionType       string
	Description          string
	IntegrationMethod    string
	IntegrationUri       string
	PayloadFormatVersion string
	TimeoutInMillis      int
}

func (g *Gateway) createIntegration(
	_ context.Context, call *wire.Call, in *createIntegrationInput,
) (*integrationView, error) {
	call.On(in.ApiId)
	i := integrationView{
		IntegrationId: newID(7), IntegrationType: in.IntegrationType, IntegrationUri: in.IntegrationUri,
		Description: in.Description, ConnectionType: cmp.Or(in.ConnectionType, "INTERNET"),
		IntegrationMethod:    cmp.Or(in.IntegrationMethod, http.MethodPost),
		PayloadFormatVersion: in.PayloadFormatVersion, TimeoutInMillis: in.TimeoutInMillis,
	}
	if i.TimeoutInMillis == 0 {
		i.TimeoutInMillis = maxTimeout
	}
	if err := i.check(); err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	a, err := g.api(in.ApiId)
	if err != nil {
		return nil, err
	}
	a.integrations[i.IntegrationId] = i
	return &i, nil
}

// check takes proxy integrations of Lambda. AWS requires the payload format version, has no default for it in HTTP
// APIs, and limits the timeout to 30 seconds.
func (i integrationView) check() error {
	if i.IntegrationType != "AWS_PROXY" || i.ConnectionType != "INTERNET" {
		return invalid("Only the integration type AWS_PROXY over INTERNET is supported by the local AWS.")
	}
	if i.PayloadFormatVersion != "2.0" {
		return invalid("Only PayloadFormatVersion 2.0 is supported by the local AWS.")
	}
	if i.TimeoutInMillis < minTimeout || i.TimeoutInMillis > maxTimeout {
		return invalid("Timeout should be between %d ms and %d ms", minTimeout, maxTimeout)
	}
	if functionARN(i.IntegrationUri) == "" {
		return invalid("Invalid function ARN or invalid uri: %s", i.IntegrationUri)
	}
	return nil
}

var (
	functionPattern = regexp.MustCompile(
		`^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[a-zA-Z0-9_-]{1,64}(:[a-zA-Z0-9_$-]{1,128})?$`,
	)
	invocationPath = regexp.MustCompile(
		`^arn:aws[a-z-]*:apigateway:[a-z0-9-]+:lambda:path/2015-03-31/functions/(.+)/invocations$`,
	)
)

// functionARN is the function behind an integration's URI: its own ARN, or the invocation path that wraps it.
func functionARN(uri string) string {
	if wrapped := invocationPath.FindStringSubmatch(uri); wrapped != nil {
		uri = wrapped[1]
	}
	return functionPattern.FindString(uri)
}

type integrationInput struct {
	ApiId         string `wire:",path"`
	IntegrationId string `wire:",path"`
}

// integration finds one by id; the caller holds mu.
func (g *Gateway) integration(apiID, id string) (*api, integrationView, error) {
	a, err := g.api(apiID)
	if err != nil {
		return nil, integrationView{}, err
	}
	i, found := a.integrations[id]
	if !found {
		return nil, integrationView{}, notFound("Invalid Integration identifier specified")
	}
	return a, i, nil
}

func (g *Gateway) getIntegration(_ context.Context, call *wire.Call, in *integrationInput) (*integrationView, error) {
	call.On(in.ApiId + " " + in.IntegrationId)
	g.mu.RLock()
	defer g.mu.RUnlock()
	_, i, err := g.integration(in.ApiId, in.IntegrationId)
	return &i, err
}

type integrationsOutput struct {
	Items     []integrationView `wire:",required"`
	NextToken string
}

func (g *Gateway) getIntegrations(_ context.Context, call *wire.Call, in *partsInput) (*integrationsOutput, error) {
	call.On(in.ApiId)
	g.mu.RLock()
	defer g.mu.RUnlock()
	a, err := g.api(in.ApiId)
	if err != nil {
		return nil, err
	}
	page, next := pageOf(a.integrations, in.paging())
	return &integrationsOutput{Items: page, NextToken: next}, nil
}

type updateIntegrationInput struct {
	ApiId                string `wire:",path"`
	IntegrationId        string `wire:",path"`
	ConnectionType       *string
	Description          *string
	IntegrationMethod    *string
	IntegrationType      *string
	IntegrationUri       *string
	PayloadFormatVersion *string
	TimeoutInMillis      *int
}

func (g *Gateway) updateIntegration(
	_ context.Context, call *wire.Call, in *updateIntegrationInput,
) (*integrationView, error) {
	call.On(in.ApiId + " " + in.IntegrationId)
	g.mu.Lock()
	defer g.mu.Unlock()
	a, i, err := g.integration(in.ApiId, in.IntegrationId)
	if err != nil {
		return nil, err
	}
	apply(&i.ConnectionType, in.ConnectionType)
	apply(&i.Description, in.Description)
	apply(&i.IntegrationMethod, in.IntegrationMethod)
	apply(&i.IntegrationType, in.IntegrationType)
	apply(&i.IntegrationUri, in.IntegrationUri)
	apply(&i.PayloadFormatVersion, in.PayloadFormatVersion)
	apply(&i.TimeoutInMillis, in.TimeoutInMillis)
	if err := i.check(); err != nil {
		return nil, err
	}
	a.integrations[i.IntegrationId] = i
	return &i, nil
}

// deleteIntegration refuses while a route sends to it.
func (g *Gateway) deleteIntegration(_ context.Context, call *wire.Call, in *integrationInput) (*wire.Empty, error) {
	call.On(in.ApiId + " " + in.IntegrationId)
	g.mu.Lock()
	defer g.mu.Unlock()
	a, i, err := g.integration(in.ApiId, in.IntegrationId)
	if err != nil {
		return nil, err
	}
	for _, r := range a.routes {
		if strings.TrimPrefix(r.Target, "integrations/") == i.IntegrationId {
			return nil, wire.Errorf(http.StatusConflict, "ConflictException",
				"Cannot delete Integration '%s' as it is currently in use by a Route.", i.IntegrationId)
		}
	}
	delete(a.integrations, i.IntegrationId)
	return nil, nil
}
