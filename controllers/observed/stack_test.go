package observed_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/wire"
	"github.com/aloft-dev/aloft/test/tenant"
)

var (
	lookApp        = release.Step{Action: release.ActionLook, Part: release.PartApp}
	lookFoundation = release.Step{Action: release.ActionLook, Part: release.PartFoundation}
)

const (
	oneQueue = `{"Parameters":{"Bucket":{"Type":"String","Default":"b"}},
		"Resources":{"Jobs":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":"jobs"}}},
		"Outputs":{"Rendering":{"Value":"h1"}}}`
	// Mails is refused, and what was begun beside it is cancelled for that.
	badQueue = `{"Resources":{"Jobs":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":"jobs"}},
		"Mails":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":"mails","VisibilityTimeout":99999}}},
		"Outputs":{"Rendering":{"Value":"h2"}}}`
)

// queues is a template of that many queues.
func queues(count int) string {
	list := make([]string, count)
	for i := range list {
		list[i] = fmt.Sprintf(`"Jobs%d":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":"jobs-%d"}}`, i, i)
	}
	return `{"Resources":{` + strings.Join(list, ",") + `}}`
}

func TestAStackThatIsNotThereIsSeenAsThat(t *testing.T) {
	for _, step := range []release.Step{lookApp, lookFoundation} {
		v := newView(t)
		seen := v.look(step)
		got := seen.App
		if step.Part == release.PartFoundation {
			got = seen.Foundation
		}
		if got == nil || got.Exists || got.Foreign != "" || got.Name == "" {
			t.Errorf("seen is %+v", got)
		}
	}
}

func TestAStackIsSeenWithAllThatAWSTellsOfIt(t *testing.T) {
	v := newView(t)
	before := time.Now().Add(-time.Second)
	v.app(oneQueue, "first", own()...)
	got := v.look(lookApp).App
	if !got.Exists || got.Status != "CREATE_COMPLETE" || got.Owner != tenant.Owner || got.Foreign != "" ||
		got.Name != v.Names.AppStack {
		t.Errorf("seen is %+v", got)
	}
	if !strings.HasPrefix(got.ID, "arn:aws:cloudformation:") || string(got.Template) != oneQueue {
		t.Errorf("its id is %q, its template %q", got.ID, got.Template)
	}
	if !maps.Equal(got.Outputs, map[string]string{"Rendering": "h1"}) ||
		!maps.Equal(got.Parameters, map[string]string{"Bucket": "b"}) {
		t.Errorf("it has the outputs %v and the parameters %v", got.Outputs, got.Parameters)
	}
	if got.ChangedAt.Before(before) || got.Failure != "" || got.ChangeSet != nil {
		t.Errorf("it was changed at %s, failed by %q, with the change set %+v", got.ChangedAt, got.Failure,
			got.ChangeSet)
	}
}

func TestAnUpdateIsSeenByItsTime(t *testing.T) {
	clock := wire.NewManualClock(time.Now())
	v := newView(t, func(o *localaws.Options) { o.Clock = clock })
	v.app(oneQueue, "first", own()...)
	created := v.look(lookApp).App.ChangedAt
	clock.Advance(time.Hour)
	v.app(strings.Replace(oneQueue, "h1", "h2", 1), "second", own()...)
	got := v.look(lookApp).App
	if got.Status != "UPDATE_COMPLETE" || got.Outputs["Rendering"] != "h2" ||
		got.ChangedAt.Sub(created).Round(time.Minute) != time.Hour {
		t.Errorf("seen is %s with %v, %s after its creation", got.Status, got.Outputs, got.ChangedAt.Sub(created))
	}
}

func TestATemplateIsReadOnceForEachOperation(t *testing.T) {
	v := newView(t)
	v.app(oneQueue, "first", own()...)
	v.Before = v.look(lookApp).App
	since := v.Local.Calls().End()
	if got := v.look(lookApp).App; string(got.Template) != oneQueue {
		t.Errorf("the template is %q", got.Template)
	}
	if calls := v.Local.Calls().Since(since).Names(); !slices.Equal(calls, []string{"cloudformation:DescribeStacks"}) {
		t.Errorf("asked was %v", calls)
	}
	after := strings.Replace(oneQueue, "h1", "h2", 1)
	v.app(after, "second", own()...)
	if got := v.look(lookApp).App; string(got.Template) != after {
		t.Errorf("after an update the template is %q", got.Template)
	}
	for why, other := range map[string]func(*release.Stack){
		"another stack had the name": func(s *release.Stack) { s.ID = "arn:aws:cloudformation:other" },
		"it was rolled back since":   func(s *release.Stack) { s.Status = "UPDATE_ROLLBACK_COMPLETE" },
	} {
		before := *v.look(lookApp).App
		before.Template = []byte("{}")
		other(&before)
		v.Before = &before
		if got := v.look(lookApp).App; string(got.Template) != after {
			t.Errorf("%s, and the template is %q", why, got.Template)
		}
	}
}

func TestAStackOfSomeoneElseIsForeign(t *testing.T) {
	for why, tags := range map[string][]types.Tag{
		"another stage's":            tagged("cluster/other/stage", tenant.NamespaceUID),
		"the same stage's elsewhere": tagged("another/clouder/production", tenant.NamespaceUID),
		"what the former tenant of a namespace of that name has left": tagged(tenant.Owner, "uid-of-another-clouder"),
		"one whose namespace is not known":                            tagged(tenant.Owner, "")[:1],
		"nobody's, by hand or by CDK":                                 nil,
	} {
		t.Run(why, func(t *testing.T) {
			for _, stack := range []string{newView(t).Names.AppStack, newView(t).Names.FoundationStack} {
				v := newView(t)
				v.begin(stack, oneQueue, "first", tags...)
				v.settled(stack)
				seen := v.look(release.Step{Part: release.PartApp})
				got := seen.App
				if stack == v.Names.FoundationStack {
					got = v.look(lookFoundation).Foundation
				}
				want := fmt.Sprintf("stack %s exists and belongs to %q", stack, release.Mark(got.Owner, got.NamespaceUID))
				if !got.Exists || got.Foreign != want || got.Template != nil {
					t.Errorf("seen is %+v", got)
				}
			}
		})
	}
}

