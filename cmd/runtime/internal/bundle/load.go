package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/awsapi"
)

// maxObject bounds what is read as a bundle, in bytes.
const maxObject = 4 << 20

// callTimeout bounds each of the two calls, retries included; both fit into Lambda's init phase of ten seconds.
const callTimeout = 4 * time.Second

// ObjectGetter is S3, as far as a bundle needs it.
type ObjectGetter interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// Decrypter is KMS, as far as a bundle needs it.
type Decrypter interface {
	Decrypt(context.Context, *kms.DecryptInput, ...func(*kms.Options)) (*kms.DecryptOutput, error)
}

var (
	_ ObjectGetter = (*s3.Client)(nil)
	_ Decrypter    = (*kms.Client)(nil)
)

// Source is where the bundle is and for which stage.
type Source struct {
	// Location is the value of function.VariableConfig.
	Location string
	// Stage is the value of function.VariableStage.
	Stage   string
	Objects ObjectGetter
	Keys    Decrypter
}

// Error says why the bundle could not be loaded and what to do; it never holds anything of the bundle.
type Error struct{ message string }

func (e *Error) Error() string { return e.message }

// ErrorType is the type that Lambda shows.
func (*Error) ErrorType() string { return "Aloft.Bundle" }

// Load fetches and decrypts the bundle. Every error is an *Error.
func (s Source) Load(ctx context.Context) (function.Bundle, error) {
	location, err := awsapi.ParseLocation(s.Location)
	if err != nil {
		return function.Bundle{}, &Error{fmt.Sprintf("reading %s: %s", function.VariableConfig, err)}
	}
	object, err := s.fetch(ctx, location)
	if err != nil {
		return function.Bundle{}, explainS3(location, err)
	}
	sealed, err := parse(object)
	if err != nil {
		return function.Bundle{}, s.unreadable(err)
	}
	dataKey, err := s.unwrap(ctx, sealed.Key)
	if err != nil {
		return function.Bundle{}, explainKMS(s.Stage, err)
	}
	defer clear(dataKey)
	bundle, err := open(sealed, dataKey, s.Stage)
	if err != nil {
		return function.Bundle{}, s.unreadable(err)
	}
	return bundle, nil
}

func (s Source) unreadable(err error) error {
	return &Error{fmt.Sprintf("the configuration bundle %s cannot be read: %s", s.Location, err)}
}

func (s Source) fetch(ctx context.Context, location awsapi.Location) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	got, err := s.Objects.GetObject(ctx, &s3.GetObjectInput{Bucket: &location.Bucket, Key: &location.Key})
	if err != nil {
		return nil, err
	}
	defer got.Body.Close()
	object, err := io.ReadAll(io.LimitReader(got.Body, maxObject+1))
	if err != nil {
		return nil, err
	}
	if len(object) > maxObject {
		return nil, errors.New("it is larger than 4 MiB")
	}
	return object, nil
}

func (s Source) unwrap(ctx context.Context, wrapped []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := s.Keys.Decrypt(ctx, &kms.DecryptInput{
		CiphertextBlob: wrapped, EncryptionContext: map[string]string{function.StageContext: s.Stage},
	})
	if err != nil {
		return nil, err
	}
	return out.Plaintext, nil
}
