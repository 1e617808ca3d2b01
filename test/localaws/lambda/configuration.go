package lambda

import (
	"fmt"
	"maps"
)

type environmentVariables struct {
	Variables map[string]string
}

type imageConfig struct {
	EntryPoint       []string
	Command          []string
	WorkingDirectory string
}

type ephemeralStorage struct {
	Size int `wire:",required"`
}

type tracingConfig struct{ Mode string }

// vpcConfig is kept and shown; a function here has the same network with it as without.
type vpcConfig struct {
	SubnetIds               []string
	SecurityGroupIds        []string
	Ipv6AllowedForDualStack *bool
}

type loggingConfig struct {
	LogFormat           string
	LogGroup            string
	ApplicationLogLevel string
	SystemLogLevel      string
}

// configuration is what both creation and update set, after defaults.
type configuration struct {
	role          string
	description   string
	memory        int
	timeout       int
	ephemeral     int
	environment   map[string]string
	image         imageConfig
	kmsKey        string
	tracing       string
	logging       loggingConfig
	vpc           *vpcConfig
	architectures []string
}

// settings are the parameters that creation and update share; nil leaves what is there.
type settings struct {
	Role             *string
	Description      *string
	MemorySize       *int
	Timeout          *int
	Environment      *environmentVariables
	EphemeralStorage *ephemeralStorage
	ImageConfig      *imageConfig
	KMSKeyArn        *string
	TracingConfig    *tracingConfig
	LoggingConfig    *loggingConfig
	VpcConfig        *vpcConfig
	Handler          string
	Runtime          string
	Layers           []string
}

func defaults(name string) configuration {
	return configuration{memory: 128, timeout: 3, ephemeral: 512, tracing: "PassThrough",
		architectures: []string{"x86_64"}, logging: loggingConfig{LogFormat: "Text", LogGroup: "/aws/lambda/" + name}}
}

// apply checks the parameters and lays them over a configuration.
func (s *settings) apply(to configuration) (configuration, error) {
	if s.Handler != "" || s.Runtime != "" || len(s.Layers) > 0 {
		return to, invalidValue("Please don't provide Handler or Runtime or Layer when the intent is to create or update " +
			"a function with container image packageType.")
	}
	if err := s.checkLimits(); err != nil {
		return to, err
	}
	set(&to.role, s.Role)
	if s.Environment != nil {
		if err := checkVariables(s.Environment.Variables); err != nil {
			return to, err
		}
		to.environment = maps.Clone(s.Environment.Variables)
	}
	set(&to.description, s.Description)
	set(&to.memory, s.MemorySize)
	set(&to.timeout, s.Timeout)
	set(&to.kmsKey, s.KMSKeyArn)
	set(&to.image, s.ImageConfig)
	if s.EphemeralStorage != nil {
		to.ephemeral = s.EphemeralStorage.Size
	}
	if s.TracingConfig != nil {
		to.tracing = s.TracingConfig.Mode
	}
	if v := s.VpcConfig; v != nil {
		if (len(v.SubnetIds) == 0) != (len(v.SecurityGroupIds) == 0) {
			return to, invalidValue("SubnetIds and SecurityIds must coexist or be both empty list.")
		}
		to.vpc = v
	}
	s.applyLogging(&to.logging)
	return to, nil
}

// checkLimits holds what a function of an image may have at most, which the model leaves open (Lambda quotas).
func (s *settings) checkLimits() error {
	for _, n := range []struct {
		name  string
		value *int
		most  int
	}{{"memorySize", s.MemorySize, 10240}, {"timeout", s.Timeout, 900}} {
		if n.value != nil && *n.value > n.most {
			return malformed(fmt.Sprintf("1 validation error detected: Value '%d' at '%s' failed to satisfy constraint: "+
				"Member must have value less than or equal to %d", *n.value, n.name, n.most))
		}
	}
	return nil
}

func (s *settings) applyLogging(to *loggingConfig) {
	if s.LoggingConfig == nil {
		return
	}
	group := to.LogGroup
	*to = *s.LoggingConfig
	if to.LogFormat == "" {
		to.LogFormat = "Text"
	}
	if to.LogGroup == "" {
		to.LogGroup = group
	}
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}
