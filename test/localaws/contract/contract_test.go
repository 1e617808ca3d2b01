package contract

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/aloft-dev/aloft/test/localaws"
)

// serve starts a local AWS behind a URL and sets the environment as the sandbox tells a person to.
func serve(t *testing.T) *localaws.Server {
	t.Helper()
	server, err := localaws.New(localaws.Options{AccountID: "210987654321"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	for name, value := range map[string]string{
		envAsked: "1", envEndpoint: server.URL(), envAccount: "", "AWS_REGION": "eu-central-1",
		"AWS_ACCESS_KEY_ID": localaws.AdminAccessKeyID, "AWS_SECRET_ACCESS_KEY": localaws.AdminSecretAccessKey,
		"AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	return server
}

func TestARuleRunsAgainstAnEndpoint(t *testing.T) {
	server := serve(t)
	config, err := open(t.Context(), server.URL(), "")
	if err != nil {
		t.Fatal(err)
	}
	name := Name()
	client := sqs.NewFromConfig(config)
	made, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: made.QueueUrl}); err != nil {
		t.Fatal(err)
	}
	if effects := server.Calls().Service("sqs").Effects(); len(effects) != 2 || effects[0].Resource != name {
		t.Errorf("the endpoint was asked for %v", effects.Names())
	}
	// S3 addresses buckets by host names unless the endpoint is an address.
	if _, err := s3.NewFromConfig(config).HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: &name}); err == nil {
		t.Error("a bucket that nobody made is there")
	}
	if asked := server.Calls().Service("s3"); len(asked) != 1 {
		t.Errorf("S3 at the endpoint was asked %d times", len(asked))
	}
}

// TestRulesOfAPackageRunAgainstAnEndpoint runs one rule as make contract does, in a process of its own.
func TestRulesOfAPackageRunAgainstAnEndpoint(t *testing.T) {
	server := serve(t)
	since := server.Calls().End()
	out, err := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-v",
		"-run", "TestABatchAnswersPerEntry|TestAFifoQueueKeepsTheOrderOfEachGroup", "../sqs").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{"--- PASS: TestABatchAnswersPerEntry", "--- SKIP: TestAFifoQueue",
		"proven on the local AWS alone: it needs"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not said: %s", want, out)
		}
	}
	calls := server.Calls().Since(since)
	if len(calls.Operation("sqs:DeleteMessageBatch")) != 2 || len(calls.Operation("sqs:DeleteQueue").Effects()) != 1 {
		t.Errorf("the endpoint was asked for %v", calls.Names())
	}
}

func TestAnAccountIsVerifiedBeforeAnythingIsMade(t *testing.T) {
	server := serve(t)
	if _, err := open(t.Context(), server.URL(), "210987654321"); err != nil {
		t.Errorf("the account's own id: %v", err)
	}
	_, err := open(t.Context(), server.URL(), "123456789012")
	if err == nil || !strings.Contains(
		err.Error(), "belong to account 210987654321, and ALOFT_CONTRACT_ACCOUNT_ID says 123456789012",
	) {
		t.Errorf("another account's id: %v", err)
	}
	for _, call := range server.Calls() {
		if call.Name() != "sts:GetCallerIdentity" {
			t.Errorf("%s was asked", call.Name())
		}
	}
}

func TestWithoutAnAccountNothingFarAwayIsTouched(t *testing.T) {
	serve(t)
	for why, row := range map[string]struct{ endpoint, account, want string }{
		"AWS itself, unnamed": {"", "", "would run on AWS itself: set ALOFT_CONTRACT_ACCOUNT_ID"},
		"AWS by its own address": {"https://sts.amazonaws.com", "",
			"would run on https://sts.amazonaws.com: set ALOFT_CONTRACT_ACCOUNT_ID"},
		"a name that only looks local": {"http://localhost.example.org", "", "set ALOFT_CONTRACT_ACCOUNT_ID"},
		"an endpoint that is no URL":   {"http://[::1", "", "set ALOFT_CONTRACT_ACCOUNT_ID"},
		"an alias in place of the id":  {"", "production", `"production", which is not the 12 digits`},
		"an id with a digit too few":   {"", "12345678901", "which is not the 12 digits"},
		"an endpoint here, a wrong id": {"http://127.0.0.1:1", "12", "which is not the 12 digits"},
	} {
		if _, err := open(t.Context(), row.endpoint, row.account); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", why, err, row.want)
		}
	}
}

func TestARegionIsNeverGuessed(t *testing.T) {
	server := serve(t)
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	if _, err := open(t.Context(), server.URL(), ""); err == nil || !strings.Contains(err.Error(), "AWS_REGION") {
		t.Errorf("got %v", err)
	}
}

func TestOnlyMakeContractLeavesTheProcess(t *testing.T) {
	server := serve(t)
	t.Setenv(envAsked, "")
	t.Setenv(envAccount, "123456789012")
	own := aws.Config{Region: "own"}
	if got := Config(t, func() aws.Config { return own }); got.Region != "own" {
		t.Error("a shell with the account's id in it left the process")
	}
	if calls := server.Calls(); len(calls) > 0 {
		t.Errorf("%v was asked", calls.Names())
	}
}

func TestMakeContractRefusesWithoutAnAWS(t *testing.T) {
	command := exec.CommandContext(t.Context(), "make", "--no-print-directory", "-C", "../../..", "contract")
	for _, variable := range os.Environ() {
		if !regexp.MustCompile(`^(ALOFT_CONTRACT|AWS_|MAKE|MFLAGS)`).MatchString(variable) {
			command.Env = append(command.Env, variable)
		}
	}
	out, err := command.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "set ALOFT_CONTRACT_ACCOUNT_ID") {
		t.Errorf("got %v: %s", err, out)
	}
	if strings.Contains(string(out), "ok  \t") {
		t.Errorf("tests ran: %s", out)
	}
}
