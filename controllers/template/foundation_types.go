package template

// bucket is AWS::S3::Bucket.
type bucket struct {
	BucketName                     string `json:",omitempty"`
	BucketNamePrefix               string `json:",omitempty"`
	BucketNamespace                string `json:",omitempty"`
	BucketEncryption               bucketEncryption
	PublicAccessBlockConfiguration publicAccessBlock
	OwnershipControls              ownershipControls
	LifecycleConfiguration         lifecycle
}

func (bucket) resourceType() string { return "AWS::S3::Bucket" }

type bucketEncryption struct {
	ServerSideEncryptionConfiguration []encryptionRule
}

type encryptionRule struct{ ServerSideEncryptionByDefault encryptionDefault }

type encryptionDefault struct{ SSEAlgorithm string }

type publicAccessBlock struct {
	BlockPublicAcls, BlockPublicPolicy, IgnorePublicAcls, RestrictPublicBuckets bool
}

type ownershipControls struct{ Rules []ownershipRule }

type ownershipRule struct{ ObjectOwnership string }

type lifecycle struct{ Rules []lifecycleRule }

type lifecycleRule struct {
	ID                             string `json:"Id"`
	Status                         string
	AbortIncompleteMultipartUpload *abortUpload       `json:",omitempty"`
	NoncurrentVersionExpiration    *noncurrentVersion `json:",omitempty"`
}

type abortUpload struct{ DaysAfterInitiation int32 }

type noncurrentVersion struct{ NoncurrentDays int32 }

// repository is AWS::ECR::Repository.
type repository struct {
	RepositoryName       string
	ImageTagMutability   string
	RepositoryPolicyText policyDocument
}

func (repository) resourceType() string { return "AWS::ECR::Repository" }

// key is AWS::KMS::Key.
type key struct {
	Description       string
	EnableKeyRotation bool
	KeyPolicy         policyDocument
}

func (key) resourceType() string { return "AWS::KMS::Key" }

// role is AWS::IAM::Role.
type role struct {
	RoleName                 string
	AssumeRolePolicyDocument policyDocument
	PermissionsBoundary      string       `json:",omitempty"`
	Policies                 []rolePolicy `json:",omitempty"`
}

func (role) resourceType() string { return "AWS::IAM::Role" }

type rolePolicy struct {
	PolicyName     string
	PolicyDocument policyDocument
}
