package bundle

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/awsapi"
)

const stage = "clouder/production"

var dataKey = bytes.Repeat([]byte{7}, 32)

// content is a bundle with a secret that no message may show.
const content = `{"environment":{"APP_ENV":"production"},"secrets":{"DB_PASSWORD":"correct horse battery staple"}}`

// seal makes the stored object; aad is the stage that it is bound to.
func seal(t *testing.T, plain, aad string) function.Envelope {
	t.Helper()
	block, err := aes.NewCipher(dataKey)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	nonce := bytes.Repeat([]byte{1}, gcm.NonceSize())
	return function.Envelope{
		Version: function.EnvelopeVersion, Key: []byte("wrapped"), Nonce: nonce,
		Data: gcm.Seal(nil, nonce, []byte(plain), []byte(aad)),
	}
}

// stored answers GetObject with one object or an error.
type stored struct {
	object []byte
	err    error
}

func (s stored) GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	if s.err != nil {
		return nil, s.err
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(s.object))}, nil
}

// keys unwraps the data key for the right stage only, as KMS does.
type keys struct{ err error }

func (k keys) Decrypt(_ context.Context, in *kms.DecryptInput, _ ...func(*kms.Options)) (*kms.DecryptOutput, error) {
	if k.err != nil {
		return nil, k.err
	}
	if in.EncryptionContext[function.StageContext] != stage || string(in.CiphertextBlob) != "wrapped" {
		return nil, &smithy.GenericAPIError{Code: "InvalidCiphertextException"}
	}
	return &kms.DecryptOutput{Plaintext: bytes.Clone(dataKey)}, nil
}

func answered(status int, code string) error {
	return &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}},
		Err:      &smithy.GenericAPIError{Code: code},
	}
}

func object(t *testing.T, e function.Envelope) []byte {
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestBundleIsDecryptedForItsStage(t *testing.T) {
	source := Source{
		Location: "s3://bucket/config/abc", Stage: stage, Objects: stored{object: object(t, seal(t, content, stage))},
		Keys: keys{},
	}
	got, err := source.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := function.Bundle{
		Environment: map[string]string{"APP_ENV": "production"},
		Secrets:     map[string]string{"DB_PASSWORD": "correct horse battery staple"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestBundleThatCannotBeLoadedSaysWhatToDo(t *testing.T) {
	good := object(t, seal(t, content, stage))
	newer, damaged := seal(t, content, stage), seal(t, content, stage)
	newer.Version = 2
	damaged.Data[0] ^= 1
	noRoute := &net.OpError{Op: "dial", Net: "tcp", Err: context.DeadlineExceeded}
	for name, row := range map[string]struct {
		reason   string
		location string
		stored   stored
		keys     keys
		want     string
	}{
		"place":          {"the operator's mistake", "bucket/config", stored{}, keys{}, "s3://bucket/key"},
		"no route to S3": {"the function's network", "", stored{err: noRoute}, keys{}, "gateway endpoint for S3"},
		"no route to KMS": {
			"the function's network", "", stored{object: good}, keys{err: noRoute}, "interface endpoint for KMS",
		},
		"missing": {
			"removed by hand", "", stored{err: answered(404, "NoSuchKey")}, keys{}, "a new release puts it back",
		},
		"S3 denied": {
			"the role of the profile", "", stored{err: answered(403, "AccessDenied")}, keys{}, "s3:GetObject",
		},
		"KMS denied": {
			"the role of the profile", "", stored{object: good}, keys{err: answered(400, "AccessDeniedException")},
			"kms:Decrypt",
		},
		"key disabled": {
			"the key of the stage", "", stored{object: good}, keys{err: answered(400, "DisabledException")},
			"enable it again",
		},
		"another stage": {
			"a bundle under a false name", "", stored{object: object(t, seal(t, content, "other/stage"))}, keys{},
			"another stage",
		},
		"damaged": {
			"the ciphertext is authenticated", "", stored{object: object(t, damaged)}, keys{}, "damaged",
		},
		"newer": {
			"an operator newer than the runtime", "", stored{object: object(t, newer)}, keys{}, "version 2",
		},
		"no JSON": {
			"something else under the key", "", stored{object: []byte("DB_PASSWORD=correct horse battery staple")},
			keys{}, "not JSON",
		},
		"odd content": {
			"JSON errors quote what they read", "",
			stored{object: object(t, seal(t, `{"secrets":{"DB_PASSWORD":["correct horse battery staple"]}}`, stage))},
			keys{}, "not what this runtime expects",
		},
		"endless": {
			"reading is bounded", "", stored{object: bytes.Repeat([]byte("x"), maxObject+1)}, keys{}, "4 MiB",
		},
	} {
		t.Run(name, func(t *testing.T) {
			location := row.location
			if location == "" {
				location = "s3://bucket/config/abc"
			}
			_, err := Source{Location: location, Stage: stage, Objects: row.stored, Keys: row.keys}.Load(t.Context())
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Fatalf("%s: got %v, want %q", row.reason, err, row.want)
			}
			if strings.Contains(err.Error(), "correct horse") {
				t.Errorf("the message shows a secret: %v", err)
			}
		})
	}
}

func TestEndpointThatRefusesConnectionsIsOutOfReach(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	environment := map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL": "http://" + listener.Addr().String(),
		"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
	}
	config := awsapi.Config(func(name string) string { return environment[name] })
	_, err = Source{
		Location: "s3://bucket/config/abc", Stage: stage, Objects: awsapi.S3(config), Keys: awsapi.KMS(config),
	}.Load(t.Context())
	if err == nil || !strings.Contains(err.Error(), "VPC endpoints") {
		t.Errorf("got %v", err)
	}
}
