package api_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = DescribeTable("a StageProfile that grants nothing sensible is refused with the field and the remedy",
	func(ctx context.Context, patch, field, remedy string) {
		_, err := tried(ctx, profile(patch))
		refused(err, field, remedy)
	},
	Entry("no account", "spec: {accountID: null}", "spec.accountID", "Required value"),
	Entry("an account of eleven digits", "spec: {accountID: '12345678901'}", "spec.accountID",
		"must be the 12 digits of an AWS account, in quotes"),
	Entry("an account without quotes", "spec: {accountID: 123456789012}", "spec.accountID", "must be of type string"),
	Entry("a zone instead of a region", "spec: {region: eu-central-1a}", "spec.region", "such as eu-central-1"),
	Entry("no role", "spec: {roleARN: null}", "spec.roleARN", "Required value"),
	Entry("a role that is empty, which would be the operator itself", "spec: {roleARN: ''}", "spec.roleARN",
		"must be the ARN of a role"),
	Entry("an external id of one character, which AWS refuses", "spec: {externalID: x}", "spec.externalID",
		"must have 2 to 1224"),
	Entry("an external id with a space, which AWS refuses", "spec: {externalID: 'a b'}", "spec.externalID",
		"letters, digits and characters of _+=,.@:/-"),
	Entry("a role by its name", "spec: {roleARN: aloft}", "spec.roleARN",
		"must be the ARN of a role, such as arn:aws:iam::123456789012:role/aloft"),
	Entry("a stack role that is a user", "spec: {stackRoleARN: 'arn:aws:iam::123456789012:user/x'}", "spec.stackRoleARN",
		"must be the ARN of a role"),
	Entry("a boundary that is a role", "spec: {permissionsBoundaryARN: 'arn:aws:iam::123456789012:role/x'}",
		"spec.permissionsBoundaryARN", "must be the ARN of a policy"),
	Entry("a function role by its name", "spec: {functionRoles: [{name: a, arn: a, namespaces: [b]}]}",
		"spec.functionRoles[0].arn", "must be the ARN of a role"),
	Entry("a function role for nobody",
		"spec: {functionRoles: [{name: a, arn: 'arn:aws:iam::123456789012:role/x', namespaces: []}]}",
		"spec.functionRoles[0].namespaces", "at least 1 items"),
	Entry("images that Lambda does not take", "spec: {limits: {imageMiB: 10241}}", "spec.limits.imageMiB",
		"must be between 1 and 10240"),
	Entry("no Stage at all", "spec: {limits: {stagesPerNamespace: 0}}", "spec.limits.stagesPerNamespace",
		"must be between 1 and 10000"),
	Entry("less memory than a function has", "spec: {limits: {memoryMiB: 64}}", "spec.limits.memoryMiB",
		"must be between 128 and 10240"),
	Entry("a mark to adopt that is none", "spec: {adopt: ['*']}", "spec.adopt", "<cluster id>/<namespace>/<name>"),
	Entry("no assets at all", "spec: {limits: {assetFiles: 0}}", "spec.limits.assetFiles", "must be between 1 and 100000"),
	Entry("more assets than the operator bears", "spec: {limits: {assetMiB: 5000}}", "spec.limits.assetMiB",
		"must be between 1 and 4096"),
	Entry("an output that has no place", "spec: {commandOutput: Logs}", "spec.commandOutput",
		`supported values: "Status", "StoreOnly"`),
)

var _ = DescribeTable("what a profile may grant is taken",
	func(ctx context.Context, patch string) {
		_, err := tried(ctx, profile(patch))
		Expect(err).NotTo(HaveOccurred())
	},
	Entry("the smallest profile", "{}"),
	Entry("limits", "spec: {limits: {imageMiB: 2048, assetFiles: 20000, assetMiB: 1024}}"),
	Entry("an external id of all that AWS takes", "spec: {externalID: 'aZ09_+=,.@:/-'}"),
	Entry("more limits", "spec: {limits: {stagesPerNamespace: 5, memoryMiB: 1024, reservedConcurrency: 100}}"),
	Entry("marks to adopt, whole or their beginnings",
		"spec: {adopt: [old-cluster, old-cluster/shop, 0c7b2a34-9d8e/shop/production/7ae28e41-84eb-4196-bbb2-cda82aaf6ec6]}"),
	Entry("all namespaces", "spec: {allowedNamespaces: {}}"),
	Entry("a region of the government cloud", "spec: {region: us-gov-west-1}"),
	Entry("a role of China", "spec: {region: cn-north-1, roleARN: 'arn:aws-cn:iam::123456789012:role/path/aloft'}"),
)
