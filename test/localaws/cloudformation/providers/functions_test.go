package providers_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	. "github.com/onsi/gomega"
)

var functionRole = `"Role":{"Type":"AWS::IAM::Role","Properties":{"AssumeRolePolicyDocument":` + trust + `,
	"Policies":[{"PolicyName":"p","PolicyDocument":` + policy("sqs:*") + `}]}}`

// function declares a function under a logical id that is its name as well, with further properties.
func function(name, image, more string) string {
	if more != "" {
		more = "," + more
	}
	return `"` + name + `":{"Type":"AWS::Lambda::Function","Properties":{"FunctionName":"` + strings.ToLower(name) +
		`","PackageType":"Image",
		"Role":{"Fn::GetAtt":["Role","Arn"]},"Code":{"ImageUri":"` + image + `"}` + more + `}}`
}

func (w *world) configuration(name string) *lambdatypes.FunctionConfiguration {
	out, err := lambda.NewFromConfig(w.Config()).GetFunction(w.ctx, &lambda.GetFunctionInput{FunctionName: &name})
	w.g.ExpectWithOffset(1, err).NotTo(HaveOccurred())
	return out.Configuration
}

func TestAFunctionIsUpdatedByNoMoreCallsThanItsChangesNeed(t *testing.T) {
	w := newWorld(t)
	registry := w.repository()
	one, two := w.push(registry, "one"), w.push(registry, "two")
	w.apply(template(functionRole, function("F", one, `"MemorySize":256,"Environment":{"Variables":{"AA":"1"}}`)))
	w.g.Expect(w.configuration("f").State).To(Equal(lambdatypes.StateActive))

	rows := []struct {
		why, image, more string
		calls            []string
	}{
		{"only the code", two, `"MemorySize":256,"Environment":{"Variables":{"AA":"1"}}`,
			[]string{"lambda:UpdateFunctionCode"}},
		{"only the configuration", two, `"MemorySize":512,"Environment":{"Variables":{"AA":"2"}}`,
			[]string{"lambda:UpdateFunctionConfiguration"}},
		{"back to the defaults", two, ``, []string{"lambda:UpdateFunctionConfiguration"}},
		{"only the concurrency", two, `"ReservedConcurrentExecutions":2`, []string{"lambda:PutFunctionConcurrency"}},
		{"without concurrency again", two, ``, []string{"lambda:DeleteFunctionConcurrency"}},
		{"only a tag", two, `"Tags":[{"Key":"k","Value":"v"}]`, []string{"lambda:TagResource"}},
		{"both", one, `"Tags":[{"Key":"k","Value":"v"}],"Description":"d"`,
			[]string{"lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"}},
	}
	for _, row := range rows {
		mark := w.Calls().End()
		w.apply(template(functionRole, function("F", row.image, row.more)))
		w.g.Expect(w.Calls().Since(mark).Service("lambda").Mutating().Names()).To(Equal(row.calls), row.why)
	}
	c := w.configuration("f")
	w.g.Expect(aws.ToInt32(c.MemorySize)).To(Equal(int32(128)))
	w.g.Expect(c.Environment == nil || len(c.Environment.Variables) == 0).To(BeTrue())
	w.remove()
}

func TestAnImageThatIsNotThereIsTheRootCause(t *testing.T) {
	w := newWorld(t)
	registry := w.repository()
	one, two := w.push(registry, "one"), w.push(registry, "two")
	missing := uri("sha256:" + strings.Repeat("0", 64))
	w.apply(template(functionRole, function("A", one, ""), function("B", one, "")))
	dependent := strings.Replace(function("B", missing, ""), `"Properties"`, `"DependsOn":"A","Properties"`, 1)
	stack := w.attempt(template(functionRole, function("A", two, ""), dependent))
	w.g.Expect(stack.StackStatus).To(Equal(types.StackStatusUpdateRollbackComplete))
	w.g.Expect(w.failures()).To(MatchRegexp(`^B: Resource handler returned message: "Source image .*does not exist.* ` +
		`\(Service: Lambda, Status Code: 400, Request ID: .+\)" \(RequestToken: .+, HandlerErrorCode: InvalidRequest\)$`))
	w.g.Expect(w.configuration("a").CodeSha256).NotTo(BeNil())
	w.g.Expect(w.digest("a")).To(Equal(one), "the rollback called Lambda again")
}

func TestARollbackWaitsForASiblingsUpdate(t *testing.T) {
	w := newWorldWith(t, map[string]string{"lambda.update": "700ms"})
	registry := w.repository()
	one, two := w.push(registry, "one"), w.push(registry, "two")
	missing := uri("sha256:" + strings.Repeat("0", 64))
	w.apply(template(functionRole, function("A", one, ""), function("B", one, "")))
	stack := w.attempt(template(functionRole, function("A", two, ""), function("B", missing, "")))
	w.g.Expect(stack.StackStatus).To(Equal(types.StackStatusUpdateRollbackComplete), w.failures())
	w.g.Expect(w.digest("a")).To(Equal(one), "the sibling is what it was")
}

