package kms_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/contract"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// newKey makes a key on the AWS that a rule is tested on; the clock is that of a local AWS in this process.
func newKey(t *testing.T) (*kms.Client, string, *wire.ManualClock) {
	t.Helper()
	clock := wire.NewManualClock(time.Now())
	client := kms.NewFromConfig(contract.Config(t, func() aws.Config {
		server, err := localaws.New(localaws.Options{Clock: clock})
		must(t, err)
		t.Cleanup(func() { server.Close() })
		return server.Config()
	}))
	out, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{Description: aws.String(contract.Name())})
	must(t, err)
	t.Cleanup(func() {
		_, _ = client.ScheduleKeyDeletion(context.Background(), &kms.ScheduleKeyDeletionInput{
			KeyId: out.KeyMetadata.KeyId, PendingWindowInDays: aws.Int32(7),
		})
	})
	return client, *out.KeyMetadata.KeyId, clock
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, want, why string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != want {
		t.Errorf("%s: got %v, want %s", why, err, want)
	}
}

func TestADataKeyOpensUnderItsContextAlone(t *testing.T) {
	client, id, _ := newKey(t)
	stage := map[string]string{"aloft.dev/stage": "clouder/production", "b": "2"}
	made, err := client.GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{
		KeyId: &id, KeySpec: types.DataKeySpecAes256, EncryptionContext: stage,
	})
	must(t, err)
	if len(made.Plaintext) != 32 || bytes.Contains(made.CiphertextBlob, made.Plaintext) {
		t.Fatal("the data key is not a sealed 256-bit key")
	}
	opened, err := client.Decrypt(t.Context(), &kms.DecryptInput{
		CiphertextBlob: made.CiphertextBlob, EncryptionContext: stage,
	})
	must(t, err)
	if !bytes.Equal(opened.Plaintext, made.Plaintext) || *opened.KeyId != *made.KeyId {
		t.Error("another key came out")
	}
	changed := bytes.Clone(made.CiphertextBlob)
	changed[len(changed)-1] ^= 1
	for _, row := range []struct {
		why     string
		blob    []byte
		context map[string]string
	}{
		{"another stage", made.CiphertextBlob, map[string]string{"aloft.dev/stage": "clouder/staging", "b": "2"}},
		{"no context", made.CiphertextBlob, nil},
		{"a changed byte", changed, stage},
		{"no ciphertext of KMS", []byte("nonsense"), stage},
	} {
		_, err := client.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: row.blob, EncryptionContext: row.context})
		wantCode(t, err, "InvalidCiphertextException", row.why)
	}
}

func TestAKeyIsNamedByIdArnAndAlias(t *testing.T) {
	client, id, _ := newKey(t)
	described, err := client.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &id})
	must(t, err)
	alias := aws.String("alias/" + contract.Name())
	_, err = client.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: alias, TargetKeyId: &id})
	must(t, err)
	t.Cleanup(func() { _, _ = client.DeleteAlias(context.Background(), &kms.DeleteAliasInput{AliasName: alias}) })
	_, err = client.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: alias, TargetKeyId: &id})
	wantCode(t, err, "AlreadyExistsException", "an alias is unique")
	for _, name := range []string{id, *described.KeyMetadata.Arn, *alias} {
		sealed, err := client.Encrypt(t.Context(), &kms.EncryptInput{KeyId: &name, Plaintext: []byte("secret")})
		must(t, err)
		if *sealed.KeyId != *described.KeyMetadata.Arn {
			t.Errorf("%s named %s", name, *sealed.KeyId)
		}
	}
	_, err = client.Encrypt(t.Context(), &kms.EncryptInput{KeyId: aws.String("alias/absent"), Plaintext: []byte("secret")})
	wantCode(t, err, "NotFoundException", "an alias that is not there")
	_, err = client.Encrypt(t.Context(), &kms.EncryptInput{KeyId: &id, Plaintext: make([]byte, 4097)})
	wantCode(t, err, "ValidationException", "more than 4096 bytes")
}

func TestAKeyThatIsOffDoesNothing(t *testing.T) {
	client, id, _ := newKey(t)
	sealed, err := client.Encrypt(t.Context(), &kms.EncryptInput{KeyId: &id, Plaintext: []byte("secret")})
	must(t, err)
	open := func() error {
		_, err := client.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob})
		return err
	}
	_, err = client.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: &id})
	must(t, err)
	wantCode(t, open(), "DisabledException", "a disabled key")
	_, err = client.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: &id})
	must(t, err)
	must(t, open())
	_, err = client.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{
		KeyId: &id, PendingWindowInDays: aws.Int32(6),
	})
	wantCode(t, err, "ValidationException", "less than a week")
	_, err = client.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{
		KeyId: &id, PendingWindowInDays: aws.Int32(7),
	})
	must(t, err)
	wantCode(t, open(), "KMSInvalidStateException", "a key pending deletion")
	_, err = client.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: &id})
	wantCode(t, err, "KMSInvalidStateException", "it is pending already")
}

func TestAKeyIsGoneAfterItsWindow(t *testing.T) {
	contract.Local(t, "a month in no time")
	client, id, clock := newKey(t)
	_, err := client.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: &id})
	must(t, err)
	clock.Advance(31 * 24 * time.Hour)
	_, err = client.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &id})
	wantCode(t, err, "NotFoundException", "after the window it is gone")
}
