package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws"
)

// runAWS runs the local AWS alone until the context ends.
func runAWS(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("sandbox aws", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:4566", "The loopback address to answer on.")
	region := flags.String("region", "eu-central-1", "The region that it plays.")
	reach := flags.String("reach", databasePort,
		"Loopback ports that functions may reach, as 5432,6379; by default that of the sample application's database.")
	latencies := flags.String("latencies", "",
		"A FILE, in YAML or JSON, of how long calls take: lambda:PublishVersion, lambda:* or * to a time as 250ms.")
	settings := map[string]string{}
	flags.Func("settings", "How a service behaves, as lambda.update=3s or cloudfront.deploy=2m; may be repeated.",
		func(text string) error { return readSetting(settings, text) })
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	settings["lambda.reach"] = cmp.Or(settings["lambda.reach"], *reach)
	server, err := localaws.New(localaws.Options{Region: *region, Settings: settings})
	if err != nil {
		return fmt.Errorf("starting the local AWS: %w", err)
	}
	defer func() { _ = server.Close() }()
	if *latencies != "" {
		if err := readLatencies(server, *latencies); err != nil {
			return err
		}
	}
	url, err := server.Listen(*listen)
	if err != nil {
		return fmt.Errorf("starting the local AWS: %w", err)
	}
	authority := filepath.Join(os.TempDir(), "aloft-local-aws-ca.pem")
	if err := os.WriteFile(authority, server.CAPEM(), 0o644); err != nil { //nolint:gosec // a certificate is public
		return fmt.Errorf("writing the certificate authority: %w", err)
	}
	defer func() { _ = os.Remove(authority) }()
	fmt.Printf(`The local AWS answers on %s. In another terminal:

  export AWS_ENDPOINT_URL=%s AWS_DEFAULT_REGION=%s AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s
  aws sts get-caller-identity

Every call that it was asked, and of them those after number 17 alone:

  curl %s%s
  curl '%s%s?since=17'

To release the sample application on it (its distributions' certificates are signed by an authority of its own):

  SSL_CERT_FILE=%s AWS_REGION=%s go run ./cmd/sandbox --aws-endpoint-url %s

Ctrl-C ends it; it keeps nothing.
`, url, url, *region, localaws.AdminAccessKeyID, localaws.AdminSecretAccessKey, url, localaws.CallsPath,
		url, localaws.CallsPath, authority, *region, url)
	<-ctx.Done()
	return nil
}

// readSetting takes one name and value; the services say which there are.
func readSetting(settings map[string]string, text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok || !strings.Contains(name, ".") {
		return fmt.Errorf("%q is no setting: it has a service's name, a point, a name and a value, as lambda.update=3s", text)
	}
	settings[name] = value
	return nil
}

func readLatencies(server *localaws.Server, path string) error {
	file, err := os.Open(path) //nolint:gosec // named on the command line
	if err != nil {
		return fmt.Errorf("reading --latencies: %w", err)
	}
	defer func() { _ = file.Close() }()
	table, err := server.ReadLatencies(file)
	if err != nil {
		return fmt.Errorf("reading --latencies %s: %w", path, err)
	}
	server.Latencies().Set(table)
	return nil
}
