package environment

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Function is what environments are made from: a published version, or one state of $LATEST. It does not change.
type Function struct {
	// Name and Version are what the process sees; Version is "$LATEST" or a number.
	Name, Version string
	Region        string
	MemoryMiB     int
	Timeout       time.Duration
	TmpBytes      int64
	LogGroup      string
	// Root is the image, unpacked; Args its entry point and command.
	Root       string
	WorkingDir string
	Args       []string
	// ImageEnv is the environment of the image, Env the function's own, which wins.
	ImageEnv []string
	Env      map[string]string
	Handler  string
	// Credentials are those of the function's role.
	Credentials func() (aws.Credentials, error)
}

// Host is what all environments of a local AWS share.
type Host struct {
	// Endpoint is the address of the local AWS, as http://127.0.0.1:4566; empty before it listens.
	Endpoint func() string
	// Logs receives every line that a function or Lambda itself writes.
	Logs func(group, stream string, at time.Time, line string)
	// Now is the local AWS's time.
	Now func() time.Time
	// Idle is how long an environment may wait for work before it is ended.
	Idle time.Duration
	// Reach are loopback ports of this machine that the environments reach under the same numbers.
	Reach []int

	gateway *http.Server
	// shortInit is a test's shorter init phase.
	shortInit time.Duration
}

func (h *Host) initLimit() time.Duration {
	if h.shortInit > 0 {
		return h.shortInit
	}
	return initLimit
}

var quiet = log.New(io.Discard, "", 0)

// Open prepares the host; handler is the local AWS, served inside each environment under the endpoint's own address.
func (h *Host) Open(handler http.Handler) {
	h.gateway = &http.Server{Handler: handler, ErrorLog: quiet}
}

// Close ends the service inside the environments.
func (h *Host) Close() {
	if h.gateway != nil {
		h.gateway.Close()
	}
}

func (h *Host) port() int {
	address, err := url.Parse(h.Endpoint())
	if err != nil || h.gateway == nil {
		return 0
	}
	port, _ := strconv.Atoi(address.Port())
	return port
}

// environ is the process's environment: Lambda's own variables win over the function's, those over the image's
// (AWS Lambda Developer Guide, configuration-envvars).
func (h *Host) environ(f *Function, stream, runtimeAPI string) ([]string, error) {
	credentials, err := f.Credentials()
	if err != nil {
		return nil, fmt.Errorf("assuming the function's role: %w", err)
	}
	all := map[string]string{
		"PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin", "LANG": "en_US.UTF-8", "TZ": ":UTC",
		"LD_LIBRARY_PATH": "/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
	}
	for _, pair := range f.ImageEnv {
		if name, value, ok := strings.Cut(pair, "="); ok {
			all[name] = value
		}
	}
	if endpoint := h.Endpoint(); endpoint != "" {
		all["AWS_ENDPOINT_URL"] = endpoint
	}
	maps.Copy(all, f.Env)
	maps.Copy(all, map[string]string{
		"AWS_REGION": f.Region, "AWS_DEFAULT_REGION": f.Region,
		"AWS_ACCESS_KEY_ID": credentials.AccessKeyID, "AWS_SECRET_ACCESS_KEY": credentials.SecretAccessKey,
		"AWS_SESSION_TOKEN":        credentials.SessionToken,
		"AWS_LAMBDA_FUNCTION_NAME": f.Name, "AWS_LAMBDA_FUNCTION_VERSION": f.Version,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.MemoryMiB), "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME": f.LogGroup, "AWS_LAMBDA_LOG_STREAM_NAME": stream,
		"AWS_LAMBDA_RUNTIME_API": runtimeAPI, "LAMBDA_TASK_ROOT": "/var/task", "LAMBDA_RUNTIME_DIR": "/var/runtime",
		"_HANDLER": f.Handler,
	})
	list := make([]string, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, name+"="+all[name])
	}
	return list, nil
}

// streamName is unique per environment: 2026/11/21/[7]0123...
func streamName(now time.Time, version string) string {
	raw := make([]byte, 16)
	rand.Read(raw)
	return now.UTC().Format("2006/01/02") + "/[" + version + "]" + hex.EncodeToString(raw)
}
