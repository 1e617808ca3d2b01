package observed_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

var lookChangeSet = release.Step{Action: release.ActionLook, Part: release.PartApp, ChangeSet: "change-1"}

// change makes a change set of the application stack.
func (v *view) change(template string) {
	v.t.Helper()
	_, err := v.Clients.CloudFormation.CreateChangeSet(v.t.Context(), &cloudformation.CreateChangeSetInput{
		StackName: aws.String(v.Names.AppStack), ChangeSetName: aws.String("change-1"),
		TemplateBody: aws.String(template),
	})
	v.Must(err)
}

// changed looks at the change set until it is no longer being made.
func (v *view) changed() *release.ChangeSet {
	v.t.Helper()
	for range 4000 {
		got := v.look(lookChangeSet).App.ChangeSet
		if got == nil || !strings.HasSuffix(got.Status, "_PENDING") && !strings.HasSuffix(got.Status, "_IN_PROGRESS") {
			return got
		}
		time.Sleep(time.Millisecond)
	}
	v.t.Fatal("the change set is not made")
	return nil
}

func TestAChangeSetIsSeenWithItsChanges(t *testing.T) {
	v := newView(t)
	v.app(oneQueue, "first", own()...)
	v.change(strings.NewReplacer(`"QueueName":"jobs"`, `"QueueName":"works"`,
		`"Resources":{`, `"Resources":{"Mails":{"Type":"AWS::SQS::Queue"},`).Replace(oneQueue))
	got := v.changed()
	if got.Name != "change-1" || got.Status != "CREATE_COMPLETE" || got.Execution != "AVAILABLE" {
		t.Errorf("seen is %+v", got)
	}
	slices.SortFunc(got.Changes, func(a, b release.Change) int { return strings.Compare(a.LogicalID, b.LogicalID) })
	want := []release.Change{
		{LogicalID: "Jobs", Type: "AWS::SQS::Queue", Action: "Modify", Replacement: "True"},
		{LogicalID: "Mails", Type: "AWS::SQS::Queue", Action: "Add"},
	}
	if !slices.Equal(got.Changes, want) {
		t.Errorf("the changes are %+v", got.Changes)
	}
}

func TestAllPagesOfAChangeSetAreRead(t *testing.T) {
	v := newView(t)
	v.app(oneQueue, "first", own()...)
	v.change(queues(201)) // CloudFormation tells a hundred at once; one queue of the stack goes
	since := v.Local.Calls().End()
	if got := v.changed(); len(got.Changes) != 202 {
		t.Errorf("%d changes are seen", len(got.Changes))
	}
	if pages := v.Local.Calls().Since(since).Operation("cloudformation:DescribeChangeSet"); len(pages) < 3 {
		t.Errorf("%d pages were read", len(pages))
	}
}

func TestAChangeSetThatChangesNothingSaysWhy(t *testing.T) {
	v := newView(t)
	v.app(oneQueue, "first", own()...)
	v.change(oneQueue)
	if got := v.changed(); got.Status != "FAILED" || got.Execution != "UNAVAILABLE" || got.Reason == "" ||
		len(got.Changes) != 0 {
		t.Errorf("seen is %+v", got)
	}
}

func TestAChangeSetThatIsBeingMadeIsSeenAsThat(t *testing.T) {
	clock := wire.NewManualClock(time.Now())
	v := newView(t, func(o *localaws.Options) {
		o.Clock, o.Settings = clock, map[string]string{"cloudformation.changeset": "1h"}
	})
	v.app(oneQueue, "first", own()...)
	v.change(queues(1))
	if got := v.look(lookChangeSet).App.ChangeSet; got.Status != "CREATE_PENDING" &&
		got.Status != "CREATE_IN_PROGRESS" {
		t.Errorf("seen is %+v", got)
	}
}

func TestAChangeSetThatIsNotThereHasNoStatus(t *testing.T) {
	v := newView(t)
	v.app(oneQueue, "first", own()...)
	got := v.look(lookChangeSet).App.ChangeSet
	if got == nil || got.Name != "change-1" || got.Status != "" || got.Execution != "" {
		t.Errorf("seen is %+v", got)
	}
}

func TestAChangeSetIsNotLookedForUnlessItIsAskedFor(t *testing.T) {
	v := newView(t)
	v.app(oneQueue, "first", own()...)
	v.change(queues(1))
	v.changed()
	if got := v.look(lookApp).App.ChangeSet; got != nil {
		t.Errorf("seen is %+v", got)
	}
}

func TestAChangeSetOfTheFoundationIsSeenToo(t *testing.T) {
	v := newView(t)
	v.begin(v.Names.FoundationStack, oneQueue, "first", own()...)
	v.settled(v.Names.FoundationStack)
	got := v.look(release.Step{Part: release.PartFoundation, ChangeSet: "change-1"}).Foundation.ChangeSet
	if got == nil || got.Status != "" {
		t.Errorf("seen is %+v", got)
	}
}
