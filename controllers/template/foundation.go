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
)

// Foundation renders what must exist before a release: bucket, repository, key and function role.
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
	// The stage's own role stays although the profile gives one: versions that are live or kept may still have it.
	t.add(roleID, roleOf(d), disposable)
	var functionRole value = attribute{roleID, "Arn"}
	if d.Account.FunctionRoleARN != "" {
		functionRole = text(d.Account.FunctionRoleARN)
	}
	t.output(release.OutputFunctionRoleARN, "Role of the functions", functionRole)
	return Rendering{Template: t, Parameters: map[string]string{}}
}

func bucketOf(d *release.Desired) bucket {
	return bucket{
		BucketName: d.Names.Bucket,
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

// roleOf gives functions rights on what is their own stage's and nothing else.
func roleOf(d *release.Desired) role {
	trust := statement{Effect: "Allow", Principal: service(lambdaService), Action: []string{"sts:AssumeRole"}}
	objects := func(prefix string) value { return join{attribute{bucketID, "Arn"}, text("/" + prefix + "*")} }
	commands := allow("RunCommands", []string{"s3:GetObject", "s3:PutObject"}, objects(contract.RunsPrefix))
	// What tells how a command ended is written by the function that runs commands, and not by one that serves visitors
	// (AWS Lambda Developer Guide, permissions-source-function-arn).
	commands.Condition = map[string]map[string]value{
		"ArnEquals": {"lambda:SourceFunctionArn": arn("lambda", text(functionARN+d.Names.Prefix+"-"+contract.RoleCLI))},
	}
	queues := "*-" + d.Names.Prefix
	return role{
		RoleName:                 d.Names.FunctionRole,
		AssumeRolePolicyDocument: policy(trust),
		PermissionsBoundary:      d.Account.PermissionsBoundaryARN,
		Policies: []rolePolicy{{PolicyName: "stage", PolicyDocument: policy(
			allow("Logs", []string{"logs:CreateLogStream", "logs:PutLogEvents"},
				arn("logs", text("log-group:/aws/lambda/"+d.Names.Prefix+"-*"))),
			allow("ReadBundles", []string{"s3:GetObject"}, objects(contract.ConfigPrefix)),
			commands,
			allow("OpenBundles", []string{"kms:Decrypt"}, attribute{keyID, "Arn"}),
			allow("Queues", []string{
				"sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility",
				"sqs:GetQueueAttributes", "sqs:GetQueueUrl",
			}, arn("sqs", text(queues)), arn("sqs", text(queues+".fifo"))),
			// For the order to warm other environments; who could invoke commands could order them.
			allow("Warm", []string{"lambda:InvokeFunction"},
				arn("lambda", text(functionARN+d.Names.Prefix+"-"+contract.RoleHTTP+":*"))),
		)}},
	}
}
