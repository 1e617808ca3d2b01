// Package contract says which AWS a rule is tested on. The rules that the local AWS encodes are tests that use
// AWS's public API alone; under `make test` they run against a local AWS in the test's own process, and under
// `make contract` against another:
//
//	AWS_ENDPOINT_URL=http://127.0.0.1:4566 make contract    what answers there, as `go run ./cmd/sandbox aws`
//	ALOFT_CONTRACT_ACCOUNT_ID=<12 digits> make contract     AWS itself, with the default chain of credentials
//
// On AWS the account is verified before anything is made. Whatever is made is named aloft-contract-… and removed at the
// end of its test; keys are scheduled for deletion after the shortest window, seven days. These rules have been run on
// a local AWS at a URL; what AWS itself says to them is known only to whoever has run them there.
//
// What runs on AWS:
//
//   - s3: buckets, listings, conditional writes, versions, copies, parts, times of the last write
//   - sqs: names, visibility, dead letters, long polls, batches
//   - kms: data keys under their context, names of keys, keys that are off
//   - logs: groups, batches that are refused
//   - ecr: repositories, tags, deletions, pushes and their times
//   - lambda: versions and aliases
//   - cloudformation: tokens and change sets of stacks
//
// What does not, and is proven on the local AWS alone:
//
//   - apigateway, cloudfront, events: a rule takes minutes on AWS, or the local AWS's clock
//   - iam, sts, policy: who may do what is asked of principals that AWS lets nobody play
//   - lambda: pools of environments, event source mappings and the entry of a function, which are looked at from inside
//   - cloudformation: the engine, on a resource type of the tests' own that fails and waits as told
//   - everywhere: what needs the clock moved, a fault injected or the call log read
package contract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// The variables that choose the AWS.
const (
	// envAsked is set by make contract, so that a shell in which the others are set for another reason
	// tests nothing outside.
	envAsked    = "ALOFT_CONTRACT"
	envEndpoint = "AWS_ENDPOINT_URL"
	envAccount  = "ALOFT_CONTRACT_ACCOUNT_ID"
)

// Outside says that the rules run against an AWS outside of the test's process.
func Outside() bool { return os.Getenv(envAsked) != "" }

// Config is the configuration that a rule is tested with. inProcess is asked only when the AWS is not outside.
func Config(t testing.TB, inProcess func() aws.Config) aws.Config {
	t.Helper()
	if !Outside() {
		return inProcess()
	}
	outside, err := verified()
	if err != nil {
		t.Fatal(err)
	}
	return outside
}

// Local skips a test that needs what only the local AWS has.
func Local(t testing.TB, needs string) {
	t.Helper()
	if Outside() {
		t.Skip("proven on the local AWS alone: it needs " + needs)
	}
}

// Name is one that no other run uses.
func Name() string { return fmt.Sprintf("aloft-contract-%08x", rand.Uint32()) }

// verified opens the AWS outside once for all tests of a package.
var verified = sync.OnceValues(func() (aws.Config, error) {
	return open(context.Background(), os.Getenv(envEndpoint), os.Getenv(envAccount))
})

var accountID = regexp.MustCompile(`^[0-9]{12}$`)

// open gives the configuration of an AWS whose account is the one named. An endpoint on this machine needs no name;
// whatever is further away may be somebody's account, and is asked who it is before anything is made there.
func open(ctx context.Context, endpoint, account string) (aws.Config, error) {
	if account == "" && !onThisMachine(endpoint) {
		return aws.Config{}, fmt.Errorf("the rules would run on %s: set %s to the 12 digits of the account that they may "+
			"make things in, "+
			"or %s to a local AWS", cmp.Or(endpoint, "AWS itself"), envAccount, envEndpoint)
	}
	if account != "" && !accountID.MatchString(account) {
		return aws.Config{}, fmt.Errorf("%s is %q, which is not the 12 digits of an account", envAccount, account)
	}
	opened, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return aws.Config{}, fmt.Errorf("reading the configuration for AWS: %w", err)
	}
	if opened.Region == "" {
		return aws.Config{}, errors.New("no region is configured: set AWS_REGION")
	}
	if account == "" {
		return opened, nil
	}
	identity, err := sts.NewFromConfig(opened).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return aws.Config{}, fmt.Errorf("verifying the account: %w", err)
	}
	if got := aws.ToString(identity.Account); got != account {
		return aws.Config{}, fmt.Errorf("the credentials belong to account %s, and %s says %s: nothing was made", got,
			envAccount, account)
	}
	return opened, nil
}

func onThisMachine(endpoint string) bool {
	parsed, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddr(parsed.Hostname())
	return parsed.Hostname() == "localhost" || err == nil && address.IsLoopback()
}
