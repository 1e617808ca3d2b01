package cloudformation

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/engine"
	"github.com/aloft-dev/aloft/test/localaws/cloudformation/template"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type tag struct {
	Key   string `wire:",required"`
	Value string `wire:",required"`
}

type parameter struct {
	ParameterKey     string
	ParameterValue   *string
	UsePreviousValue bool
}

// content is the part that CreateStack, UpdateStack and CreateChangeSet share.
type content struct {
	TemplateBody string
	TemplateURL  string
	Parameters   []parameter
	Tags         []tag
	Capabilities []string
}

func (s *service) content(ctx context.Context, call *wire.Call, in content, previous bool) (engine.Content, error) {
	body, err := s.template(ctx, call, in.TemplateBody, in.TemplateURL, previous)
	if err != nil {
		return engine.Content{}, err
	}
	out := engine.Content{Body: body, UsePreviousTemplate: previous, Capabilities: in.Capabilities}
	if in.Tags != nil {
		out.Tags = map[string]string{}
	}
	for _, t := range in.Tags {
		if strings.HasPrefix(strings.ToLower(t.Key), "aws:") {
			return engine.Content{}, invalid("aws: prefixed tag key names are not allowed for external use.")
		}
		if _, twice := out.Tags[t.Key]; twice {
			return engine.Content{}, invalid("Duplicate tag key: %s", t.Key)
		}
		out.Tags[t.Key] = t.Value
	}
	for _, p := range in.Parameters {
		if p.UsePreviousValue && aws.ToString(p.ParameterValue) != "" {
			return engine.Content{}, invalid("Invalid input for parameter key %s. Cannot specify usePreviousValue as true "+
				"and non empty value for a parameter", p.ParameterKey)
		}
		out.Parameters = append(out.Parameters, engine.ParameterInput{
			Key: p.ParameterKey, Value: aws.ToString(p.ParameterValue), UsePrevious: p.UsePreviousValue,
		})
	}
	return out, nil
}

// template gives the template's text from the request or from S3.
func (s *service) template(ctx context.Context, call *wire.Call, body, location string, previous bool) (string, error) {
	given := 0
	for _, present := range []bool{body != "", location != "", previous} {
		if present {
			given++
		}
	}
	if previous && given > 1 {
		return "", invalid("You cannot specify a template (TemplateBody or TemplateURL) when UsePreviousTemplate is true.")
	}
	if given != 1 {
		return "", invalid("Either Template URL or Template Body must be specified.")
	}
	if len(body) > template.MaxBodyBytes {
		return "", invalid("1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member "+
			"must have length less than or equal to %d", template.MaxBodyBytes)
	}
	if location == "" {
		return body, nil
	}
	return s.fetch(ctx, call, location)
}

// fetch reads a template from S3 as the caller.
func (s *service) fetch(ctx context.Context, call *wire.Call, location string) (string, error) {
	bucket, key, err := s3Location(location)
	if err != nil {
		return "", err
	}
	out, err := s3.NewFromConfig(s.caller(call)).GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return "", invalid(
			"S3 error: %v\nFor more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html", err,
		)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(io.LimitReader(out.Body, template.MaxURLBytes+1))
	if err != nil {
		return "", fmt.Errorf("reading the template from S3: %w", err)
	}
	if len(body) > template.MaxURLBytes {
		return "", invalid("Template may not exceed %d bytes in size.", template.MaxURLBytes)
	}
	return string(body), nil
}

// s3Location splits a virtual-host or path style URL of S3.
func s3Location(location string) (bucket, key string, err error) {
	parsed, err := url.Parse(location)
	if err != nil || parsed.Scheme != "https" {
		return "", "", invalid("TemplateURL must be a supported URL.")
	}
	host, path := parsed.Hostname(), strings.TrimPrefix(parsed.Path, "/")
	if strings.HasPrefix(host, "s3.") || strings.HasPrefix(host, "s3-") {
		bucket, key, _ = strings.Cut(path, "/")
	} else {
		for _, mark := range []string{".s3.", ".s3-"} {
			if name, _, ok := strings.Cut(host, mark); ok {
				bucket, key = name, path
			}
		}
	}
	if bucket == "" || key == "" {
		return "", "", invalid("TemplateURL must be a supported URL.")
	}
	return bucket, key, nil
}