func (w *world) digest(name string) string {
	out, err := lambda.NewFromConfig(w.Config()).GetFunction(w.ctx, &lambda.GetFunctionInput{FunctionName: &name})
	w.g.ExpectWithOffset(1, err).NotTo(HaveOccurred())
	return aws.ToString(out.Code.ImageUri)
}

func TestARollbackToADeletedImageFails(t *testing.T) {
	w := newWorld(t)
	registry := w.repository()
	one, two := w.push(registry, "one"), w.push(registry, "two")
	missing := uri("sha256:" + strings.Repeat("0", 64))
	w.apply(template(functionRole, function("A", one, ""), function("B", two, "")))
	w.forget(registry, one)
	dependent := strings.Replace(function("B", missing, ""), `"Properties"`, `"DependsOn":"A","Properties"`, 1)
	stack := w.attempt(template(functionRole, function("A", two, ""), dependent))
	w.g.Expect(stack.StackStatus).To(Equal(types.StackStatusUpdateRollbackFailed))
	w.g.Expect(*stack.StackStatusReason).To(Equal("The following resource(s) failed to update: [A]. "))
}

func TestAFunctionWhoseNameIsTakenIsNotAdopted(t *testing.T) {
	w := newWorld(t)
	registry := w.repository()
	one := w.push(registry, "one")
	w.apply(template(functionRole))
	_, err := lambda.NewFromConfig(w.Config()).CreateFunction(w.ctx, &lambda.CreateFunctionInput{
		FunctionName: aws.String("f"), PackageType: lambdatypes.PackageTypeImage,
		Role: aws.String("arn:aws:iam::123456789012:role/" + w.physical("Role")),
		Code: &lambdatypes.FunctionCode{ImageUri: &one},
	})
	w.g.Expect(err).NotTo(HaveOccurred())
	stack := w.attempt(template(functionRole, function("F", one, "")))
	w.g.Expect(stack.StackStatus).To(Equal(types.StackStatusUpdateRollbackComplete))
	w.g.Expect(w.failures()).To(ContainSubstring("HandlerErrorCode: AlreadyExists)"))
	w.g.Expect(w.configuration("f").State).NotTo(BeEmpty(), "the foreign function is still there")
}

func TestEntryResourcesFollowAnAliasThatTheStackDoesNotOwn(t *testing.T) {
	w := newWorld(t)
	registry := w.repository()
	one := w.push(registry, "one")
	base := []string{functionRole, function("F", one, ""),
		`"Queue":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":"jobs"}}`}
	w.apply(template(base...))
	client := lambda.NewFromConfig(w.Config())
	version, err := client.PublishVersion(w.ctx, &lambda.PublishVersionInput{FunctionName: aws.String("f")})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Eventually(func() lambdatypes.State {
		out, err := client.GetFunction(w.ctx, &lambda.GetFunctionInput{
			FunctionName: aws.String("f"), Qualifier: version.Version,
		})
		w.g.Expect(err).NotTo(HaveOccurred())
		return out.Configuration.State
	}).Should(Equal(lambdatypes.StateActive))
	_, err = client.CreateAlias(w.ctx, &lambda.CreateAliasInput{
		FunctionName: aws.String("f"), Name: aws.String("live"), FunctionVersion: version.Version,
	})
	w.g.Expect(err).NotTo(HaveOccurred())

	entry := func(batch, retries string) []string {
		return append(slices.Clip(base),
			`"Invoke":{"Type":"AWS::Lambda::Permission","Properties":{"Action":"lambda:InvokeFunction",`+
				`"Principal":"events.amazonaws.com","FunctionName":{"Fn::Sub":"${F.Arn}:live"},`+
				`"SourceArn":{"Fn::GetAtt":["Rule","Arn"]}}}`,
			`"Mapping":{"Type":"AWS::Lambda::EventSourceMapping","Properties":{"FunctionName":{"Fn::Sub":"${F.Arn}:live"},`+
				`"EventSourceArn":{"Fn::GetAtt":["Queue","Arn"]},"BatchSize":`+batch+
				`,"FunctionResponseTypes":["ReportBatchItemFailures"],"ScalingConfig":{"MaximumConcurrency":2}}}`,
			`"Async":{"Type":"AWS::Lambda::EventInvokeConfig","Properties":{"FunctionName":{"Ref":"F"},"Qualifier":"live",`+
				`"MaximumRetryAttempts":`+retries+`}}`,
			`"Rule":{"Type":"AWS::Events::Rule","Properties":{"ScheduleExpression":"rate(1 hour)","Targets":[{"Id":"f",`+
				`"Arn":{"Fn::Sub":"${F.Arn}:live"}}]}}`)
	}
	w.apply(template(entry("1", "0")...))
	mapping := w.physical("Mapping")
	w.apply(template(entry("5", "1")...))
	w.g.Expect(w.physical("Mapping")).To(Equal(mapping))
	found, err := client.GetEventSourceMapping(w.ctx, &lambda.GetEventSourceMappingInput{UUID: &mapping})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(aws.ToInt32(found.BatchSize)).To(Equal(int32(5)))
	granted, err := client.GetPolicy(w.ctx, &lambda.GetPolicyInput{
		FunctionName: aws.String("f"), Qualifier: aws.String("live"),
	})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(*granted.Policy).To(ContainSubstring("events.amazonaws.com"))

	w.apply(template(base...))
	_, err = client.GetEventSourceMapping(w.ctx, &lambda.GetEventSourceMappingInput{UUID: &mapping})
	w.g.Expect(err).To(HaveOccurred(), "the clean-up removed the entry resources")
	alias, err := client.GetAlias(w.ctx, &lambda.GetAliasInput{FunctionName: aws.String("f"), Name: aws.String("live")})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(alias.FunctionVersion).To(Equal(version.Version), "no stack operation touched the alias")
	w.remove()
}

