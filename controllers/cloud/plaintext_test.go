package cloud_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/aloft-dev/aloft/controllers/cloud"
)

func TestCredentialsLeaveTheMachineEncryptedOnly(t *testing.T) {
	for endpoint, may := range map[string]bool{
		"https://sts.eu-central-1.amazonaws.com": true,
		"https://10.0.0.1:4566":                  true,
		"http://127.0.0.1:4566":                  true,
		"http://[::1]:4566":                      true,
		"http://localhost:4566":                  true,
		"http://sts.eu-central-1.amazonaws.com":  false,
		"http://10.0.0.1:4566":                   false,
		"http://localstack:4566":                 false,
		"http://localhost.example.com":           false,
		"http://127.0.0.1.example.com":           false,
		"ftp://sts.example.com":                  false,
	} {
		t.Run(endpoint, func(t *testing.T) {
			parsed, err := url.Parse(endpoint)
			if err != nil {
				t.Fatal(err)
			}
			if err := cloud.PlainText(parsed); (err == nil) != may {
				t.Errorf("it may be asked: %t (%v)", err == nil, err)
			}
		})
	}
}

// counting counts what is sent.
type counting struct{ sent int }

func (c *counting) RoundTrip(*http.Request) (*http.Response, error) {
	c.sent++
	return nil, http.ErrServerClosed
}

func TestNothingIsSentInPlainText(t *testing.T) {
	for why, name := range map[string]string{
		"to an endpoint of all services":                            "AWS_ENDPOINT_URL",
		"to an endpoint that the environment names for one service": "AWS_ENDPOINT_URL_STS",
	} {
		t.Run(why, func(t *testing.T) {
			_, access := granted(t)
			t.Setenv(name, "http://aws.internal:4566")
			wire := &counting{}
			config, err := awsconfig.LoadDefaultConfig(t.Context(), awsconfig.WithRegion(region),
				awsconfig.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("AKIAREAL", "secret", "")))
			if err != nil {
				t.Fatal(err)
			}
			config.HTTPClient = &http.Client{Transport: wire}
			_, err = cloud.NewProvider(config).For(t.Context(), access)
			if err == nil || !strings.Contains(err.Error(), "in plain text: use https") {
				t.Errorf("got %v", err)
			}
			if wire.sent > 0 {
				t.Errorf("%d requests were sent", wire.sent)
			}
		})
	}
}
