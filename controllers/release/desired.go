package release

import (
	"fmt"
	"io"

	"github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/api/function/redact"
)

// Desired is one release, complete: everything that the user declared, resolved to names and contents.
type Desired struct {
	// Stage names the stage, Owner is the value of its ownership tag: <cluster id>/<namespace>/<name>.
	Stage StageKey `json:"stage"`
	Owner string   `json:"owner"`
	// NamespaceUID is the value of the tag beside it.
	NamespaceUID string `json:"namespaceUID"`
	// ID is the release id. The same content has the same id.
	ID string `json:"id"`
	// BuildID is the image tag.
	BuildID string `json:"buildID"`
	// Revision of the operator's templates.
	Revision string  `json:"revision"`
	Account  Account `json:"account"`
	Names    Names   `json:"names"`
	Image    Image   `json:"image"`
	// AssetsPath is the folder of the image that holds the assets; empty without assets.
	AssetsPath string `json:"assetsPath,omitempty"`
	// AssetsInclude names files in it that are published although they look private.
	AssetsInclude []string `json:"assetsInclude,omitempty"`
	// Quota is the profile's.
	Quota Quota `json:"quota"`
	// FunctionRoleName that the manifest chose among the profile's; empty with a role of the stage's own.
	FunctionRoleName string `json:"functionRoleName,omitempty"`
	// EnvironmentHash is of the variables that stand in the manifest.
	EnvironmentHash string `json:"environmentHash"`
	// ConfigHash names the bundle of environment and secrets.
	ConfigHash string `json:"configHash"`
	// Config is the content of that bundle. It is never stored with the release.
	Config Config `json:"-"`
	// Functions in the order of activation: workers, then cli, then http.
	Functions []Function `json:"functions"`
	Queues    []Queue    `json:"queues,omitempty"`
	Schedules []Schedule `json:"schedules,omitempty"`
	Commands  []Command  `json:"commands,omitempty"`
	// WarmEnvironments of the http function.
	WarmEnvironments int32 `json:"warmEnvironments"`
	// KeepReleases beside the live one.
	KeepReleases int32 `json:"keepReleases"`
}

// StageKey names a stage in the cluster.
type StageKey struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

func (k StageKey) String() string { return k.Namespace + "/" + k.Name }

// Account is where the stage lives, and the roles that it may use there.
type Account struct {
	ID                     string `json:"id"`
	Region                 string `json:"region"`
	StackRoleARN           string `json:"stackRoleARN,omitempty"`
	FunctionRoleARN        string `json:"functionRoleARN,omitempty"`
	PermissionsBoundaryARN string `json:"permissionsBoundaryARN,omitempty"`
}

// Quota bounds what an image may bring; zero leaves it to the operator's own bounds.
type Quota struct {
	ImageMiB   int32 `json:"imageMiB,omitempty"`
	AssetFiles int32 `json:"assetFiles,omitempty"`
	AssetMiB   int32 `json:"assetMiB,omitempty"`
}

// Names are the stage's names on AWS, a formula of namespace and name.
type Names struct {
	// Prefix of every name but the bucket's, at most 35 characters.
	Prefix          string `json:"prefix"`
	FoundationStack string `json:"foundationStack"`
	AppStack        string `json:"appStack"`
	Bucket          string `json:"bucket"`
	// BucketPrefix is what the bucket's name begins with where it lies in the account's own namespace; empty in a region
	// that has none.
	BucketPrefix string `json:"bucketPrefix,omitempty"`
	Repository   string `json:"repository"`
	// RolePrefix of the functions' roles, at most 56 characters: a role's name is one in all regions of an account.
	RolePrefix string `json:"rolePrefix"`
}

// FunctionRole is the name of the role of the functions of a kind.
func (n Names) FunctionRole(kind Role) string { return n.RolePrefix + "-" + string(kind) }

// Image is a build's image by content.
type Image struct {
	Repository string `json:"repository"`
	Tag        string `json:"tag"`
	// Digest of the source image, sha256:<hex>.
	Digest       string `json:"digest"`
	Architecture string `json:"architecture"`
	// PullSecret is a Docker configuration, or empty. It is never stored with the release.
	PullSecret Sensitive `json:"-"`
}

