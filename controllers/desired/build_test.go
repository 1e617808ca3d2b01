package desired_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/desired"
	"github.com/aloft-dev/aloft/controllers/release"
)

func TestFunctionsAreInTheOrderOfActivation(t *testing.T) {
	in := edited(reverse)
	var names []string
	for _, f := range desired.Build(in).Functions {
		names = append(names, f.Name)
	}
	if diff := cmp.Diff([]string{"default-queue", "mail-queue", "cli", "http"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestDeployCommandsKeepTheirOrder(t *testing.T) {
	d := desired.Build(inputs())
	want := []release.Command{
		{Name: "migrate", Argv: []string{"/app", "migrate"}, TimeoutSeconds: 600},
		{Name: "clear", Argv: []string{"/app", "clear"}, TimeoutSeconds: 60},
	}
	if diff := cmp.Diff(want, d.Commands); diff != "" {
		t.Error(diff)
	}
}

func TestSchedulesAreWrittenAsEventBridgeReadsThem(t *testing.T) {
	for _, row := range []struct {
		why      string
		schedule v1alpha1.Schedule
		want     string
	}{
		{"EventBridge refuses rate(1 minutes)", v1alpha1.Schedule{RateMinutes: 1}, "rate(1 minute)"},
		{"and rate(5 minute)", v1alpha1.Schedule{RateMinutes: 5}, "rate(5 minutes)"},
		{"a cron expression goes as it is", v1alpha1.Schedule{Cron: "0 3 * * ? *"}, "cron(0 3 * * ? *)"},
	} {
		t.Run(row.why, func(t *testing.T) {
			row.schedule.Name = "scheduler"
			d := desired.Build(edited(func(in *desired.Inputs) {
				in.Stage.Spec.Manifest.Schedules = []v1alpha1.Schedule{row.schedule}
			}))
			if got := d.Schedules[0].Expression; got != row.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestAQueueHidesAJobForAsLongAsItMayTake(t *testing.T) {
	d := desired.Build(edited(func(in *desired.Inputs) { in.Stage.Spec.Manifest.Workers[1].TimeoutSeconds = 8000 }))
	for _, q := range d.Queues {
		want := int32(6 * 120) // six times the function's timeout (Lambda developer guide, "Using Lambda with Amazon SQS")
		if q.Function == "mail-queue" {
			want = 43200 // SQS's limit
		}
		if q.VisibilitySeconds != want {
			t.Errorf("queue %s hides jobs for %d seconds, want %d", q.Name, q.VisibilitySeconds, want)
		}
	}
}

func TestAWorkerHasAServerOnlyWhenItsJobsGoToOne(t *testing.T) {
	d := desired.Build(edited(func(in *desired.Inputs) { in.Stage.Spec.Manifest.HTTP.HealthPath = "/up" }))
	type server struct {
		port int32
		path string
	}
	servers := map[string]server{}
	for _, f := range d.Functions {
		servers[f.Name] = server{f.Port, f.HealthPath}
	}
	web := server{8080, "/up"}
	want := map[string]server{"default-queue": {}, "mail-queue": web, "cli": {}, "http": web}
	if diff := cmp.Diff(want, servers, cmp.AllowUnexported(server{})); diff != "" {
		t.Error(diff)
	}
}

func TestTheQueuesOfAWorkerShareItsReserve(t *testing.T) {
	for _, row := range []struct {
		why                string
		most, reserve, got *int32
	}{
		{"without a reserve Lambda decides", nil, nil, nil},
		{"what is declared holds", new(int32(3)), new(int32(20)), new(int32(3))},
		{"what is throttled would count as an attempt", nil, new(int32(9)), new(int32(4))},
		{"Lambda takes no more", nil, new(int32(5000)), new(int32(1000))},
		{"a worker that rests has none to share", nil, new(int32(0)), nil},
	} {
		d := desired.Build(edited(func(in *desired.Inputs) {
			worker := &in.Stage.Spec.Manifest.Workers[0]
			worker.MaxConcurrency, worker.ReservedConcurrency = row.most, row.reserve
			worker.Queues = []v1alpha1.Queue{{Name: "one"}, {Name: "two"}}
		}))
		for _, q := range d.Queues {
			if q.Name != "one" && q.Name != "two" {
				continue
			}
			if diff := cmp.Diff(row.got, q.MaxConcurrency); diff != "" {
				t.Errorf("%s: %s", row.why, diff)
			}
		}
	}
}

func TestTheProfileDecidesAboutAccountAndRoles(t *testing.T) {
	in := edited(func(in *desired.Inputs) { in.Stage.Spec.Manifest.FunctionRoleName = "reporting" })
	want := release.Account{
		ID: "123456789012", Region: "eu-central-1", StackRoleARN: in.Profile.Spec.StackRoleARN,
		FunctionRoleARN:        "arn:aws:iam::123456789012:role/reporting",
		PermissionsBoundaryARN: in.Profile.Spec.PermissionsBoundaryARN,
	}
	if diff := cmp.Diff(want, desired.Build(in).Account); diff != "" {
		t.Error(diff)
	}
	foreign := edited(func(in *desired.Inputs) { in.Stage.Spec.Manifest.FunctionRoleName = "billing" })
	if arn := desired.Build(foreign).Account.FunctionRoleARN; arn != "" {
		t.Errorf("a namespace that may not use it got the role %s", arn)
	}
}

func TestTheOwnerNamesClusterAndStage(t *testing.T) {
	if got := desired.Build(inputs()).Owner; got != "0b6f/clouder/production" {
		t.Errorf("got %s", got)
	}
}

func TestOnlySecretsThatAreReferredToGetIntoTheBundle(t *testing.T) {
	in := edited(func(in *desired.Inputs) { in.Secrets["other"] = map[string][]byte{"X": []byte("y")} })
	c := desired.Build(in).Config
	var names []string
	for name := range c.Secrets {
		names = append(names, name)
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{"DATABASE_URL", "MAIL_DSN", "TOKEN"}, names); diff != "" {
		t.Error(diff)
	}
	if c.Secrets["TOKEN"].Reveal() != "canary" || c.Environment["APP_ENV"] != "production" {
		t.Error("the values are not those of the inputs")
	}
}

func TestSecretsThatWereNotReadAreNotTakenForNone(t *testing.T) {
	unread := desired.Build(edited(func(in *desired.Inputs) { delete(in.Secrets, "clouder-mail") }))
	if unread.Config.Secrets != nil {
		t.Errorf("known are %d secrets: an output would be shown with the others in it", len(unread.Config.Secrets))
	}
	none := desired.Build(edited(func(in *desired.Inputs) { in.Secrets, in.Stage.Spec.Manifest.Secrets = nil, nil }))
	if none.Config.Secrets == nil {
		t.Error("a release without secrets has nothing to hide, and its output would be hidden")
	}
}

func TestAReleaseThatIsPrintedShowsNoSecret(t *testing.T) {
	d := desired.Build(inputs())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		text := fmt.Sprintf(verb, d)
		if strings.Contains(text, "canary") || strings.Contains(text, fmt.Sprintf("%x", "canary")) {
			t.Errorf("%s gives %s", verb, text)
		}
	}
}

func TestAReleaseIsTheSameAfterItWasStored(t *testing.T) {
	d := desired.Build(edited(func(in *desired.Inputs) {
		in.Stage.Spec.Manifest.HTTP.ReservedConcurrency = new(int32(0))
	}))
	var read release.Desired
	if err := json.Unmarshal(encoded(t, d), &read); err != nil {
		t.Fatal(err)
	}
	want := *d
	want.Config, want.Image.PullSecret = release.Config{}, "" // never stored
	if diff := cmp.Diff(want, read); diff != "" {
		t.Error(diff)
	}
}

func encoded(t *testing.T, d *release.Desired) []byte {
	t.Helper()
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
