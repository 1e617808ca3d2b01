package function

// VariablePrefix is what Aloft's own variables begin with; no stage may set such a one.
const VariablePrefix = "ALOFT_"

// Variables of a function, which its stack sets and its runtime reads.
const (
	// VariableRole is one of the roles.
	VariableRole = "ALOFT_ROLE"
	// VariableStage is <namespace>/<name>.
	VariableStage = "ALOFT_STAGE"
	// VariableBuildID is the tag of the released image.
	VariableBuildID = "ALOFT_BUILD_ID"
	// VariableConfig is where the bundle is, s3://bucket/config/<hash>.
	VariableConfig = "ALOFT_CONFIG"
	// VariableOriginDigest is the SHA-256, in hexadecimal digits, of the secret that the stage's distribution sends with
	// each request. A function without it has no distribution in front.
	VariableOriginDigest = "ALOFT_ORIGIN_DIGEST"
	// VariableHTTPPort is the port that the application listens on.
	VariableHTTPPort = "ALOFT_HTTP_PORT"
	// VariableHTTPHealthPath is the path that the application answers when it is ready; without one its port tells.
	VariableHTTPHealthPath = "ALOFT_HTTP_HEALTH_PATH"
	// VariableAssetURL is where the build's assets are, https://<the stage's host>/...; applications read it too.
	VariableAssetURL = "ASSET_URL"
	// VariableQueueCommand is the worker's command, a JSON list of arguments; VariableQueuePath is, in its place, the
	// path of the application that jobs are posted to.
	VariableQueueCommand = "ALOFT_QUEUE_COMMAND"
	VariableQueuePath    = "ALOFT_QUEUE_HTTP_PATH"
	// VariableQueueBackoff is after how many seconds a failed job comes back, by its attempts, separated by commas.
	VariableQueueBackoff = "ALOFT_QUEUE_BACKOFF"
	// VariableQueuePrefix and VariableQueueSuffix have the names that Laravel reads: the URL of a queue is prefix/name,
	// and its name on AWS is the one in the manifest with the suffix.
	VariableQueuePrefix = "SQS_PREFIX"
	VariableQueueSuffix = "SQS_SUFFIX"
)

// The roles of functions.
const (
	RoleHTTP  = "http"
	RoleCLI   = "cli"
	RoleQueue = "queue"
)

// Headers by which the stage's distribution tells the function what it knows of the viewer. They are in lower case, as
// functions at the edge must write them and as events have them, and count only together with the secret.
const (
	EdgeSecret = "x-aloft-origin"
	// EdgeHost is the Host header that the viewer sent, EdgeAddress the viewer's IP address.
	EdgeHost    = "x-aloft-host"
	EdgeAddress = "x-aloft-address"
	// EdgePath is the path as the viewer sent it, where it has percent-encoded parts: API Gateway gives it decoded.
	EdgePath = "x-aloft-path"
)

// Keys of objects in the stage's bucket.
const (
	// ConfigPrefix is what the keys of bundles begin with.
	ConfigPrefix = "config/"
	// RunsPrefix is what the keys of all objects of commands begin with; they are all that a function may write.
	RunsPrefix = "runs/"
	// ClaimSuffix and ResultSuffix end the keys of a command's claim and result, which are the same before them.
	ClaimSuffix  = ".claim"
	ResultSuffix = ".result.json"
)
