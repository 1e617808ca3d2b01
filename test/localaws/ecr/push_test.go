package ecr

import (
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

func (l *local) token() types.AuthorizationData {
	l.t.Helper()
	out, err := l.admin.GetAuthorizationToken(l.t.Context(), &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		l.t.Fatal(err)
	}
	return out.AuthorizationData[0]
}

func (l *local) auth() remote.Option {
	l.t.Helper()
	plain, err := base64.StdEncoding.DecodeString(*l.token().AuthorizationToken)
	if err != nil {
		l.t.Fatal(err)
	}
	user, password, _ := strings.Cut(string(plain), ":")
	return remote.WithAuth(&authn.Basic{Username: user, Password: password})
}

func (l *local) reference(text string) name.Reference {
	l.t.Helper()
	scheme, host, _ := strings.Cut(*l.token().ProxyEndpoint, "://")
	var options []name.Option
	if scheme == "http" {
		options = append(options, name.Insecure)
	}
	ref, err := name.ParseReference(host+"/"+l.run+text, options...)
	if err != nil {
		l.t.Fatal(err)
	}
	return ref
}

func (l *local) push(text string, img v1.Image) error {
	return remote.Write(l.reference(text), img, l.auth(), remote.WithRetryStatusCodes())
}

// pull reads the whole image.
func (l *local) pull(text string) error {
	pulled, err := remote.Image(l.reference(text), l.auth())
	if err != nil {
		return err
	}
	layers, err := pulled.Layers()
	if err != nil {
		return err
	}
	for _, layer := range layers {
		content, err := layer.Compressed()
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, content); err != nil {
			return err
		}
	}
	return nil
}

func picture(t *testing.T) v1.Image {
	t.Helper()
	img, err := random.Image(1024, 3)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func digestOf(t *testing.T, img v1.Image) string {
	t.Helper()
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

// code finds the distribution API's error code.
func code(err error) string {
	var failed *transport.Error
	if errors.As(err, &failed) && len(failed.Errors) > 0 {
		return string(failed.Errors[0].Code)
	}
	return ""
}
