package lambda

import (
	"slices"
	"strings"
	"time"
)

type imageConfigResponse struct{ ImageConfig *imageConfig }

// functionConfiguration is how most operations answer.
type functionConfiguration struct {
	FunctionName               string
	FunctionArn                string
	Role                       string
	CodeSize                   int64  `wire:",required"`
	Description                string `wire:",required"`
	Timeout                    int
	MemorySize                 int
	LastModified               string
	CodeSha256                 string
	Version                    string
	Environment                *environmentVariables
	KMSKeyArn                  string
	TracingConfig              *tracingConfig
	RevisionId                 string
	State                      string
	StateReason                string
	StateReasonCode            string
	LastUpdateStatus           string
	LastUpdateStatusReason     string
	LastUpdateStatusReasonCode string
	PackageType                string
	ImageConfigResponse        *imageConfigResponse
	Architectures              []string
	EphemeralStorage           *ephemeralStorage
	LoggingConfig              *loggingConfig
	VpcConfig                  *vpcConfigResponse
}

type vpcConfigResponse struct {
	vpcConfig
	VpcId string
}

// describe shows a version under the ARN that the qualifier makes; callers hold the lock.
func (l *Lambda) describe(f *function, v *version, qualifier string) *functionConfiguration {
	arn := l.arn(f.name)
	switch {
	case qualifier != "":
		arn += ":" + qualifier
	case v != f.latest:
		arn += ":" + v.number
	}
	out := &functionConfiguration{FunctionName: f.name, FunctionArn: arn, Role: v.role, Description: v.description,
		Timeout: v.timeout, MemorySize: v.memory, LastModified: v.modified.UTC().Format("2006-01-02T15:04:05.000-0700"),
		CodeSha256: v.image.hex(), Version: v.number, KMSKeyArn: v.kmsKey, TracingConfig: &tracingConfig{v.tracing},
		RevisionId: v.revision, State: v.state, StateReason: v.stateReason, StateReasonCode: v.stateCode,
		LastUpdateStatus: v.update, LastUpdateStatusReason: v.updateReason, LastUpdateStatusReasonCode: v.updateCode,
		PackageType:   "Image",
		Architectures: v.architectures, EphemeralStorage: &ephemeralStorage{v.ephemeral}, LoggingConfig: &loggingConfig{}}
	*out.LoggingConfig = v.logging
	if v.vpc != nil {
		out.VpcConfig = &vpcConfigResponse{vpcConfig: *v.vpc}
		if len(v.vpc.SubnetIds) > 0 {
			out.VpcConfig.VpcId = "vpc-" + strings.TrimPrefix(v.vpc.SubnetIds[0], "subnet-")
		}
	}
	if len(v.environment) > 0 {
		out.Environment = &environmentVariables{v.environment}
	}
	if c := v.configuration.image; len(c.EntryPoint)+len(c.Command) > 0 || c.WorkingDirectory != "" {
		out.ImageConfigResponse = &imageConfigResponse{&imageConfig{c.EntryPoint, c.Command, c.WorkingDirectory}}
	}
	return out
}

// page cuts a sorted list of names after the marker.
func page(names []string, marker string, limit, most int) (cut []string, next string) {
	if limit <= 0 || limit > most {
		limit = most
	}
	if marker != "" {
		names = names[slices.Index(names, marker)+1:]
	}
	if len(names) <= limit {
		return names, ""
	}
	return names[:limit], names[limit-1]
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }
