package lambda

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxVariables is the size of all environment variables together, in bytes (Lambda quotas).
const maxVariables = 4096

// reservedVariables are set by Lambda and refused from callers (AWS Lambda Developer Guide, configuration-envvars).
var reservedVariables = []string{
	"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
	"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
	"AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION",
	"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "_HANDLER", "_X_AMZN_TRACE_ID",
}

// checkVariables holds Lambda's rules; its own message repeats the variables, this one does not.
func checkVariables(variables map[string]string) error {
	var reserved []string
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		if slices.Contains(reservedVariables, name) {
			reserved = append(reserved, name)
		}
	}
	if len(reserved) > 0 {
		return invalidValue("Lambda was unable to configure your environment variables because the environment variables " +
			"you have provided contains reserved keys " +
			"that are currently not supported for modification. Reserved keys used in this request: " +
			strings.Join(reserved, ", "))
	}
	encoded, err := json.Marshal(variables)
	if err != nil {
		return fmt.Errorf("measuring the environment: %w", err)
	}
	if len(encoded) > maxVariables {
		return invalidValue(fmt.Sprintf("Lambda was unable to configure your environment variables because the "+
			"environment variables you have provided "+
			"exceeded the 4KB limit. String measured: %d bytes", len(encoded)))
	}
	return nil
}