func TestAStackThatThePlatformTeamGaveIsTheStages(t *testing.T) {
	v := newView(t)
	v.Ownership.Adopt = []string{"old"}
	v.app(oneQueue, "first", tagged("old/clouder/production", "uid-of-old")...)
	if got := v.look(lookApp).App; got.Foreign != "" || !got.Adopted || got.Outputs["Rendering"] != "h1" {
		t.Errorf("seen is %+v", got)
	}
	v.app(oneQueue, "second", own()...)
	if got := v.look(lookApp).App; got.Foreign != "" || got.Adopted {
		t.Errorf("once it is marked as the stage's own, seen is %+v", got)
	}
}

func TestNothingMoreIsAskedOfAStackOfSomeoneElse(t *testing.T) {
	v := newView(t)
	v.app(oneQueue, "first", tagged("cluster/other/stage", tenant.NamespaceUID)...)
	since := v.Local.Calls().End()
	v.look(release.Step{Part: release.PartApp, ChangeSet: "change"})
	if calls := v.Local.Calls().Since(since).Names(); !slices.Equal(calls, []string{"cloudformation:DescribeStacks"}) {
		t.Errorf("asked was %v", calls)
	}
}

func TestNothingMoreIsAskedOfAStackWhoseOperationGoesOn(t *testing.T) {
	v := newView(t, func(o *localaws.Options) {
		o.Clock = wire.NewManualClock(time.Now()) // nobody moves it
		o.Settings = map[string]string{"cloudformation.settle.AWS::SQS::Queue": "1h"}
	})
	v.begin(v.Names.AppStack, oneQueue, "first", own()...)
	since := v.Local.Calls().End()
	got := v.look(lookApp).App
	if !got.Exists || got.Status != "CREATE_IN_PROGRESS" || got.Template != nil || got.Failure != "" {
		t.Errorf("seen is %s with the failure %q", got.Status, got.Failure)
	}
	asked := slices.DeleteFunc(v.Local.Calls().Since(since).Names(), func(call string) bool {
		return strings.HasPrefix(call, "sqs:") // of the operation that goes on
	})
	if !slices.Equal(asked, []string{"cloudformation:DescribeStacks"}) {
		t.Errorf("asked was %v", asked)
	}
}

func TestTheFoundationsTemplateIsReadWhenItIsNeeded(t *testing.T) {
	v := newView(t)
	v.begin(v.Names.FoundationStack, oneQueue, "first", own()...)
	v.settled(v.Names.FoundationStack)
	for _, needed := range []bool{false, true} {
		got := v.look(release.Step{Part: release.PartFoundation, Template: needed}).Foundation
		if !got.Exists || (len(got.Template) > 0) != needed {
			t.Errorf("needed is %t: seen is %+v", needed, got)
		}
	}
}

func TestAStackThatSomeoneOnlyReviewedIsForeign(t *testing.T) {
	v := newView(t)
	_, err := v.Clients.CloudFormation.CreateChangeSet(t.Context(), &cloudformation.CreateChangeSetInput{
		StackName: aws.String(v.Names.AppStack), ChangeSetName: aws.String("first"),
		ChangeSetType: types.ChangeSetTypeCreate,
		TemplateBody:  aws.String(oneQueue),
	})
	v.Must(err)
	got := v.look(lookApp).App
	if !got.Exists || got.Status != "REVIEW_IN_PROGRESS" || got.Template != nil || got.Foreign == "" {
		t.Errorf("seen is %+v", got)
	}
}

func TestAStackThatCannotBeDeletedTellsWhy(t *testing.T) {
	v := newView(t)
	v.app(`{"Resources":{"Store":{"Type":"AWS::S3::Bucket","Properties":{"BucketNamePrefix":"`+v.Names.BucketPrefix+
		`","BucketNamespace":"account-regional"}}}}`, "first",
		own()...)
	v.Store("kept", "{}") // CloudFormation deletes no bucket with objects
	_, err := v.Clients.CloudFormation.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{
		StackName: aws.String(v.Names.AppStack), ClientRequestToken: aws.String("delete"),
	})
	v.Must(err)
	v.settled(v.Names.AppStack)
	got := v.look(lookApp).App
	if got.Status != "DELETE_FAILED" || got.Token != "delete" ||
		!strings.HasPrefix(got.Failure, "AWS::S3::Bucket Store DELETE_FAILED: ") {
		t.Errorf("seen is %s by %q for %q", got.Status, got.Token, got.Failure)
	}
}

func TestADeletedStackIsSeenAsAbsent(t *testing.T) {
	v := newView(t)
	v.app(oneQueue, "first", own()...)
	_, err := v.Clients.CloudFormation.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{
		StackName: aws.String(v.Names.AppStack),
	})
	v.Must(err)
	for range 4000 {
		if got := v.look(lookApp).App; !got.Exists {
			if got.Foreign != "" || got.Template != nil {
				t.Errorf("seen is %+v", got)
			}
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Error("the stack is not deleted")
}
