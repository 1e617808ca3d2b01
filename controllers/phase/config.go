package phase

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
)

// uploadConfig puts the bundle of environment and secrets, and the release's declaration. Both are named by their
// content, so what is there is right.
func (p *Performer) uploadConfig(ctx context.Context, s Subject) error {
	declaration, err := json.Marshal(s.Desired)
	if err != nil {
		return fmt.Errorf("writing the release's declaration: %w", err)
	}
	if err := p.putIfAbsent(ctx, s, release.ReleaseKey(s.Desired.ID), declaration); err != nil {
		return err
	}
	key := release.ConfigKey(s.Desired.ConfigHash)
	_, err = p.Clients.S3.HeadObject(ctx, &s3.HeadObjectInput{
		Bucket: aws.String(s.Desired.Names.Bucket), Key: aws.String(key), ExpectedBucketOwner: aws.String(p.Clients.Account),
	})
	switch {
	case err == nil:
		return nil
	case !cloud.IsNotFound(err):
		return fmt.Errorf("looking for the bundle: %w", err)
	}
	sealed, err := p.seal(ctx, s)
	if err != nil {
		return err
	}
	return p.putIfAbsent(ctx, s, key, sealed)
}

func (p *Performer) seal(ctx context.Context, s Subject) ([]byte, error) {
	secrets := make(map[string]string, len(s.Desired.Config.Secrets))
	for name, value := range s.Desired.Config.Secrets {
		secrets[name] = value.Reveal()
	}
	plain, err := json.Marshal(function.Bundle{Environment: s.Desired.Config.Environment, Secrets: secrets})
	if err != nil {
		return nil, fmt.Errorf("writing the bundle: %w", err)
	}
	stage := s.Desired.Stage.String()
	dataKey, err := p.Clients.KMS.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{
		KeyId:   aws.String(release.FoundationFrom(s.Observed.Foundation.Outputs).KeyARN),
		KeySpec: kmstypes.DataKeySpecAes256, EncryptionContext: map[string]string{function.StageContext: stage},
	})
	if err != nil {
		return nil, fmt.Errorf("generating a data key: %w", err)
	}
	defer clear(dataKey.Plaintext)
	block, err := aes.NewCipher(dataKey.Plaintext)
	if err != nil {
		return nil, fmt.Errorf("using the data key: %w", err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("using the data key: %w", err)
	}
	nonce := make([]byte, gcm.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, fmt.Errorf("making a nonce: %w", err)
	}
	sealed, err := json.Marshal(function.Envelope{
		Version: function.EnvelopeVersion, Key: dataKey.CiphertextBlob, Nonce: nonce,
		Data: gcm.Seal(nil, nonce, plain, []byte(stage)),
	})
	if err != nil {
		return nil, fmt.Errorf("writing the bundle's envelope: %w", err)
	}
	return sealed, nil
}

func (p *Performer) putIfAbsent(ctx context.Context, s Subject, key string, content []byte) error {
	if err := s.Hold.Check(ctx); err != nil {
		return err
	}
	_, err := p.Clients.S3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(s.Desired.Names.Bucket), Key: aws.String(key), Body: bytes.NewReader(content),
		ContentType: aws.String("application/json"),
		IfNoneMatch: aws.String("*"), ExpectedBucketOwner: aws.String(p.Clients.Account),
	})
	// In a conflict with another write or a deletion nothing is known of what stands there then (S3 user guide,
	// "Conditional writes").
	if cloud.IsPreconditionFailed(err) && cloud.Code(err) != "ConditionalRequestConflict" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("uploading %s: %w", key, err)
	}
	return nil
}
