package release

// Foundation is what the foundation stack's outputs tell the rest.
type Foundation struct {
	BucketName      string
	RepositoryURI   string
	KeyARN          string
	FunctionRoleARN string
}

// Outputs of the foundation stack.
const (
	OutputBucketName      = "BucketName"
	OutputRepositoryURI   = "RepositoryUri"
	OutputKeyARN          = "KeyArn"
	OutputFunctionRoleARN = "FunctionRoleArn"
	OutputTemplateHash    = "TemplateHash"
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

// OwnerTag is the tag key that says who owns a stack, bucket or repository.
const OwnerTag = "aloft.dev/owner"

// LiveAlias is the alias that traffic reaches.
const LiveAlias = "live"

// FoundationFrom reads the outputs of a foundation stack.
func FoundationFrom(outputs map[string]string) Foundation {
	return Foundation{
		BucketName:      outputs[OutputBucketName],
		RepositoryURI:   outputs[OutputRepositoryURI],
		KeyARN:          outputs[OutputKeyARN],
		FunctionRoleARN: outputs[OutputFunctionRoleARN],
	}
}
