package v1alpha1

// Manifest is what a stage consists of.
// +kubebuilder:validation:XValidation:rule="!has(self.workers) || self.workers.map(w, w.queues.size()).sum() <= 120",message="workers may drain at most 120 queues in all: split the stage"
// +kubebuilder:validation:XValidation:rule="!has(self.workers) || self.workers.all(w, w.queues.all(q, self.workers.exists_one(other, other.queues.exists(x, x.name == q.name))))",message="workers: each queue belongs to exactly one worker: remove the queue from all but one"
// +kubebuilder:validation:XValidation:rule="!has(self.workers) || !has(oldSelf.workers) || self.workers.all(w, w.queues.all(q, !oldSelf.workers.exists(o, o.queues.exists(x, x.name == q.name && x.?fifo.orValue(false) != q.?fifo.orValue(false)))))",message="workers: fifo of a queue is immutable: add a queue of another name and remove this one when it is empty"
// +kubebuilder:validation:XValidation:rule="!has(self.deployCommands) || self.deployCommands.all(c, c.timeoutSeconds <= self.cli.timeoutSeconds)",message="deployCommands: timeoutSeconds must not exceed cli.timeoutSeconds: raise cli.timeoutSeconds or lower the command's"
// +kubebuilder:validation:XValidation:rule="!has(self.deployCommands) || self.deployCommands.size() == 0 || self.cli.?reservedConcurrency.orValue(1) > 0",message="deployCommands: they run in the cli function, which cli.reservedConcurrency 0 stops: raise it, or remove the commands"
// +kubebuilder:validation:XValidation:rule="!has(self.environment) || self.environment.all(k, k.matches('^[A-Za-z_][A-Za-z0-9_]*$') && k.size() <= 128)",message="environment: names must be letters, digits and underscores, at most 128 characters"
// +kubebuilder:validation:XValidation:rule="!has(self.environment) || self.environment.map(k, k.size() + self.environment[k].size()).sum() <= 262144",message="environment: names and values may have at most 262144 characters together: keep what is longer in the image or in a bucket"
// +kubebuilder:validation:XValidation:rule="!has(self.environment) || self.environment.all(k, !k.startsWith('AWS_') && !k.startsWith('ALOFT_'))",message="environment: names that begin with AWS_ or ALOFT_ are reserved: rename the variable"
type Manifest struct {
	// environment holds the variables of every function. They win over secrets and over the image's own, may override
	// what Aloft sets itself (ASSET_URL, SQS_PREFIX, SQS_SUFFIX) and are not limited to Lambda's 4 KB.
	// +optional
	// +kubebuilder:validation:MaxProperties=500
	Environment map[string]EnvironmentValue `json:"environment,omitempty"`

	// secrets are variables from Secrets of the Stage's namespace: each key becomes a variable, which wins over the
	// image's own of that name.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=20
	Secrets []SecretSource `json:"secrets,omitempty"`

	// runtime tells how the image's own server is reached.
	// +optional
	// +kubebuilder:default={}
	Runtime Runtime `json:"runtime,omitzero"`

	// http is the function that answers web requests.
	// +optional
	// +kubebuilder:default={}
	HTTP HTTPFunction `json:"http,omitzero"`

	// cli is the function that runs schedules and deploy commands.
	// +optional
	// +kubebuilder:default={}
	CLI CLIFunction `json:"cli,omitzero"`

	// schedules run commands in the cli function.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=50
	Schedules []Schedule `json:"schedules,omitempty"`

	// workers are functions that drain queues.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=28
	Workers []Worker `json:"workers,omitempty"`

	// deployCommands run in order in the new release's cli function before it goes live.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=20
	DeployCommands []DeployCommand `json:"deployCommands,omitempty"`

	// functionRoleName chooses one of the profile's functionRoles. Without it the stage gets a role of its own,
	// with rights on its own bucket, key, queues and functions only.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	FunctionRoleName string `json:"functionRoleName,omitempty"`

	// architecture of the image and of every function.
	// +optional
	// +kubebuilder:default=amd64
	// +kubebuilder:validation:Enum=amd64;arm64
	Architecture string `json:"architecture,omitempty"`
}

// EnvironmentValue is the value of a variable.
// +kubebuilder:validation:MaxLength=16384
type EnvironmentValue string

