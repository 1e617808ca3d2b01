package template_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
)

func TestOnlyWhatIsFreelyUpdatedGoesWithoutAChangeSet(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*release.Desired)
		direct bool
	}{
		"another build changes image, description and environment": {func(d *release.Desired) { d.BuildID = "v2" }, true},
		"memory":    {func(d *release.Desired) { d.Functions[0].MemoryMiB = 1024 }, true},
		"a timeout": {func(d *release.Desired) { d.Functions[0].TimeoutSeconds = 60 }, true},
		"a worker's command": {func(d *release.Desired) { d.Functions[0].Command = []string{"/app", "other"} },
			true},
		"a schedule is added":         {func(d *release.Desired) { withSchedule(d, "other", "/app") }, true},
		"a worker is added":           {func(d *release.Desired) { withWorker(d, "other", "other") }, true},
		"another role is a parameter": {func(d *release.Desired) { d.Names.RolePrefix = "other" }, false},
		"a reservation throttles": {func(d *release.Desired) { d.Functions[0].ReservedConcurrency = new(int32(1)) },
			false},
		"another architecture":          {func(d *release.Desired) { d.Image.Architecture = "arm64" }, false},
		"a schedule's command":          {func(d *release.Desired) { d.Schedules[0].Command = []string{"/other"} }, false},
		"a schedule that is removed":    {func(d *release.Desired) { d.Schedules = nil }, false},
		"a queue's visibility":          {func(d *release.Desired) { d.Queues[0].VisibilitySeconds++ }, false},
		"the attempts of a job":         {func(d *release.Desired) { d.Queues[0].MaxAttempts++ }, false},
		"a mapping's concurrency":       {func(d *release.Desired) { d.Queues[0].MaxConcurrency = nil }, false},
		"a queue moves to other hands":  {func(d *release.Desired) { d.Queues[0].Function = "mail-queue" }, false},
		"a removed queue loses entries": {func(d *release.Desired) { d.Queues = d.Queues[1:] }, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := full("v1")
			row.change(d)
			if got := template.Direct(readBack(t, released(full("v1"))), released(d)); got != row.direct {
				t.Errorf("direct: %v", got)
			}
		})
	}
}

func TestNothingIsUpdatedDirectlyBeforeThereIsAStack(t *testing.T) {
	if template.Direct(template.Rendering{}, released(full("v1"))) {
		t.Error("an update without a stack")
	}
}

// readBack is the rendering as it comes from CloudFormation.
func readBack(t *testing.T, r template.Rendering) template.Rendering {
	t.Helper()
	tpl, err := template.Parse(r.JSON())
	if err != nil {
		t.Fatal(err)
	}
	return template.Rendering{Template: tpl, Parameters: r.Parameters}
}

