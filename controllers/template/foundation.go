package template

import (
	contract "github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/controllers/release"
)

// MaxInlineBytes is how large a template may be that is sent by its content. The foundation stack's is:
// before it there is no bucket.
const MaxInlineBytes = 51200

const (
	abortUploadsAfterDays  = 7
	keepNoncurrentForDays  = 30
	enabled                = "Enabled"
	lambdaService          = "lambda"
	functionARN            = "function:"
	bucketOwnerEnforced    = "BucketOwnerEnforced"
	serverSideEncryptionS3 = "AES256"
	// accountRegional is the namespace in which only the account itself can make buckets, so that nobody else has the name
	// first (S3 user guide, "Namespaces for general purpose buckets").
	accountRegional = "account-regional"
)

// kinds of functions, each of which has a role of its own.
var kinds = []release.Role{release.RoleHTTP, release.RoleQueue, release.RoleCLI}

// Foundation renders what must exist before a release: bucket, repository, key and the functions' roles.
// It holds nothing of a release, so it stays as it is from one to the next.
func Foundation(d *release.Desired) Rendering {
	t := newTemplate("Aloft: the foundation of stage " + d.Stage.String())
	t.add(bucketID, bucketOf(d), stateful)
	t.add(repositoryID, repositoryOf(d), stateful)
	t.add(keyID, keyOf(d), stateful)
	t.output(release.OutputBucketName, "Assets, bundles, templates and results of commands", ref(bucketID))
	t.output(release.OutputRepositoryURI, "Images of the builds", attribute{repositoryID, "RepositoryUri"})
	t.output(release.OutputKeyARN, "Key of the bundles of environment and secrets", attribute{keyID, "Arn"})
	t.output(release.OutputTemplateHash, "Hash of this template", text(""))
	for _, kind := range kinds {
		// The stage's own roles stay although the profile gives one: versions that are live or kept may still have them.
		t.add(roleID(kind), roleOf(d, kind), disposable)
		var role value = attribute{roleID(kind), "Arn"}
		if d.Account.FunctionRoleARN != "" {
			role = text(d.Account.FunctionRoleARN)
		}
		t.output(roleParameter(kind), "Role of the "+string(kind)+" functions", role)
	}
	return Rendering{Template: t, Parameters: map[string]string{}}
}

func bucketOf(d *release.Desired) bucket {
	b := bucket{
		BucketEncryption: bucketEncryption{ServerSideEncryptionConfiguration: []encryptionRule{
			{ServerSideEncryptionByDefault: encryptionDefault{SSEAlgorithm: serverSideEncryptionS3}},
		}},
		PublicAccessBlockConfiguration: publicAccessBlock{
			BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true,
		},
		OwnershipControls: ownershipControls{Rules: []ownershipRule{{ObjectOwnership: bucketOwnerEnforced}}},
		// Nothing expires by age: the assets of a stage that is not released for a long time are still in use.
		LifecycleConfiguration: lifecycle{Rules: []lifecycleRule{
			{
				ID: "abort-incomplete-uploads", Status: enabled,
				AbortIncompleteMultipartUpload: &abortUpload{DaysAfterInitiation: abortUploadsAfterDays},
			},
			{
				ID: "expire-noncurrent-versions", Status: enabled,
				NoncurrentVersionExpiration: &noncurrentVersion{NoncurrentDays: keepNoncurrentForDays},
			},
		}},
	}
	if d.Names.BucketPrefix != "" {
		b.BucketNamePrefix, b.BucketNamespace = d.Names.BucketPrefix, accountRegional
	} else {
		b.BucketName = d.Names.Bucket
	}
	return b
}

func repositoryOf(d *release.Desired) repository {
	pull := statement{
		Sid: "FunctionsPull", Effect: "Allow", Principal: service(lambdaService),
		Action: []string{"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
		Condition: map[string]map[string]value{
			"StringEquals": {"aws:SourceAccount": account},
			"ArnLike":      {"aws:SourceArn": arn("lambda", text(functionARN+d.Names.Prefix+"-*"))},
		},
	}
	return repository{RepositoryName: d.Names.Repository, ImageTagMutability: "IMMUTABLE",
		RepositoryPolicyText: policy(pull)}
}

func keyOf(d *release.Desired) key {
	root := allow("AccountDecidesByIAM", []string{"kms:*"}, text("*"))
	root.Principal = map[string]value{"AWS": join{text("arn:"), partition, text(":iam::"), account, text(":root")}}
	return key{
		Description:       "Environment and secrets of stage " + d.Stage.String(),
		EnableKeyRotation: true,
		KeyPolicy:         policy(root),
	}
}

// roleOf gives the functions of a kind rights on what is their own stage's, as far as their kind needs them. What tells
// how a command ended is written by the function that runs commands, and nobody else can have one run: a visitor who
// takes over the web application must not be able to say that a release is proven.
func roleOf(d *release.Desired, kind release.Role) role {
	trust := statement{Effect: "Allow", Principal: service(lambdaService), Action: []string{"sts:AssumeRole"}}
	decrypt := allow("OpenBundles", []string{"kms:Decrypt"}, attribute{keyID, "Arn"})
	decrypt.Condition = map[string]map[string]value{
		"StringEquals": {"kms:EncryptionContext:" + contract.StageContext: text(d.Stage.String())},
	}
	rights := []statement{
		allow("Logs", []string{"logs:CreateLogStream", "logs:PutLogEvents"},
			arn("logs", text("log-group:/aws/lambda/"+functionsOf(d, kind)+":*"))),
		allow("ReadBundles", []string{"s3:GetObject"}, objectsBelow(contract.ConfigPrefix)),
		decrypt,
		allow("SendJobs", []string{"sqs:SendMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"}, queuesOf(d)...),
	}
	switch kind {
	case release.RoleHTTP:
		// For the order to warm other environments; who could invoke commands could order them.
		rights = append(rights, allow("Warm", []string{"lambda:InvokeFunction"},
			arn("lambda", text(functionARN+functionsOf(d, kind)+":*"))))
	case release.RoleQueue:
		rights = append(rights, takeJobs(d))
	case release.RoleCLI:
		rights = append(rights, takeJobs(d),
			allow("RunCommands", []string{"s3:GetObject", "s3:PutObject"}, objectsBelow(contract.RunsPrefix)))
	}
	return role{
		RoleName:                 d.Names.FunctionRole(kind),
		AssumeRolePolicyDocument: policy(trust),
		PermissionsBoundary:      d.Account.PermissionsBoundaryARN,
		Policies:                 []rolePolicy{{PolicyName: "stage", PolicyDocument: policy(rights...)}},
	}
}

// functionsOf is the name, or the form of the names, of a kind's functions.
func functionsOf(d *release.Desired, kind release.Role) string {
	if kind == release.RoleQueue {
		return d.Names.Prefix + "-*" + queueSuffix
	}
	return d.Names.Prefix + "-" + string(kind)
}

func objectsBelow(prefix string) value {
	return join{attribute{bucketID, "Arn"}, text("/" + prefix + "*")}
}

// takeJobs is for workers, and for commands that look after queues.
func takeJobs(d *release.Desired) statement {
	return allow("TakeJobs", []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"},
		queuesOf(d)...)
}

// queuesOf are the stage's queues, but for those that hold dead letters.
func queuesOf(d *release.Desired) []value {
	own := "*-" + d.Names.Prefix
	return []value{arn("sqs", text(own)), arn("sqs", text(own+".fifo"))}
}
