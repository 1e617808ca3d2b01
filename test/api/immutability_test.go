package api_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("what a stage's life hangs on", func() {
	const two = `spec: {manifest: {workers: [
		{name: a, queues: [{name: plain}, {name: orders, fifo: true}], command: [x]},
		{name: b, queues: [{name: mail, fifo: false}], command: [x]}]}}`

	It("keeps its profile", func(ctx context.Context) {
		refused(changed(ctx, applied(ctx, stage()), "spec: {profileRef: {name: other}}"),
			"spec.profileRef", "is immutable: a stage cannot move to another account; create a new Stage and delete this one")
	})

	DescribeTable("a queue keeps its kind",
		func(ctx context.Context, workers string) {
			err := changed(ctx, applied(ctx, stage(two)), "spec: {manifest: {workers: ["+workers+"]}}")
			refused(err, "spec.manifest",
				"fifo of a queue is immutable: add a queue of another name and remove this one when it is empty")
		},
		Entry("a plain one", "{name: a, queues: [{name: plain, fifo: true}], command: [x]}"),
		Entry("a fifo one", "{name: a, queues: [{name: orders}], command: [x]}"),
		Entry("also on its way to another worker", "{name: b, queues: [{name: orders}], command: [x]}"),
	)

	DescribeTable("all else may change",
		func(ctx context.Context, patch string) {
			Expect(changed(ctx, applied(ctx, stage(two)), patch)).To(Succeed())
		},
		Entry("the tag", "spec: {image: {tag: next}}"),
		Entry("the repository", "spec: {image: {repository: ghcr.io/acme/other}}"),
		Entry("the architecture", "spec: {manifest: {architecture: arm64}}"),
		Entry("a queue moves to another worker",
			"spec: {manifest: {workers: [{name: b, queues: [{name: orders, fifo: true}, {name: plain}], command: [x]}]}}"),
		Entry("a queue says what is the default anyway",
			"spec: {manifest: {workers: [{name: a, queues: [{name: plain, fifo: false}], command: [x]}]}}"),
		Entry("all workers go", "spec: {manifest: {workers: null}}"),
		Entry("the deletion policy", "spec: {deletionPolicy: Delete}"),
		Entry("suspension", "spec: {suspend: true}"),
	)

	DescribeTable("a profile keeps its place",
		func(ctx context.Context, patch, field string) {
			refused(changed(ctx, applied(ctx, profile()), patch), field,
				"is immutable, for stages live there: make another StageProfile")
		},
		Entry("its account", "spec: {accountID: '210987654321'}", "spec.accountID"),
		Entry("its region", "spec: {region: eu-west-1}", "spec.region"),
	)

	It("lets a profile change its roles and limits", func(ctx context.Context) {
		Expect(changed(ctx, applied(ctx, profile()),
			"spec: {roleARN: 'arn:aws:iam::123456789012:role/new', allowedNamespaces: {}, "+
				"deletionPolicy: Delete}")).To(Succeed())
	})
})
