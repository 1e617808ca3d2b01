package lambda

import (
	"maps"
	"regexp"
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
	Handler          string
	Runtime          string
	Layers           []string
}

func defaults(name string) configuration {
	return configuration{memory: 128, timeout: 3, ephemeral: 512, tracing: "PassThrough",
		architectures: []string{"x86_64"}, logging: loggingConfig{LogFormat: "Text", LogGroup: "/aws/lambda/" + name}}
}

// roleARN is what Lambda accepts as a role before it looks at it.
var roleARN = regexp.MustCompile(`^arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+$`)

// apply checks the parameters and lays them over a configuration.
func (s *settings) apply(to configuration) (configuration, error) {
	if s.Handler != "" || s.Runtime != "" || len(s.Layers) > 0 {
		return to, invalidValue("Please don't provide Handler or Runtime or Layer when the intent is to create or update " +
			"a function with container image packageType.")
	}
	if err := s.checkNumbers(); err != nil {
		return to, err
	}
	if s.Role != nil {
		if !roleARN.MatchString(*s.Role) {
			return to, malformed("1 validation error detected: Value '" + *s.Role +
				"' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: " + roleARN.String())
		}
		to.role = *s.Role
	}
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
	s.applyLogging(&to.logging)
	return to, nil
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

// checkNumbers holds the limits of the API reference.
func (s *settings) checkNumbers() error {
	for _, n := range []struct {
		name      string
		value     *int
		low, high int
	}{{"memorySize", s.MemorySize, 128, 10240}, {"timeout", s.Timeout, 1, 900},
		{"ephemeralStorage.size", s.storage(), 512, 10240}} {
		if n.value != nil && (*n.value < n.low || *n.value > n.high) {
			return malformed(outOfRange(n.name, *n.value, n.low, n.high))
		}
	}
	if s.Description != nil && len(*s.Description) > 256 {
		return malformed("1 validation error detected: Value at 'description' failed to satisfy constraint: Member must " +
			"have length less than or equal to 256")
	}
	return nil
}

func (s *settings) storage() *int {
	if s.EphemeralStorage == nil {
		return nil
	}
	return &s.EphemeralStorage.Size
}
