package template

import (
	"strconv"
	"strings"

	contract "github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/controllers/release"
)

// function is AWS::Lambda::Function.
type function struct {
	FunctionName                 string
	Description                  string
	PackageType                  string
	Architectures                []string
	Code                         code
	Role                         value
	MemorySize                   int32
	Timeout                      int32
	Environment                  environment
	LoggingConfig                logging
	ReservedConcurrentExecutions *int32 `json:",omitempty"`
}

func (function) resourceType() string { return functionType }

const functionType = "AWS::Lambda::Function"

type code struct {
	ImageURI string `json:"ImageUri"`
}

type environment struct{ Variables map[string]value }

type logging struct{ LogGroup value }

// logGroup is AWS::Logs::LogGroup. It is explicit, so that it has a retention and is not made by a late invocation.
type logGroup struct {
	LogGroupName    string
	RetentionInDays int32
}

func (logGroup) resourceType() string { return logGroupType }

const (
	logGroupType     = "AWS::Logs::LogGroup"
	logRetentionDays = 30
)

func (a App) addFunction(t *Template, f release.Function) {
	base := functionBase(f.Role, f.Name)
	t.Parameters[roleParameter(f.Role)] = Parameter{
		Type: "String", Description: "Role of the " + string(f.Role) + " functions",
	}
	t.Parameters[liveParameter(base)] = Parameter{
		Type: "String", Description: "Whether the function " + f.Name + " has a live alias",
		Default: no, AllowedValues: []string{yes, no},
	}
	t.Conditions[liveCondition(base)] = equals(ref(liveParameter(base)), yes)
	t.add(logGroupID(base), logGroup{LogGroupName: "/aws/lambda/" + f.FullName, RetentionInDays: logRetentionDays},
		disposable, of(f.Name))
	t.add(functionID(base), function{
		FunctionName:                 f.FullName,
		Description:                  a.Desired.Description().String(),
		PackageType:                  "Image",
		Architectures:                []string{architecture(a.Desired.Image.Architecture)},
		Code:                         code{ImageURI: a.ImageURI},
		Role:                         ref(roleParameter(f.Role)),
		MemorySize:                   f.MemoryMiB,
		Timeout:                      f.TimeoutSeconds,
		Environment:                  environment{Variables: a.variables(f)},
		LoggingConfig:                logging{LogGroup: ref(logGroupID(base))},
		ReservedConcurrentExecutions: reserve(f),
	}, of(f.Name))
}

// reserve of a function. A worker that rests needs none, for what its queues deliver last may still be done.
func reserve(f release.Function) *int32 {
	if paused(f) {
		return nil
	}
	return f.ReservedConcurrency
}

// architecture in Lambda's words.
func architecture(name string) string {
	if name == "arm64" {
		return name
	}
	return "x86_64"
}

func (a App) variables(f release.Function) map[string]value {
	d := a.Desired
	variables := map[string]value{
		contract.VariableRole:         text(f.Role),
		contract.VariableStage:        text(d.Stage.String()),
		contract.VariableBuildID:      text(d.BuildID),
		contract.VariableConfig:       join{text("s3://"), ref(bucketParameter), text("/" + release.ConfigKey(d.ConfigHash))},
		contract.VariableOriginDigest: ref(originDigestParameter),
		contract.VariableAssetURL: join{text("https://"), attribute{distributionID, "DomainName"},
			text("/" + strings.TrimSuffix(release.AssetsPrefix(d.BuildID), "/"))},
		contract.VariableQueuePrefix: join{text("https://sqs."), region, text("."), urlSuffix, text("/"), account},
		contract.VariableQueueSuffix: text("-" + d.Names.Prefix),
	}
	if f.Port > 0 {
		variables[contract.VariableHTTPPort] = text(strconv.Itoa(int(f.Port)))
	}
	if f.HealthPath != "" {
		variables[contract.VariableHTTPHealthPath] = text(f.HealthPath)
	}
	if f.Role == release.RoleQueue {
		addQueueVariables(variables, f)
	}
	return variables
}

func addQueueVariables(variables map[string]value, f release.Function) {
	if len(f.Command) > 0 {
		variables[contract.VariableQueueCommand] = text(encode(f.Command))
	}
	if f.HTTPPath != "" {
		variables[contract.VariableQueuePath] = text(f.HTTPPath)
	}
	if len(f.BackoffSeconds) == 0 {
		return
	}
	seconds := make([]string, 0, len(f.BackoffSeconds))
	for _, s := range f.BackoffSeconds {
		seconds = append(seconds, strconv.Itoa(int(s)))
	}
	variables[contract.VariableQueueBackoff] = text(strings.Join(seconds, ","))
}

// aliasARN is the function's live alias, whether it exists or not: it is not in the template.
func aliasARN(base string) value {
	return join{attribute{functionID(base), "Arn"}, text(":" + release.LiveAlias)}
}
