package lambda_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/contract"
	"github.com/aloft-dev/aloft/test/localaws/lambda/jail"
)

const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
	`"Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// TestInTheWholeLocalAWS runs a function among all services with policies enforced: its role writes
// its log, or there is none.
func TestInTheWholeLocalAWS(t *testing.T) {
	contract.Local(t, "enforced policies that can be turned on")
	if _, err := jail.Available(); err != nil {
		t.Skip(err)
	}
	server, err := localaws.New(localaws.Options{EnforceIAM: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	uri := push(t, server)
	for function, policy := range map[string]string{
		"writes": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:*","Resource":"*"}]}`,
		"silent": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`,
	} {
		run(t, server, function, role(t, server, function, policy), uri)
	}
	logs := cloudwatchlogs.NewFromConfig(server.Config())
	for lines := 0; lines < 3; {
		out, err := logs.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{
			LogGroupName: aws.String("/aws/lambda/writes"),
		})
		if err == nil {
			lines = len(out.Events)
		}
		time.Sleep(time.Millisecond)
	}
	groups, err := logs.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{
		LogGroupNamePrefix: aws.String("/aws/lambda/silent"),
	})
	if err != nil || len(groups.LogGroups) != 0 {
		t.Errorf("a role without rights made %d log groups (%v)", len(groups.LogGroups), err)
	}
}

// TestARoleTellsItsFunctionsApart has one role for two functions and a right that only one of them has.
func TestARoleTellsItsFunctionsApart(t *testing.T) {
	contract.Local(t, "enforced policies that can be turned on")
	if _, err := jail.Available(); err != nil {
		t.Skip(err)
	}
	server, err := localaws.New(localaws.Options{EnforceIAM: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	uri := push(t, server)
	arn := role(t, server, "shared", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+
		`"Action":"s3:ListAllMyBuckets","Resource":"*","Condition":{"ArnEquals":{"lambda:SourceFunctionArn":`+
		`"arn:aws:lambda:`+server.Config().Region+`:123456789012:function:writer"}}}]}`)
	for function, want := range map[string]string{"writer": "200", "reader": "403"} {
		create(t, server, function, arn, uri)
		out, err := sdk.NewFromConfig(server.Config()).Invoke(t.Context(), &sdk.InvokeInput{
			FunctionName: &function, Payload: []byte(`{"do":"buckets"}`),
		})
		if err != nil || string(out.Payload) != want {
			t.Errorf("the function %s got %s, %v, want %s", function, out.Payload, err, want)
		}
	}
}

func role(t *testing.T, server *localaws.Server, name, policy string) string {
	t.Helper()
	client := iam.NewFromConfig(server.Config())
	out, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: &name, AssumeRolePolicyDocument: aws.String(trust),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
		RoleName: &name, PolicyName: aws.String("own"), PolicyDocument: &policy,
	}); err != nil {
		t.Fatal(err)
	}
	return *out.Role.Arn
}

func create(t *testing.T, server *localaws.Server, function, role, uri string) {
	t.Helper()
	client := sdk.NewFromConfig(server.Config())
	_, err := client.CreateFunction(t.Context(),
		&sdk.CreateFunctionInput{FunctionName: &function, PackageType: types.PackageTypeImage, Role: &role,
			Code: &types.FunctionCode{ImageUri: &uri}, Timeout: aws.Int32(20)})
	if err != nil {
		t.Fatal(err)
	}
	waiter := sdk.NewFunctionActiveV2Waiter(client, func(o *sdk.FunctionActiveV2WaiterOptions) {
		o.MinDelay, o.MaxDelay = time.Millisecond, 10*time.Millisecond
	})
	if err := waiter.Wait(t.Context(), &sdk.GetFunctionInput{FunctionName: &function}, time.Minute); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, server *localaws.Server, function, role, uri string) {
	t.Helper()
	create(t, server, function, role, uri)
	out, err := sdk.NewFromConfig(server.Config()).Invoke(t.Context(), &sdk.InvokeInput{
		FunctionName: &function, Payload: []byte(`{"do":"fetch","text":"/"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out.Payload), "MissingAction") {
		t.Errorf("the function met %s at AWS_ENDPOINT_URL, want the local AWS", out.Payload)
	}
}

// push brings the test's function to the registry by the address that the registry names.
func push(t *testing.T, server *localaws.Server) string {
	t.Helper()
	client := ecr.NewFromConfig(server.Config())
	made, err := client.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: aws.String("app")})
	if err != nil {
		t.Fatal(err)
	}
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},` +
		`"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}]}`
	if _, err := client.SetRepositoryPolicy(t.Context(), &ecr.SetRepositoryPolicyInput{
		RepositoryName: aws.String("app"), PolicyText: &policy,
	}); err != nil {
		t.Fatal(err)
	}
	token, err := client.GetAuthorizationToken(t.Context(), &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := base64.StdEncoding.DecodeString(*token.AuthorizationData[0].AuthorizationToken)
	if err != nil {
		t.Fatal(err)
	}
	user, password, _ := strings.Cut(string(plain), ":")
	uri := *made.Repository.RepositoryUri + ":v1"
	ref, err := name.ParseReference(uri, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, image(t), remote.WithAuth(&authn.Basic{Username: user, Password: password})); err != nil {
		t.Fatal(err)
	}
	return uri
}

func image(t *testing.T) v1.Image {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bootstrap")
	build := exec.Command("go", "build", "-o", file, "./environment/testdata/bootstrap")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	program, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zip)
	if err := archive.WriteHeader(&tar.Header{Name: "bootstrap", Mode: 0o755, Size: int64(len(program))}); err != nil {
		t.Fatal(err)
	}
	_, err = archive.Write(program)
	if err := errors.Join(err, archive.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(packed.Bytes())), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	made, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		t.Fatal(err)
	}
	if made, err = mutate.Config(made, v1.Config{Entrypoint: []string{"/bootstrap"}}); err != nil {
		t.Fatal(err)
	}
	return made
}