// Role is what a function does.
type Role string

// The roles of functions.
const (
	RoleHTTP  Role = function.RoleHTTP
	RoleCLI   Role = function.RoleCLI
	RoleQueue Role = function.RoleQueue
)

// Function is one Lambda function.
type Function struct {
	// Name within the stage: http, cli or <worker>-queue.
	Name string `json:"name"`
	// FullName on AWS.
	FullName            string   `json:"fullName"`
	Role                Role     `json:"role"`
	MemoryMiB           int32    `json:"memoryMiB"`
	TimeoutSeconds      int32    `json:"timeoutSeconds"`
	ReservedConcurrency *int32   `json:"reservedConcurrency,omitempty"`
	Port                int32    `json:"port,omitempty"`
	HealthPath          string   `json:"healthPath,omitempty"`
	Command             []string `json:"command,omitempty"`
	HTTPPath            string   `json:"httpPath,omitempty"`
	BackoffSeconds      []int32  `json:"backoffSeconds,omitempty"`
}

// Queue is an SQS queue with its dead-letter queue and the function that drains it.
type Queue struct {
	// Name that the application uses.
	Name string `json:"name"`
	// FullName and DeadLetterName on AWS.
	FullName       string `json:"fullName"`
	DeadLetterName string `json:"deadLetterName"`
	FIFO           bool   `json:"fifo,omitempty"`
	// Function that drains it, by its name within the stage.
	Function string `json:"function"`
	// VisibilitySeconds is six times the function's timeout, as AWS advises, within SQS's limit.
	VisibilitySeconds int32 `json:"visibilitySeconds"`
	MaxAttempts       int32 `json:"maxAttempts"`
	// MaxConcurrency of the event source mapping, 2-1000, or nil.
	MaxConcurrency *int32 `json:"maxConcurrency,omitempty"`
}

// Schedule runs a command in the cli function.
type Schedule struct {
	Name string `json:"name"`
	// Expression in EventBridge's form: rate(...) or cron(...).
	Expression string   `json:"expression"`
	Command    []string `json:"command"`
}

// Command is a deploy command.
type Command struct {
	Name           string   `json:"name"`
	Argv           []string `json:"argv"`
	TimeoutSeconds int32    `json:"timeoutSeconds"`
}

// Config is the content of the bundle: the variables of every function.
type Config struct {
	Environment map[string]string
	// Secrets are nil when they are not known.
	Secrets map[string]Sensitive
}

// Sensitive is a value that never shows itself: not in text, not in JSON, not in logs.
type Sensitive string

const redacted = redact.Replacement

// String hides the value.
func (Sensitive) String() string { return redacted }

// Format hides the value whatever the verb: with a verb that is none of a text's, fmt would print the value itself.
func (Sensitive) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

// MarshalText hides the value from encoders other than JSON's.
func (Sensitive) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON hides the value.
func (Sensitive) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// Reveal gives the value itself.
func (s Sensitive) Reveal() string { return string(s) }

// Function gives the function of that name within the stage.
func (d *Desired) Function(name string) (Function, error) {
	for _, f := range d.Functions {
		if f.Name == name {
			return f, nil
		}
	}
	return Function{}, fmt.Errorf("the release has no function %q", name)
}

// Command gives the deploy command of that name.
func (d *Desired) Command(name string) (Command, error) {
	for _, c := range d.Commands {
		if c.Name == name {
			return c, nil
		}
	}
	return Command{}, fmt.Errorf("the release has no deploy command %q", name)
}

// CLI gives the function that runs commands.
func (d *Desired) CLI() Function {
	for _, f := range d.Functions {
		if f.Role == RoleCLI {
			return f
		}
	}
	return Function{}
}

// HTTP gives the function that answers web requests.
func (d *Desired) HTTP() Function {
	for _, f := range d.Functions {
		if f.Role == RoleHTTP {
			return f
		}
	}
	return Function{}
}
