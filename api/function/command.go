package function

// CommandEvent is the event of the cli function: the order to run a command. A schedule sends the command alone.
type CommandEvent struct {
	// Command is the argument vector. Hover's events give one string in its place, which the runtime splits.
	Command []string `json:"command"`
	// ID is the command's name in the manifest.
	ID string `json:"id,omitempty"`
	// Run that the command belongs to.
	Run string `json:"run,omitempty"`
	// NotAfter is the last moment at which the command may be claimed.
	NotAfter string `json:"notAfter,omitempty"`
	// Claim is where the claim is put, as s3://bucket/key; without one the command just runs.
	Claim string `json:"claim,omitempty"`
	// TimeoutSeconds is how long the command may run; without it, as long as the function.
	TimeoutSeconds int64 `json:"timeoutSeconds,omitempty"`
	// Key is what the function proves claim and result with: see package proof.
	Key string `json:"key,omitempty"`
}

// Claim decides whether a command runs: whoever puts it first. It is also the function's answer, without its token,
// where the command did not run.
type Claim struct {
	State     string `json:"state"`
	StartedAt string `json:"startedAt,omitempty"`
	// Environment is the log stream of the function that runs the command.
	Environment string `json:"environment,omitempty"`
	// Reason is why the claim is void, or why the function did not put it.
	Reason string `json:"reason,omitempty"`
	// Token tells a function its own claim from another's, also when the answer to its put was lost.
	Token string `json:"token,omitempty"`
	// Proof says that who put it knows the command's key.
	Proof string `json:"proof,omitempty"`
}

// The states of a claim.
const (
	// ClaimStarted: a function took the command and runs it, or did.
	ClaimStarted = "started"
	// ClaimVoid: the operator took the claim, so the command never runs.
	ClaimVoid = "void"
	// ClaimLate: the function was not in time to put a claim. It is answered and never stored.
	ClaimLate = "late"
)

// Result is how a command ended: the answer of the function, and what is stored beside the claim.
type Result struct {
	// ExitCode of the program, as a shell would give it; it has Hover's name, as the output has.
	ExitCode int32 `json:"exit_code"`
	// Output is the end of what the command printed, without the secrets; it is base64 in JSON.
	Output []byte `json:"output"`
	// Truncated says that the command printed more than that.
	Truncated  bool   `json:"truncated"`
	StartedAt  string `json:"startedAt,omitempty"`
	FinishedAt string `json:"finishedAt,omitempty"`
	// Proof says that who put it knows the command's key.
	Proof string `json:"proof,omitempty"`
}