// SecretSource names where secret variables come from. Exactly one source.
// +kubebuilder:validation:XValidation:rule="has(self.secretRef)",message="secrets: each entry needs secretRef: {name: <Secret in this namespace>}"
type SecretSource struct {
	// name of this entry.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`

	// secretRef names a Secret of the Stage's namespace.
	// +optional
	SecretRef *LocalReference `json:"secretRef,omitempty"`
}

// Runtime tells how the image's own server is reached.
type Runtime struct {
	// http is a server that listens on a port.
	// +optional
	// +kubebuilder:default={}
	HTTP RuntimeHTTP `json:"http,omitzero"`
}

// RuntimeHTTP is a server that listens on a port.
type RuntimeHTTP struct {
	// port that the image's server listens on; it is also given to it as PORT.
	// +optional
	// +kubebuilder:default=8080
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +kubebuilder:validation:XValidation:rule="self >= 1024",message="runtime.http.port: on Lambda no program listens on a port below 1024, for none runs as root: let the server listen on another one, such as 8080"
	// +kubebuilder:validation:XValidation:rule="self != 9001",message="runtime.http.port: port 9001 is Lambda's own: let the server listen on another one, such as 8080"
	Port int32 `json:"port,omitempty"`
}

// HTTPFunction answers web requests.
type HTTPFunction struct {
	// memoryMiB of one environment.
	// +optional
	// +kubebuilder:default=512
	// +kubebuilder:validation:Minimum=128
	// +kubebuilder:validation:Maximum=10240
	MemoryMiB int32 `json:"memoryMiB,omitempty"`

	// timeoutSeconds of a request; API Gateway itself ends at 30.
	// +optional
	// +kubebuilder:default=29
	// +kubebuilder:validation:Minimum=3
	// +kubebuilder:validation:Maximum=30
	TimeoutSeconds int32 `json:"timeoutSeconds,omitempty"`

	// warmEnvironments is the number of distinct environments that are warm before traffic moves.
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	WarmEnvironments int32 `json:"warmEnvironments,omitempty"`

	// healthPath is a path of the image's server that answers with a status below 500 when the server is ready. Without
	// it a server is ready when its port accepts connections. It is asked at each start, and in Warm before deploy
	// commands run, so it must not need what they bring.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('^/[A-Za-z0-9._~/-]*$')",message="must be a path that begins with /, without query"
	HealthPath string `json:"healthPath,omitempty"`

	// reservedConcurrency of the function; 0 stops it. Without it the function shares the account's pool.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100000
	ReservedConcurrency *int32 `json:"reservedConcurrency,omitempty"`
}

// CLIFunction runs schedules and deploy commands.
type CLIFunction struct {
	// memoryMiB of one environment.
	// +optional
	// +kubebuilder:default=512
	// +kubebuilder:validation:Minimum=128
	// +kubebuilder:validation:Maximum=10240
	MemoryMiB int32 `json:"memoryMiB,omitempty"`

	// timeoutSeconds of a command.
	// +optional
	// +kubebuilder:default=900
	// +kubebuilder:validation:Minimum=3
	// +kubebuilder:validation:Maximum=900
	TimeoutSeconds int32 `json:"timeoutSeconds,omitempty"`

	// reservedConcurrency of the function; 0 stops it. Without it the function shares the account's pool.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100000
	ReservedConcurrency *int32 `json:"reservedConcurrency,omitempty"`
}

// Command is an argument vector; no shell is involved.
// +kubebuilder:validation:MinItems=1
// +kubebuilder:validation:MaxItems=64
// +kubebuilder:validation:items:MaxLength=1024
// +kubebuilder:validation:XValidation:rule="self.map(a, a.size()).sum() <= 4096",message="command: its elements may have at most 4096 characters together: put what is longer into a script in the image"
// +kubebuilder:validation:XValidation:rule="self[0].size() > 0",message="command: the first element names the program and must not be empty"
// +listType=atomic
type Command []string