func TestRefusedChangeSets(t *testing.T) {
	const lambda, sqs, mapping = "AWS::Lambda::Function", "AWS::SQS::Queue", "AWS::Lambda::EventSourceMapping"
	d := full("v2")
	// the queue "orders" and the schedule are no longer asked for
	d.Queues, d.Schedules = slices.Delete(d.Queues, 1, 2), nil
	for _, row := range []struct {
		change release.Change
		want   string // part of the message; empty where the change is fine
		why    string
	}{
		{release.Change{LogicalID: "HttpFunction", Type: lambda, Action: "Modify", Replacement: "False"}, "", "a release"},
		{release.Change{LogicalID: "HttpFunction", Type: lambda, Action: "Modify", Replacement: "True"},
			"replace HttpFunction", "its versions and alias would be gone"},
		{release.Change{LogicalID: "HttpFunction", Type: lambda, Action: "Modify", Replacement: "Conditional"},
			"of function http", "it might be replaced"},
		{release.Change{LogicalID: "HttpFunction", Type: lambda, Action: "Remove"}, "still asks for", "the manifest has it"},
		{release.Change{LogicalID: "GoneWorkerFunction", Type: lambda, Action: "Remove"}, "",
			"the clean-up removes a worker that the manifest has no more"},
		{release.Change{LogicalID: "DefaultQueue", Type: sqs, Action: "Modify", Replacement: "True"}, "replace DefaultQueue",
			"it may hold messages"},
		{release.Change{LogicalID: "DefaultQueue", Type: sqs, Action: "Remove"}, "still asks for", "the manifest has it"},
		{release.Change{LogicalID: "OrdersQueue", Type: sqs, Action: "Remove"}, "", "retained by its deletion policy"},
		{release.Change{LogicalID: "DefaultMapping", Type: mapping, Action: "Remove"}, "still asks for",
			"jobs would pile up"},
		{release.Change{LogicalID: "DefaultMapping", Type: mapping, Action: "Modify", Replacement: "True"},
			"replace DefaultMapping", "Lambda refuses a second mapping of a queue"},
		{release.Change{LogicalID: "DefaultMapping", Type: mapping, Action: "Modify", Replacement: "Conditional"}, "",
			"CloudFormation cannot know: the queue's ARN stays"},
		{release.Change{LogicalID: "ApiPermission", Type: "AWS::Lambda::Permission", Action: "Remove"}, "of function http",
			"requests would fail"},
		{release.Change{LogicalID: "SchedulerSchedule", Type: "AWS::Events::Rule", Action: "Remove"}, "",
			"the manifest has the schedule no more"},
		{release.Change{LogicalID: "Api", Type: "AWS::ApiGatewayV2::Api", Action: "Modify", Replacement: "True"},
			"replace Api", "its address would change"},
		{release.Change{LogicalID: "Distribution", Type: "AWS::CloudFront::Distribution", Action: "Remove"},
			"cannot be without", "users come by it"},
		{release.Change{LogicalID: "NewQueue", Type: sqs, Action: "Add"}, "", "an addition"},
		{release.Change{LogicalID: "Bucket", Type: "AWS::S3::Bucket", Action: "Remove"}, "cannot be without",
			"it is never in question"},
	} {
		before, want := released(full("v1")), released(d)
		got := template.Refusal(before.Template, want.Template, d, []release.Change{
			{LogicalID: "X", Type: "Y", Action: "Add"}, row.change,
		})
		if (got == "") != (row.want == "") || !strings.Contains(got, row.want) {
			t.Errorf("%+v: %q, want %q because %s", row.change, got, row.want, row.why)
		}
	}
}

func TestTheFoundationIsGuardedToo(t *testing.T) {
	d := stage("v1")
	foundation := template.Foundation(d).Template
	for _, change := range []release.Change{
		{LogicalID: "Key", Type: "AWS::KMS::Key", Action: "Modify", Replacement: "True"},
		{LogicalID: "Repository", Type: "AWS::ECR::Repository", Action: "Remove"},
		{LogicalID: "CliRole", Type: "AWS::IAM::Role", Action: "Remove"},
	} {
		if template.Refusal(foundation, foundation, d, []release.Change{change}) == "" {
			t.Errorf("%+v is let through", change)
		}
	}
}

func TestTheStagesOwnRoleStaysBesideAProfilesRole(t *testing.T) {
	d := stage("v1")
	own := template.Foundation(d).Template.Resources["CliRole"]
	d.Account.FunctionRoleARN = "arn:aws:iam::123456789012:role/platform"
	requireEqual(t, "the role that live versions may still have", own,
		template.Foundation(d).Template.Resources["CliRole"])
}

func TestATemplateThatForgetsTheManifestIsNotBelieved(t *testing.T) {
	before := released(full("v1"))
	forgetful := released(stage("v2"))
	change := []release.Change{{LogicalID: "DefaultMapping", Type: "AWS::Lambda::EventSourceMapping", Action: "Remove"}}
	if template.Refusal(before.Template, forgetful.Template, full("v2"), change) == "" {
		t.Error("a worker that the manifest has would get no jobs any more")
	}
}
