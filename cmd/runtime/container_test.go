package main

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// container is an image with the test's application as the only program, in a folder for administrators' programs, and
// a folder of root's.
func container(t *testing.T, config v1.Config) v1.Image {
	t.Helper()
	program, err := os.ReadFile(appPath(t))
	if err != nil {
		t.Fatal(err)
	}
	var content bytes.Buffer
	archive := tar.NewWriter(&content)
	write := func(header tar.Header, content []byte) {
		header.Size = int64(len(content))
		if err := archive.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	write(tar.Header{Typeflag: tar.TypeDir, Name: "root/", Mode: 0o700}, nil)
	write(tar.Header{Typeflag: tar.TypeDir, Name: "srv/", Mode: 0o755}, nil)
	write(tar.Header{Typeflag: tar.TypeReg, Name: "usr/sbin/app", Mode: 0o755}, program)
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content.Bytes())), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		t.Fatal(err)
	}
	image, err = mutate.ConfigFile(image, &v1.ConfigFile{
		Architecture: runtime.GOARCH, OS: "linux", Config: config,
		RootFS: v1.RootFS{Type: "layers", DiffIDs: diffIDs(t, layer)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func diffIDs(t *testing.T, layer v1.Layer) []v1.Hash {
	t.Helper()
	id, err := layer.DiffID()
	if err != nil {
		t.Fatal(err)
	}
	return []v1.Hash{id}
}

func TestAnImageRunsOnLambdaAsInAContainer(t *testing.T) {
	c := newCloud(t)
	d := c.deployImage(t, container(t, v1.Config{
		Entrypoint: []string{"app"}, Cmd: []string{"serve"}, WorkingDir: "/srv", User: "nobody", StopSignal: "SIGQUIT",
		Env: []string{"BIND=localhost"},
	}), "http", map[string]string{"ALOFT_HTTP_PORT": "8080"})
	for name, want := range map[string]string{
		"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/tmp", "PORT": "8080", "PWD": "/srv",
	} {
		answer, failed := d.invoke(t, get("/env", "name="+name))
		if got := decode[response](t, answer); failed || got.Body != want {
			t.Errorf("%s is %s, want %s", name, answer, want)
		}
	}
	answer, _ := d.invoke(t, get("/parent", "file=environ"))
	if got := decode[response](t, answer).Body; !strings.Contains(got, "permission denied") {
		t.Errorf("the environment of the runtime gave %s", got)
	}
	if _, err := d.client.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: &d.name}); err != nil {
		t.Fatal(err)
	}
	d.logs(t, "got quit")
}

func TestAWorkingDirectoryOfRootsIsToldSo(t *testing.T) {
	c := newCloud(t)
	d := c.deployImage(t, container(t, v1.Config{Entrypoint: []string{"app"}, WorkingDir: "/root"}), "http",
		map[string]string{"ALOFT_HTTP_PORT": "8080"})
	answer, failed := d.invoke(t, `{"warmer_ping":true}`)
	if !failed {
		t.Fatalf("got %s", answer)
	}
	says(t, answer, "Aloft.ApplicationStart", "entering the working directory /root: permission denied",
		"On Lambda: Programs run as a user of Lambda's, not as root and not as the image's USER. (docs/images.md)")
}

// logs waits until the function has logged a text.
func (d *deployed) logs(t *testing.T, text string) {
	t.Helper()
	client := cloudwatchlogs.NewFromConfig(d.Config())
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		out, err := client.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{
			LogGroupName: aws.String("/aws/lambda/" + d.name),
		})
		if err != nil {
			continue
		}
		for _, event := range out.Events {
			if strings.Contains(*event.Message, text) {
				return
			}
		}
	}
	t.Errorf("the log never says %q", text)
}