// Schedule runs a command in the cli function. Exactly one of cron and rateMinutes.
// +kubebuilder:validation:XValidation:rule="has(self.cron) != has(self.rateMinutes)",message="schedules: each needs exactly one of cron and rateMinutes"
type Schedule struct {
	// name of the schedule.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=22
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([a-z0-9-]*[a-z0-9])?$')",message="must begin with a letter, end with a letter or digit, and hold only lower-case letters, digits and dashes"
	Name string `json:"name"`

	// cron is an EventBridge cron expression of six fields in UTC, such as "0 3 * * ? *".
	// +optional
	// +kubebuilder:validation:MinLength=11
	// +kubebuilder:validation:MaxLength=100
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9A-Z*/,-]+( [0-9A-Za-z*/,?#-]+){5}$')",message="must have six fields, minutes hours day-of-month month day-of-week year, such as 0 3 * * ? *"
	// +kubebuilder:validation:XValidation:rule="self.split(' ').size() != 6 || (self.split(' ')[2] == '?') != (self.split(' ')[4] == '?')",message="exactly one of day-of-month and day-of-week, the third and fifth field, must be ?: write 0 3 * * ? * for each day"
	Cron string `json:"cron,omitempty"`

	// rateMinutes runs the command each so many minutes.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=44640
	RateMinutes int32 `json:"rateMinutes,omitempty"`

	// command is the argument vector.
	// +required
	Command Command `json:"command"`
}

// Worker is one function that drains queues. Exactly one of command and httpPath.
// +kubebuilder:validation:XValidation:rule="has(self.command) != has(self.httpPath)",message="workers: each needs exactly one of command and httpPath"
// +kubebuilder:validation:XValidation:rule="self.?reservedConcurrency.orValue(0) == 0 || self.?maxConcurrency.orValue(2) * self.queues.size() <= self.?reservedConcurrency.orValue(0)",message="workers: reservedConcurrency must be 0, or at least the number of queues times maxConcurrency (2 where it is left out): what Lambda throttles counts as an attempt, so jobs would become dead letters untried"
type Worker struct {
	// name of the worker.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=22
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([a-z0-9-]*[a-z0-9])?$')",message="must begin with a letter, end with a letter or digit, and hold only lower-case letters, digits and dashes"
	Name string `json:"name"`

	// memoryMiB of one environment.
	// +optional
	// +kubebuilder:default=512
	// +kubebuilder:validation:Minimum=128
	// +kubebuilder:validation:Maximum=10240
	MemoryMiB int32 `json:"memoryMiB,omitempty"`

	// timeoutSeconds of a job.
	// +optional
	// +kubebuilder:default=60
	// +kubebuilder:validation:Minimum=3
	// +kubebuilder:validation:Maximum=900
	TimeoutSeconds int32 `json:"timeoutSeconds,omitempty"`

	// maxConcurrency of each queue's event source mapping. Without it the queues share reservedConcurrency, or else use
	// what the account has left.
	// +optional
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=1000
	MaxConcurrency *int32 `json:"maxConcurrency,omitempty"`

	// reservedConcurrency of the function; with 0 the worker rests and its queues keep their jobs, for four days at most.
	// Without it the function shares the account's pool.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100000
	ReservedConcurrency *int32 `json:"reservedConcurrency,omitempty"`

	// maxAttempts before a job goes to the dead-letter queue.
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	MaxAttempts int32 `json:"maxAttempts,omitempty"`

	// backoffSeconds to wait after the first, second, ... failed attempt; the last one repeats.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:items:Minimum=0
	// +kubebuilder:validation:items:Maximum=43200
	BackoffSeconds []int32 `json:"backoffSeconds,omitempty"`

	// queues that this worker drains.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	Queues []Queue `json:"queues"`

	// command handles one job, which it reads from its standard input.
	// +optional
	Command Command `json:"command,omitempty"`

	// httpPath of the image's server that handles one job by POST; any status of 2xx is success. Visitors can reach the
	// path too; a job has the header X-Aloft-Message-Id, which no visitor can send.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('^/[A-Za-z0-9._~/-]*$')",message="must be a path that begins with /, without query"
	HTTPPath string `json:"httpPath,omitempty"`
}

// Queue is an SQS queue with a dead-letter queue.
type Queue struct {
	// name that the application uses; on AWS it is followed by SQS_SUFFIX.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=30
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([a-z0-9-]*[a-z0-9])?$')",message="must begin with a letter, end with a letter or digit, and hold only lower-case letters, digits and dashes"
	Name string `json:"name"`

	// fifo keeps the order of jobs.
	// +optional
	FIFO bool `json:"fifo,omitempty"`
}

// DeployCommand runs once in each release before it goes live.
type DeployCommand struct {
	// name of the command.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([a-z0-9-]*[a-z0-9])?$')",message="must begin with a letter, end with a letter or digit, and hold only lower-case letters, digits and dashes"
	Name string `json:"name"`

	// command is the argument vector.
	// +required
	Command Command `json:"command"`

	// timeoutSeconds of the command, at most cli.timeoutSeconds.
	// +optional
	// +kubebuilder:default=300
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=900
	TimeoutSeconds int32 `json:"timeoutSeconds,omitempty"`
}
