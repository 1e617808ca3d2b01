package providers_test

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	. "github.com/onsi/gomega"
)

const pull = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},` +
	`"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}]}`

// repository makes the repository "app", which Lambda may read.
func (w *world) repository() *ecr.Client {
	client := ecr.NewFromConfig(w.Config())
	_, err := client.CreateRepository(w.ctx, &ecr.CreateRepositoryInput{RepositoryName: aws.String("app")})
	w.g.Expect(err).NotTo(HaveOccurred())
	_, err = client.SetRepositoryPolicy(w.ctx, &ecr.SetRepositoryPolicyInput{
		RepositoryName: aws.String("app"), PolicyText: aws.String(pull),
	})
	w.g.Expect(err).NotTo(HaveOccurred())
	return client
}

// push brings a small image to the repository and returns its URI by digest.
func (w *world) push(client *ecr.Client, tag string) string {
	return w.pushImage(client, tag, w.image(tag))
}

func (w *world) pushImage(client *ecr.Client, tag string, image v1.Image) string {
	token, err := client.GetAuthorizationToken(w.ctx, &ecr.GetAuthorizationTokenInput{})
	w.g.Expect(err).NotTo(HaveOccurred())
	plain, err := base64.StdEncoding.DecodeString(*token.AuthorizationData[0].AuthorizationToken)
	w.g.Expect(err).NotTo(HaveOccurred())
	user, password, _ := strings.Cut(string(plain), ":")
	ref, err := name.ParseReference(strings.TrimPrefix(w.URL(), "http://")+"/app:"+tag, name.Insecure)
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(remote.Write(ref, image, remote.WithAuth(&authn.Basic{Username: user, Password: password}))).To(Succeed())
	digest, err := image.Digest()
	w.g.Expect(err).NotTo(HaveOccurred())
	return uri(digest.String())
}

func uri(digest string) string {
	return "123456789012.dkr.ecr.eu-central-1.amazonaws.com/app@" + digest
}

// image holds one file with the given text; no test here starts it.
func (w *world) image(content string) v1.Image {
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	w.g.Expect(writer.WriteHeader(&tar.Header{Name: "bootstrap", Mode: 0o755, Size: int64(len(content))})).To(Succeed())
	_, err := writer.Write([]byte(content))
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(writer.Close()).To(Succeed())
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(archive.Bytes())), nil
	})
	w.g.Expect(err).NotTo(HaveOccurred())
	image, err := mutate.AppendLayers(empty.Image, layer)
	w.g.Expect(err).NotTo(HaveOccurred())
	image, err = mutate.Config(image, v1.Config{Entrypoint: []string{"/bootstrap"}})
	w.g.Expect(err).NotTo(HaveOccurred())
	return image
}

// damaged is an image whose configuration promises another layer than it has.
func (w *world) damaged() v1.Image {
	image := w.image("damaged")
	config, err := image.ConfigFile()
	w.g.Expect(err).NotTo(HaveOccurred())
	config = config.DeepCopy()
	config.RootFS.DiffIDs[0].Hex = strings.Repeat("0", 64)
	image, err = mutate.ConfigFile(image, config)
	w.g.Expect(err).NotTo(HaveOccurred())
	return image
}

func (w *world) forget(client *ecr.Client, uri string) {
	_, digest, _ := strings.Cut(uri, "@")
	out, err := client.BatchDeleteImage(w.ctx, &ecr.BatchDeleteImageInput{
		RepositoryName: aws.String("app"), ImageIds: []ecrtypes.ImageIdentifier{{ImageDigest: &digest}},
	})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(out.Failures).To(BeEmpty())
}
