package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/aloft-dev/aloft/cmd/runtime/internal/awsapi"
)

// maxStored bounds what is read of a claim or a result, in bytes.
const maxStored = 1 << 20

// callTimeout bounds one call, the SDK's retries included. A connection that died while the environment was frozen may
// never answer; its caller tries again.
const callTimeout = 5 * time.Second

// Objects is S3, as far as commands need it.
type Objects interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

var _ Objects = (*s3.Client)(nil)

// errAbsent says that an object is not there.
var errAbsent = errors.New("the object is not there")

func putJSON(ctx context.Context, objects Objects, at awsapi.Location, value any, ifAbsent bool) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	input := &s3.PutObjectInput{
		Bucket: &at.Bucket, Key: &at.Key, Body: bytes.NewReader(body), ContentType: aws.String("application/json"),
	}
	if ifAbsent {
		input.IfNoneMatch = aws.String("*")
	}
	_, err = objects.PutObject(ctx, input)
	return err
}

func getJSON(ctx context.Context, objects Objects, at awsapi.Location, value any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	got, err := objects.GetObject(ctx, &s3.GetObjectInput{Bucket: &at.Bucket, Key: &at.Key})
	var missing *types.NoSuchKey
	if errors.As(err, &missing) || awsapi.Status(err) == http.StatusNotFound {
		return errAbsent
	}
	if err != nil {
		return err
	}
	defer got.Body.Close()
	if err := json.NewDecoder(io.LimitReader(got.Body, maxStored)).Decode(value); err != nil {
		return fmt.Errorf("reading %s: %w", at, err)
	}
	return nil
}
