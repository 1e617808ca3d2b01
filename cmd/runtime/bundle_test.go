package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	contract "github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const (
	stageName   = "clouder/production"
	bundleKey   = "config/0123456789abcdef"
	bundlePlace = "s3://" + bucket + "/" + bundleKey
	password    = "correct horse battery staple"
	signingKey  = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----\n"
	databaseURL = "mysql://clouder:sw%40rdf%2Fish@db-1.example.com:3306/shop"
)

// storeBundle puts a bundle for a stage as the operator does, and returns the id of its KMS key.
func (c *cloud) storeBundle(t *testing.T, stage string) string {
	t.Helper()
	client := kms.NewFromConfig(c.Config())
	key, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := client.GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{
		KeyId: key.KeyMetadata.KeyId, KeySpec: types.DataKeySpecAes256,
		EncryptionContext: map[string]string{contract.StageContext: stage},
	})
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(wrapped.Plaintext)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	nonce := make([]byte, gcm.NonceSize())
	rand.Read(nonce)
	plain, err := json.Marshal(contract.Bundle{
		Environment: map[string]string{"APP_ENV": "production"},
		Secrets: map[string]string{
			"DB_PASSWORD": password, "SIGNING_KEY": signingKey, "REPLICA_DATABASE_URL": databaseURL, "APP_ENV": "never",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	envelope, err := json.Marshal(contract.Envelope{
		Version: contract.EnvelopeVersion, Key: wrapped.CiphertextBlob, Nonce: nonce,
		Data: gcm.Seal(nil, nonce, plain, []byte(stage)),
	})
	if err != nil {
		t.Fatal(err)
	}
	c.put(t, bundleKey, string(envelope))
	return aws.ToString(key.KeyMetadata.KeyId)
}

// configured leads a function to the bundle.
func (c *cloud) configured(more map[string]string) map[string]string {
	all := c.environment(map[string]string{"ALOFT_CONFIG": bundlePlace, "ALOFT_STAGE": stageName})
	maps.Copy(all, more)
	return all
}

func TestApplicationAndCommandsGetTheBundle(t *testing.T) {
	c := newCloud(t)
	c.storeBundle(t, stageName)
	t.Run("application", func(t *testing.T) {
		f := start(t, c.configured(nil))
		for name, want := range map[string]string{
			"DB_PASSWORD": password, "APP_ENV": "production", "PORT": f.port, "AWS_LAMBDA_RUNTIME_API": "",
		} {
			got := f.request(t, get("/env", "name="+name))
			if body := got.text(t); body != want {
				t.Errorf("%s is %q, want %q", name, body, want)
			}
		}
	})
	t.Run("command", func(t *testing.T) {
		f := startCLI(t, c.configured(nil))
		got := f.command(t, command(appPath(t), "env", "APP_ENV", "DB_PASSWORD"))
		if want := "APP_ENV=production\nDB_PASSWORD=[redacted]\n"; string(got.Output) != want {
			t.Errorf("answered %q, want %q", got.Output, want)
		}
	})
}

func TestFunctionWithoutItsBundleDoesNotStart(t *testing.T) {
	for name, row := range map[string]struct {
		reason string
		spoil  func(c *cloud, key string)
		want   string
	}{
		"missing": {"removed by hand", func(c *cloud, _ string) {
			c.remove(t, bundleKey)
		}, "a new release puts it back"},
		"S3 gone": {"no route from the function's network", func(c *cloud, _ string) {
			c.Faults().Inject(wire.Fault{Call: "s3:GetObject", Kind: wire.FaultDropBefore})
		}, "gateway endpoint for S3"},
		"S3 silent": {"packets are dropped on the way", func(c *cloud, _ string) {
			c.Faults().Inject(wire.Fault{Call: "s3:GetObject", Kind: wire.FaultDelay, Delay: 20 * time.Second})
		}, "gateway endpoint for S3"},
		"KMS gone": {"no route from the function's network", func(c *cloud, _ string) {
			c.Faults().Inject(wire.Fault{Call: "kms:Decrypt", Kind: wire.FaultDropBefore})
		}, "interface endpoint for KMS"},
		"KMS denied": {"the role of the profile", func(c *cloud, _ string) {
			c.Faults().Inject(wire.Fault{Call: "kms:Decrypt", Kind: wire.FaultError, Error: &wire.Error{
				Code: "AccessDeniedException", Status: http.StatusBadRequest,
			}})
		}, "kms:Decrypt"},
		"key disabled": {"the key of the stage", func(c *cloud, key string) {
			kms.NewFromConfig(c.Config()).DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: &key})
		}, "enable it again"},
		"another stage": {"KMS binds the data key to its stage", func(c *cloud, _ string) {
			c.storeBundle(t, "other/stage")
		}, "did not wrap its key for the stage"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			environment := c.configured(map[string]string{"ALOFT_ROLE": "cli", "ALOFT_HTTP_PORT": ""})
			row.spoil(c, c.storeBundle(t, stageName))
			got := start(t, environment).posted(t)
			if got.kind != "init" || got.errorType != "Aloft.Bundle" || !strings.Contains(got.body, row.want) {
				t.Errorf("%s: got %+v, want %q", row.reason, got, row.want)
			}
		})
	}
}
