package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
)

// prove shows that the application serves: its page from the function, its assets from the bucket, its migration run
// once, a job processed by the worker.
func (d *demo) prove(ctx context.Context, stage *v1alpha1.Stage) error {
	if stage.Status.Endpoints == nil {
		return errors.New("the stage is Ready and has no endpoint")
	}
	url := stage.Status.Endpoints.URL
	d.url = url
	fmt.Fprintf(d.out, "\nProving that %s serves\n", url)
	client := d.browser()
	page, err := get(ctx, client, url+"/")
	if err != nil {
		return fmt.Errorf("loading the page: %w", err)
	}
	fmt.Fprintf(d.out, "  ✓ the page loads from the function (%d bytes)\n", len(page))
	assets := assetLinks.FindAllString(page, -1)
	if len(assets) == 0 {
		return errors.New("the page links no asset")
	}
	for _, asset := range assets {
		if _, err := get(ctx, client, asset); err != nil {
			return fmt.Errorf("loading an asset: %w", err)
		}
	}
	fmt.Fprintf(d.out, "  ✓ its %d assets load from the bucket\n", len(assets))
	if n := d.sandbox.Database.Counts()["migrations"]; n != 1 {
		return fmt.Errorf("the migration ran %d times, not once", n)
	}
	fmt.Fprintln(d.out, "  ✓ the migration ran once, before anybody could reach the application")
	return d.proveJob(ctx, client, url)
}

// assetLinks finds what the page loads from the folder of the build.
var assetLinks = regexp.MustCompile(`https://[^"' ]+/assets/[^"' )]+`)

func (d *demo) proveJob(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/jobs", strings.NewReader("from the demo"))
	if err != nil {
		return fmt.Errorf("making a request: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("enqueueing a job: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("enqueueing a job: %s", response.Status)
	}
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if d.sandbox.Database.Counts()["jobs"] > 0 {
			fmt.Fprintln(d.out, "  ✓ a job enqueued over HTTP was processed by the worker")
			return nil
		}
	}
	return errors.New("a job was enqueued and no worker processed it within 30 s")
}

// browser trusts the certificate authority of the local AWS.
func (d *demo) browser() *http.Client {
	transport := &http.Transport{}
	if d.sandbox.AWS != nil {
		transport.TLSClientConfig = &tls.Config{RootCAs: d.sandbox.AWS.CA(), MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

func get(ctx context.Context, client *http.Client, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", fmt.Errorf("making a request: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 8<<20))
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", url, err)
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answered %s: %s", url, response.Status,
			strings.TrimSpace(string(body[:min(len(body), 200)])))
	}
	return string(body), nil
}
