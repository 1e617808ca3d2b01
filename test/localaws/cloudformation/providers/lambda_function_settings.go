package providers

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

// configurationProperties are the properties that UpdateFunctionConfiguration changes.
var configurationProperties = []string{
	"DeadLetterConfig", "Description", "Environment", "EphemeralStorage", "ImageConfig", "KmsKeyArn", "LoggingConfig",
	"MemorySize", "Role", "Timeout", "TracingConfig", "VpcConfig",
}

// functionSettings turns properties into a configuration; what was set before and is left out now gets Lambda's
// default, for UpdateFunctionConfiguration leaves alone what it is not given.
func functionSettings(p, before resource.Properties) *lambda.UpdateFunctionConfigurationInput {
	given := func(name string) bool { return p.Has(name) || before.Has(name) }
	in := &lambda.UpdateFunctionConfigurationInput{Role: p.TextPointer("Role")}
	if given("Description") {
		in.Description = aws.String(p.Text("Description"))
	}
	if given("KmsKeyArn") {
		in.KMSKeyArn = aws.String(p.Text("KmsKeyArn"))
	}
	if given("MemorySize") {
		in.MemorySize = p.Int32Or("MemorySize", 128)
	}
	if given("Timeout") {
		in.Timeout = p.Int32Or("Timeout", 3)
	}
	if given("EphemeralStorage") {
		in.EphemeralStorage = &types.EphemeralStorage{Size: p.Object("EphemeralStorage").Int32Or("Size", 512)}
	}
	if given("DeadLetterConfig") {
		in.DeadLetterConfig = &types.DeadLetterConfig{TargetArn: aws.String(p.Object("DeadLetterConfig").Text("TargetArn"))}
	}
	if given("TracingConfig") {
		in.TracingConfig = &types.TracingConfig{Mode: tracingMode(p)}
	}
	nestedSettings(in, p, given)
	return in
}

func tracingMode(p resource.Properties) types.TracingMode {
	if mode := p.Object("TracingConfig").Text("Mode"); mode != "" {
		return types.TracingMode(mode)
	}
	return types.TracingModePassThrough
}

func nestedSettings(in *lambda.UpdateFunctionConfigurationInput, p resource.Properties, given func(string) bool) {
	if given("Environment") {
		in.Environment = &types.Environment{Variables: orEmptyMap(p.Object("Environment").TextMap("Variables"))}
	}
	if given("ImageConfig") {
		image := p.Object("ImageConfig")
		in.ImageConfig = &types.ImageConfig{
			Command: orEmptyList(image.Texts("Command")), EntryPoint: orEmptyList(image.Texts("EntryPoint")),
			WorkingDirectory: image.TextPointer("WorkingDirectory"),
		}
	}
	if given("LoggingConfig") {
		logging := p.Object("LoggingConfig")
		in.LoggingConfig = &types.LoggingConfig{
			LogGroup: logging.TextPointer("LogGroup"), LogFormat: types.LogFormat(logging.Text("LogFormat")),
			ApplicationLogLevel: types.ApplicationLogLevel(logging.Text("ApplicationLogLevel")),
			SystemLogLevel:      types.SystemLogLevel(logging.Text("SystemLogLevel")),
		}
	}
	if given("VpcConfig") {
		vpc := p.Object("VpcConfig")
		in.VpcConfig = &types.VpcConfig{
			SubnetIds: orEmptyList(vpc.Texts("SubnetIds")), SecurityGroupIds: orEmptyList(vpc.Texts("SecurityGroupIds")),
			Ipv6AllowedForDualStack: vpc.Bool("Ipv6AllowedForDualStack"),
		}
	}
}

func orEmptyMap(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func orEmptyList(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