func TestAnAliasIsMadeMovedAndRemoved(t *testing.T) {
	w := newWorld(t)
	one := w.push(w.repository(), "one")
	alias := func(version, description string) string {
		return `"Alias":{"Type":"AWS::Lambda::Alias","Properties":{"FunctionName":{"Ref":"F"},"Name":"live",` +
			`"FunctionVersion":"` + version + `","Description":"` + description + `"}}`
	}
	w.apply(template(functionRole, function("F", one, ""), alias("$LATEST", "")))
	arn := w.physical("Alias")
	w.g.Expect(arn).To(HaveSuffix(":function:f:live"))
	client := lambda.NewFromConfig(w.Config())
	version, err := client.PublishVersion(w.ctx, &lambda.PublishVersionInput{FunctionName: aws.String("f")})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Eventually(func() lambdatypes.State {
		out, err := client.GetFunctionConfiguration(w.ctx, &lambda.GetFunctionConfigurationInput{
			FunctionName: aws.String("f"), Qualifier: version.Version,
		})
		w.g.Expect(err).NotTo(HaveOccurred())
		return out.State
	}).Should(Equal(lambdatypes.StateActive))
	w.apply(template(functionRole, function("F", one, ""), alias(*version.Version, "d")))
	got, err := client.GetAlias(w.ctx, &lambda.GetAliasInput{FunctionName: aws.String("f"), Name: aws.String("live")})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(*got.FunctionVersion + *got.Description).To(Equal(*version.Version + "d"))
	w.g.Expect(w.physical("Alias")).To(Equal(arn))
	w.apply(template(functionRole, function("F", one, "")))
	_, err = client.GetAlias(w.ctx, &lambda.GetAliasInput{FunctionName: aws.String("f"), Name: aws.String("live")})
	w.g.Expect(err).To(MatchError(ContainSubstring("ResourceNotFoundException")))
	w.remove()
}

func TestAFunctionThatDoesNotBecomeReadyFailsItsResource(t *testing.T) {
	w := newWorld(t)
	registry := w.repository()
	one, damaged := w.push(registry, "one"), w.pushImage(registry, "damaged", w.damaged())
	w.apply(template(functionRole, function("A", one, "")))
	stack := w.attempt(template(functionRole, function("A", damaged, "")))
	w.g.Expect(stack.StackStatus).To(Equal(types.StackStatusUpdateRollbackComplete))
	w.g.Expect(w.failures()).To(MatchRegexp(
		`^A: Resource handler returned message: "Function update failed: InvalidImage: .*HandlerErrorCode: NotStabilized\)$`,
	))
	w.g.Expect(w.digest("a")).To(Equal(one))

	stack = w.attempt(template(functionRole, function("A", one, ""), function("B", damaged, "")))
	w.g.Expect(stack.StackStatus).To(Equal(types.StackStatusUpdateRollbackComplete))
	w.g.Expect(w.failures()).To(
		HavePrefix("B: Resource handler returned message: \"Function creation failed: InvalidImage: "),
	)
	_, err := lambda.NewFromConfig(w.Config()).GetFunction(w.ctx, &lambda.GetFunctionInput{FunctionName: aws.String("b")})
	w.g.Expect(err).To(MatchError(ContainSubstring("ResourceNotFoundException")),
		"the rollback removed what had been created")
}
