package phase_test

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// opened decrypts the bundle as the runtime does: the data key by KMS with the stage as context, the content by the
// data key.
func (s *stage) opened(stage string) (variables map[string]map[string]string, err error) {
	s.t.Helper()
	var sealed struct {
		Version          int
		Key, Nonce, Data []byte
	}
	s.Must(json.Unmarshal([]byte(s.get(release.ConfigKey(s.Desired.ConfigHash))), &sealed))
	if sealed.Version != 1 {
		s.t.Errorf("the envelope has version %d", sealed.Version)
	}
	key, err := s.Clients.KMS.Decrypt(s.t.Context(), &kms.DecryptInput{
		CiphertextBlob: sealed.Key, KeyId: aws.String(s.Observed.Foundation.Outputs[release.OutputKeyARN]),
		EncryptionContext: map[string]string{"aloft.dev/stage": stage},
	})
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key.Plaintext)
	s.Must(err)
	gcm, err := cipher.NewGCM(block)
	s.Must(err)
	plain, err := gcm.Open(nil, sealed.Nonce, sealed.Data, []byte(stage))
	if err != nil {
		return nil, err
	}
	return variables, json.Unmarshal(plain, &variables)
}

func TestTheBundleOpensByTheStagesKeyAndItsNameAlone(t *testing.T) {
	s, _ := sending(t)
	s.imageOnly()
	s.done(upload)
	got, err := s.opened("clouder/production")
	s.Must(err)
	if got["environment"]["APP_ENV"] != "production" || got["secrets"]["TOKEN"] != "hunter2-token" {
		t.Errorf("the variables are %v", got)
	}
	if _, err := s.opened("clouder/staging"); err == nil {
		t.Error("the bundle can be passed off as another stage's")
	}
}

func TestNoObjectTellsASecret(t *testing.T) {
	s, _ := sending(t)
	s.done(upload)
	for _, key := range s.Keys("") {
		if strings.Contains(s.get(key), "hunter2") {
			t.Errorf("%s tells it", key)
		}
	}
}

func TestABundleThatIsThereIsNotSealedAgain(t *testing.T) {
	s, _ := sending(t)
	s.imageOnly()
	s.done(upload)
	before := s.get(release.ConfigKey("c2"))
	s.done(upload)
	if got := s.get(release.ConfigKey("c2")); got != before {
		t.Error("it was written anew")
	}
	if keys := s.Local.Calls().Operation("kms:GenerateDataKey"); len(keys) != 1 {
		t.Errorf("%d data keys were made", len(keys))
	}
}

func TestABundleThatAnotherOneHasJustPutStays(t *testing.T) {
	s, _ := sending(t)
	s.imageOnly()
	s.Local.Watch(func(call wire.Record) {
		if call.Name() == "kms:GenerateDataKey" { // after the look and before the put
			s.Store(release.ConfigKey("c2"), "another's")
		}
	})
	s.done(upload)
	if got := s.get(release.ConfigKey("c2")); got != "another's" {
		t.Errorf("it was overwritten by %s", got)
	}
}

func TestTheDeclarationIsWhatARunFinishesBy(t *testing.T) {
	s, _ := sending(t)
	s.imageOnly()
	s.done(upload)
	var read release.Desired
	s.Must(json.Unmarshal([]byte(s.get(release.ReleaseKey("r2"))), &read))
	if read.ID != "r2" || read.BuildID != "v2" || len(read.Functions) != 3 || read.ConfigHash != "c2" ||
		read.Config.Secrets != nil {
		t.Errorf("read is %+v", read)
	}
}

func TestADeclarationThatIsThereStays(t *testing.T) {
	s, _ := sending(t)
	s.imageOnly()
	s.Store(release.ReleaseKey("r2"), `{"id":"r2"}`)
	s.done(upload)
	if got := s.get(release.ReleaseKey("r2")); got != `{"id":"r2"}` {
		t.Errorf("it was overwritten by %s", got)
	}
}

func TestAReleaseWithoutSecretsHasABundleToo(t *testing.T) {
	s, _ := sending(t)
	s.imageOnly()
	s.Desired.Config = release.Config{Environment: map[string]string{"APP_ENV": "test"}}
	s.done(upload)
	got, err := s.opened("clouder/production")
	s.Must(err)
	if got["environment"]["APP_ENV"] != "test" || len(got["secrets"]) != 0 {
		t.Errorf("the variables are %v", got)
	}
}

func TestAPutThatConflictsWithAnotherOneIsDoneAgain(t *testing.T) {
	for _, key := range []string{release.ReleaseKey("r2"), release.ConfigKey("c2")} {
		s, _ := sending(t)
		s.imageOnly()
		repair := s.Fault("s3:PutObject", key,
			wire.Errorf(http.StatusConflict, "ConditionalRequestConflict", "try again"))
		contains(t, s.fails(upload).Error(), "uploading "+key)
		repair()
		s.done(upload)
		if len(s.Keys(key)) != 1 {
			t.Errorf("%s is not there", key)
		}
	}
}
