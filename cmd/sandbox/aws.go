package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aloft-dev/aloft/test/localaws"
)

// runAWS runs the local AWS alone until the context ends.
func runAWS(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("sandbox aws", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:4566", "The loopback address to answer on.")
	region := flags.String("region", "eu-central-1", "The region that it plays.")
	reach := flags.String("reach", databasePort,
		"Loopback ports that functions may reach, as 5432,6379; by default that of the sample application's database.")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	server, err := localaws.New(localaws.Options{Region: *region, Settings: map[string]string{"lambda.reach": *reach}})
	if err != nil {
		return fmt.Errorf("starting the local AWS: %w", err)
	}
	defer func() { _ = server.Close() }()
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

To release the sample application on it (its distributions' certificates are signed by an authority of its own):

  SSL_CERT_FILE=%s AWS_REGION=%s go run ./cmd/sandbox --aws-endpoint-url %s

Ctrl-C ends it; it keeps nothing.
`, url, url, *region, localaws.AdminAccessKeyID, localaws.AdminSecretAccessKey, authority, *region, url)
	<-ctx.Done()
	return nil
}
