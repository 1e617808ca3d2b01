package api_test

import (
	"context"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// refused asks for a refusal that names the field and the remedy.
func refused(err error, field, remedy string) {
	GinkgoHelper()
	Expect(err).To(HaveOccurred(), "it was taken")
	Expect(apierrors.IsInvalid(err)).To(BeTrue(), "refused for another reason: %v", err)
	Expect(err.Error()).To(And(ContainSubstring(field+": "), ContainSubstring(remedy)))
}

const worker = "name: default, queues: [{name: default}]"

var _ = DescribeTable("a Stage that cannot be deployed is refused with the field and the remedy",
	func(ctx context.Context, patch, field, remedy string) {
		_, err := tried(ctx, stage(patch))
		refused(err, field, remedy)
	},
	Entry("no profile", "spec: {profileRef: null}", "spec.profileRef", "Required value"),
	Entry("no tag", "spec: {image: {tag: null}}", "spec.image.tag", "Required value"),
	Entry("the tag latest", "spec: {image: {tag: latest}}", "spec.image.tag", "use a commit id or a version"),
	Entry("a tag with a slash", "spec: {image: {tag: feature/x}}", "spec.image.tag", "hold only these, dots and dashes"),
	Entry("a tag in the repository", "spec: {image: {repository: 'ghcr.io/acme/clouder:1'}}", "spec.image.repository",
		"use spec.image.tag"),
	Entry("a digest in the repository", "spec: {image: {repository: 'ghcr.io/acme/clouder@sha256:00'}}",
		"spec.image.repository", "use spec.image.tag and spec.image.digest"),
	Entry("a repository without a registry", "spec: {image: {repository: nginx}}", "spec.image.repository",
		"such as ghcr.io/acme/clouder or docker.io/library/nginx"),
	Entry("a repository with capitals", "spec: {image: {repository: ghcr.io/Acme/clouder}}", "spec.image.repository",
		"in lower case"),
	Entry("half a digest", "spec: {image: {digest: 'sha256:00'}}", "spec.image.digest",
		"64 hexadecimal digits; leave it out to follow the tag"),
	Entry("assets without a source", "spec: {assets: {}}", "spec.assets", "leave assets out when the build has none"),
	Entry("a relative assets path", "spec: {assets: {fromImage: {path: public}}}", "spec.assets.fromImage.path",
		"such as /var/www/public"),
	Entry("an assets path that climbs", "spec: {assets: {fromImage: {path: /var/../etc}}}", "spec.assets.fromImage.path",
		"without . and .."),
	Entry("a private file to publish by an absolute path",
		"spec: {assets: {fromImage: {path: /www, include: [/www/.env]}}}", "spec.assets.fromImage.include",
		"each must be a path below the folder"),
	Entry("private files to publish by a pattern in the middle",
		"spec: {assets: {fromImage: {path: /www, include: ['docs/*.yaml']}}}", "spec.assets.fromImage.include",
		"or an ending such as *.yaml"),
	Entry("an assets path that ends in a slash", "spec: {assets: {fromImage: {path: /public/}}}",
		"spec.assets.fromImage.path", "without a slash at its end"),
	Entry("no way back", "spec: {retention: {releases: 1}}", "spec.retention.releases", "greater than or equal to 2"),
	Entry("a policy that does not exist", "spec: {deletionPolicy: Keep}", "spec.deletionPolicy",
		`supported values: "Retain", "Delete"`),
	Entry("an architecture that Lambda lacks", "spec: {manifest: {architecture: riscv64}}", "spec.manifest.architecture",
		`supported values: "amd64", "arm64"`),
	Entry("a variable that is no variable", "spec: {manifest: {environment: {my-key: x}}}", "spec.manifest",
		"environment: names must be letters, digits and underscores"),
	Entry("more variables than all the operator's Stages have room for",
		"spec: {manifest: {environment: {"+variables(17)+"}}}", "spec.manifest",
		"environment: names and values may have at most 262144 characters together"),
	Entry("a variable of the runtime", "spec: {manifest: {environment: {ALOFT_ROLE: x}}}", "spec.manifest",
		"environment: names that begin with AWS_ or ALOFT_ are reserved: rename"),
	Entry("a variable of Lambda", "spec: {manifest: {environment: {AWS_REGION: x}}}", "spec.manifest",
		"environment: names that begin with AWS_ or ALOFT_ are reserved: rename"),
	Entry("a secret without a source", "spec: {manifest: {secrets: [{name: env}]}}", "spec.manifest.secrets[0]",
		"needs secretRef"),
	Entry("two secrets of one name",
		"spec: {manifest: {secrets: [{name: env, secretRef: {name: a}}, {name: env, secretRef: {name: b}}]}}",
		"spec.manifest.secrets[1]", "Duplicate value"),
	Entry("a port that is none", "spec: {manifest: {runtime: {http: {port: 70000}}}}", "spec.manifest.runtime.http.port",
		"less than or equal to 65535"),
	Entry("a port that only root may listen on", "spec: {manifest: {runtime: {http: {port: 80}}}}",
		"spec.manifest.runtime.http.port", "let the server listen on another one, such as 8080"),
	Entry("Lambda's own port", "spec: {manifest: {runtime: {http: {port: 9001}}}}",
		"spec.manifest.runtime.http.port", "port 9001 is Lambda's own"),
	Entry("a path of readiness that is none", "spec: {manifest: {http: {healthPath: 'up?deep=1'}}}",
		"spec.manifest.http.healthPath", "begins with /, without query"),
	Entry("too little memory", "spec: {manifest: {http: {memoryMiB: 64}}}", "spec.manifest.http.memoryMiB",
		"greater than or equal to 128"),
	Entry("a request longer than API Gateway waits", "spec: {manifest: {http: {timeoutSeconds: 60}}}",
		"spec.manifest.http.timeoutSeconds", "less than or equal to 30"),
	Entry("a command longer than Lambda runs", "spec: {manifest: {cli: {timeoutSeconds: 1000}}}",
		"spec.manifest.cli.timeoutSeconds", "less than or equal to 900"),
	Entry("a schedule with a capital", "spec: {manifest: {schedules: [{name: Nightly, rateMinutes: 1, command: [x]}]}}",
		"spec.manifest.schedules[0].name", "only lower-case letters"),
	Entry("a schedule without a time", "spec: {manifest: {schedules: [{name: a, command: [x]}]}}",
		"spec.manifest.schedules[0]", "exactly one of cron and rateMinutes"),
	Entry("a schedule with two times",
		"spec: {manifest: {schedules: [{name: a, rateMinutes: 1, cron: '0 3 * * ? *', command: [x]}]}}",
		"spec.manifest.schedules[0]", "exactly one of cron and rateMinutes"),
	Entry("a cron of five fields", "spec: {manifest: {schedules: [{name: a, cron: '10 13 * * *', command: [x]}]}}",
		"spec.manifest.schedules[0].cron", "six fields"),
	Entry("a cron without a question mark",
		"spec: {manifest: {schedules: [{name: a, cron: '0 3 * * * *', command: [x]}]}}", "spec.manifest.schedules[0].cron",
		"must be ?: write 0 3 * * ? * for each day"),
	Entry("an empty command", "spec: {manifest: {deployCommands: [{name: a, command: []}]}}",
		"spec.manifest.deployCommands[0].command", "at least 1 items"),
	Entry("a command without a program", "spec: {manifest: {deployCommands: [{name: a, command: ['']}]}}",
		"spec.manifest.deployCommands[0].command", "names the program"),
	Entry("a command longer than its places take",
		"spec: {manifest: {deployCommands: [{name: a, command: ["+strings.TrimSuffix(strings.Repeat(
			strings.Repeat("x", 1000)+", ", 5), ", ")+"]}]}}",
		"spec.manifest.deployCommands[0].command", "at most 4096 characters together: put what is longer into a script"),
	Entry("two commands of one name",
		"spec: {manifest: {deployCommands: [{name: a, command: [x]}, {name: a, command: [y]}]}}",
		"spec.manifest.deployCommands[1]", "Duplicate value"),
	Entry("a deploy command that outlives its function",
		"spec: {manifest: {cli: {timeoutSeconds: 60}, deployCommands: [{name: a, command: [x]}]}}", "spec.manifest",
		"deployCommands: timeoutSeconds must not exceed cli.timeoutSeconds: raise"),
	Entry("deploy commands in a function that is stopped",
		"spec: {manifest: {cli: {reservedConcurrency: 0}, deployCommands: [{name: a, command: [x], timeoutSeconds: 60}]}}",
		"spec.manifest", "which cli.reservedConcurrency 0 stops: raise it, or remove the commands"),
	Entry("a worker that does nothing", "spec: {manifest: {workers: [{"+worker+"}]}}", "spec.manifest.workers[0]",
		"exactly one of command and httpPath"),
	Entry("a worker that does two things", "spec: {manifest: {workers: [{"+worker+", command: [x], httpPath: /jobs}]}}",
		"spec.manifest.workers[0]", "exactly one of command and httpPath"),
	Entry("a worker path without a slash", "spec: {manifest: {workers: [{"+worker+", httpPath: jobs}]}}",
		"spec.manifest.workers[0].httpPath", "begins with /"),
	Entry("a worker without queues", "spec: {manifest: {workers: [{name: a, queues: [], command: [x]}]}}",
		"spec.manifest.workers[0].queues", "at least 1 items"),
	Entry("a queue with two workers",
		"spec: {manifest: {workers: [{name: a, queues: [{name: q}], command: [x]}, {name: b, queues: [{name: q}], "+
			"command: [x]}]}}", "spec.manifest", "each queue belongs to exactly one worker: remove"),
	Entry("a queue name that ends in a dash",
		"spec: {manifest: {workers: [{name: a, queues: [{name: q-}], command: [x]}]}}",
		"spec.manifest.workers[0].queues[0].name", "end with a letter or digit"),
	Entry("less concurrency than AWS allows",
		"spec: {manifest: {workers: [{"+worker+", command: [x], maxConcurrency: 1}]}}",
		"spec.manifest.workers[0].maxConcurrency", "greater than or equal to 2"),
	Entry("a reserve that one queue exceeds",
		"spec: {manifest: {workers: [{"+worker+", command: [x], reservedConcurrency: 1}]}}",
		"spec.manifest.workers[0]", "dead letters untried"),
	Entry("a reserve that the queues exceed together",
		"spec: {manifest: {workers: [{name: a, queues: [{name: q}, {name: r}], command: [x], maxConcurrency: 3, "+
			"reservedConcurrency: 5}]}}",
		"spec.manifest.workers[0]", "at least the number of queues times maxConcurrency"),
	Entry("a pause longer than SQS hides a message",
		"spec: {manifest: {workers: [{"+worker+", command: [x], backoffSeconds: [50000]}]}}",
		"spec.manifest.workers[0].backoffSeconds[0]", "less than or equal to 43200"),
	Entry("more functions than a stage may have", "spec: {manifest: {workers: ["+workers(29, 1)+"]}}",
		"spec.manifest.workers", "must have at most 28 items"),
	Entry("more queues than a stage may have", "spec: {manifest: {workers: ["+workers(13, 10)+"]}}", "spec.manifest",
		"at most 120 queues in all: split the stage"),
)

// workers writes so many workers with so many queues each.
func workers(count, queues int) string {
	var all []string
	for w := range count {
		var names []string
		for q := range queues {
			names = append(names, fmt.Sprintf("{name: q-%d-%d}", w, q))
		}
		all = append(all, fmt.Sprintf("{name: w%d, command: [x], queues: [%s]}", w, strings.Join(names, ", ")))
	}
	return strings.Join(all, ", ")
}

var _ = DescribeTable("what can be deployed is taken",
	func(ctx context.Context, patch string) {
		_, err := tried(ctx, stage(patch))
		Expect(err).NotTo(HaveOccurred())
	},
	Entry("the smallest Stage", "{}"),
	Entry("a name of 40 characters", "metadata: {name: "+strings.Repeat("a", 40)+"}"),
	Entry("a registry with a port", "spec: {image: {repository: '127.0.0.1:5000/sample-app'}}"),
	Entry("a stopped function", "spec: {manifest: {http: {reservedConcurrency: 0}}}"),
	Entry("a worker that rests", "spec: {manifest: {workers: [{"+worker+", command: [x], reservedConcurrency: 0}]}}"),
	Entry("a worker whose queues share a reserve",
		"spec: {manifest: {workers: [{"+worker+", command: [x], reservedConcurrency: 2}]}}"),
	Entry("a path of readiness", "spec: {manifest: {http: {healthPath: /up}}}"),
	Entry("the most functions and queues", "spec: {manifest: {workers: ["+workers(12, 10)+"]}}"),
	Entry("28 workers", "spec: {manifest: {workers: ["+workers(28, 1)+"]}}"),
	Entry("a cron of weekdays",
		"spec: {manifest: {schedules: [{name: a, cron: '0/15 8-17 ? * MON-FRI *', command: [x]}]}}"),
	Entry("a cron of the last day", "spec: {manifest: {schedules: [{name: a, cron: '0 3 L * ? *', command: [x]}]}}"),
	Entry("a cron of the third Friday", "spec: {manifest: {schedules: [{name: a, cron: '0 3 ? * 6#3 *', command: [x]}]}}"),
	Entry("variables that override Aloft's own",
		"spec: {manifest: {environment: {ASSET_URL: https://cdn.example, SQS_PREFIX: x}}}"),
)

// The API server gives no path to a rule about the name, so the message itself carries it.
var _ = DescribeTable("a name that AWS could not carry is refused",
	func(ctx context.Context, name string) {
		_, err := tried(ctx, stage("metadata: {name: "+name+"}"))
		refused(err, "Invalid value",
			"metadata.name must be at most 40 characters without dots: it becomes part of AWS names")
	},
	Entry("too long", strings.Repeat("a", 41)),
	Entry("with a dot", "a.b"),
)

var _ = It("refuses a field that does not exist instead of dropping it", func(ctx context.Context) {
	_, err := tried(ctx, stage("spec: {manifest: {http: {memory: 512}}}"))
	Expect(err).To(MatchError(ContainSubstring(`unknown field "spec.manifest.http.memory"`)))
})

// variables are so many of the largest that there may be.
func variables(count int) string {
	list := make([]string, count)
	for i := range list {
		list[i] = fmt.Sprintf("V%d: %s", i, strings.Repeat("x", 16384))
	}
	return strings.Join(list, ", ")
}
