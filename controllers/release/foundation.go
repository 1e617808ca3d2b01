package release

// Foundation is what the foundation stack's outputs tell the rest.
type Foundation struct {
	BucketName    string
	RepositoryURI string
	KeyARN        string
	// Roles of the functions of each kind.
	HTTPRoleARN  string
	QueueRoleARN string
	CLIRoleARN   string
}

// RoleARN is the role of the functions of a kind.
func (f Foundation) RoleARN(kind Role) string {
	switch kind {
	case RoleHTTP:
		return f.HTTPRoleARN
	case RoleQueue:
		return f.QueueRoleARN
	case RoleCLI:
		return f.CLIRoleARN
	default:
		return ""
	}
}

// Outputs of the foundation stack.
const (
	OutputBucketName    = "BucketName"
	OutputRepositoryURI = "RepositoryUri"
	OutputKeyARN        = "KeyArn"
	OutputHTTPRoleARN   = "HttpRoleArn"
	OutputQueueRoleARN  = "QueueRoleArn"
	OutputCLIRoleARN    = "CliRoleArn"
	OutputTemplateHash  = "TemplateHash"
)

// Outputs of the application stack.
const (
	OutputRendering      = "Rendering"
	OutputBuildID        = "BuildId"
	OutputCDNDomain      = "CdnDomain"
	OutputAPIEndpoint    = "ApiEndpoint"
	OutputDistributionID = "DistributionId"
)

// ParameterOriginSecret is the parameter of the application stack by which its distribution gets the secret that it
// sends. CloudFormation shows it to nobody.
const ParameterOriginSecret = "OriginSecret"

// LiveAlias is the alias that traffic reaches.
const LiveAlias = "live"

// FoundationFrom reads the outputs of a foundation stack.
func FoundationFrom(outputs map[string]string) Foundation {
	return Foundation{
		BucketName:    outputs[OutputBucketName],
		RepositoryURI: outputs[OutputRepositoryURI],
		KeyARN:        outputs[OutputKeyARN],
		HTTPRoleARN:   outputs[OutputHTTPRoleARN],
		QueueRoleARN:  outputs[OutputQueueRoleARN],
		CLIRoleARN:    outputs[OutputCLIRoleARN],
	}
}
