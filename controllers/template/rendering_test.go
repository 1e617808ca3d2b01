package template_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
)

func TestAQueueThatMovesAndShortensStaysWithTheLiveReleaseUntilActivation(t *testing.T) {
	before := released(full("v1"))
	d := withWorker(withWorker(stage("v2"), "default"), "mail", "default")
	d.Queues[0].VisibilitySeconds, d.Queues[0].MaxAttempts = 60, 9
	a := allLive(app(d))

	expanded := template.Expand(a, before.Template, before.Parameters)
	requireEqual(t, "the mapping", before.Template.Resources["DefaultMapping"],
		expanded.Template.Resources["DefaultMapping"])
	requireEqual(t, "the schedule", before.Template.Resources["SchedulerSchedule"],
		expanded.Template.Resources["SchedulerSchedule"])
	requireQueue(t, expanded, 720, 9) // the longer time of the old, the more attempts of the new

	activated := template.Activate(a, expanded.Template, expanded.Parameters)
	requireQueue(t, activated, 60, 9)
	if got := activated.Template.Resources["DefaultMapping"].Condition; got != "MailWorkerIsLive" {
		t.Errorf("the mapping is behind %s", got)
	}
	if _, still := activated.Template.Resources["SchedulerSchedule"]; !still {
		t.Error("activation removed a schedule; removals are for the clean-up")
	}
}

func requireQueue(t *testing.T, r template.Rendering, visibility, attempts int) {
	t.Helper()
	queue := r.Template.Resources["DefaultQueue"].Properties
	requireEqual(t, "visibility", json.Number(fmt.Sprint(visibility)), queue["VisibilityTimeout"])
	requireEqual(t, "attempts", json.Number(fmt.Sprint(attempts)),
		queue["RedrivePolicy"].(map[string]any)["maxReceiveCount"])
}

func requireEqual(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: %s", what, diff)
	}
}

func TestExpandTakesTheSaferConcurrency(t *testing.T) {
	for _, row := range []struct {
		deployed, wanted *int32
		want             any
		why              string
	}{
		{nil, new(int32(5)), nil, "the live release shares the account's pool"},
		{new(int32(5)), nil, nil, "the new release is to share it"},
		{new(int32(5)), new(int32(9)), json.Number("9"), "more room harms nobody"},
		{new(int32(9)), new(int32(5)), json.Number("9"), "the live release must not be throttled yet"},
		{new(int32(9)), new(int32(0)), json.Number("9"), "a stop comes with activation"},
		{new(int32(0)), new(int32(0)), json.Number("0"), "stopped stays stopped"},
	} {
		was, is := stage("v1"), stage("v2")
		was.Functions[1].ReservedConcurrency, is.Functions[1].ReservedConcurrency = row.deployed, row.wanted
		before := readBack(t, released(was))
		got := template.Expand(app(is), before.Template,
			before.Parameters).Template.Resources["HttpFunction"].Properties["ReservedConcurrentExecutions"]
		if got != row.want {
			t.Errorf("%v then %v gives %v, want %v: %s", row.deployed, row.wanted, got, row.want, row.why)
		}
	}
}

// withReserve has a worker for mail with a reserve.
func withReserve(build string, reserve *int32) *release.Desired {
	d := withWorker(stage(build), "mail", "mail")
	for i := range d.Functions {
		if d.Functions[i].Name == "mail-queue" {
			d.Functions[i].ReservedConcurrency = reserve
		}
	}
	return d
}

func TestAWorkerThatRestsReadsNoQueue(t *testing.T) {
	for _, row := range []struct {
		reserve *int32
		enabled bool
		want    any
		why     string
	}{
		{nil, true, nil, "it works"},
		{new(int32(4)), true, json.Number("4"), "it works within its reserve"},
		{new(int32(0)), false, nil, "throttled deliveries would make dead letters of jobs that nobody tried"},
	} {
		resources := released(withReserve("v1", row.reserve)).Template.Resources
		if got := resources["MailMapping"].Properties["Enabled"]; got != row.enabled {
			t.Errorf("%s: the mapping is enabled: %v", row.why, got)
		}
		if got := resources["MailWorkerFunction"].Properties["ReservedConcurrentExecutions"]; got != row.want {
			t.Errorf("%s: the reserve is %v", row.why, got)
		}
	}
}

func TestAWorkersReserveShrinksOnlyAfterItsQueuesDeliverLess(t *testing.T) {
	before := readBack(t, released(withReserve("v1", new(int32(9)))))
	a := allLive(app(withReserve("v2", new(int32(4)))))
	activated := template.Activate(a, before.Template, before.Parameters)
	settled := template.Settled(a, activated.Template, activated.Parameters)
	const property = "ReservedConcurrentExecutions"
	requireEqual(t, "the reserve at first", any(json.Number("9")),
		activated.Template.Resources["MailWorkerFunction"].Properties[property])
	requireEqual(t, "the reserve at last", any(json.Number("4")),
		settled.Template.Resources["MailWorkerFunction"].Properties[property])
}

func TestTheFirstReleaseLetsNoTrafficIn(t *testing.T) {
	first := template.Expand(app(full("v1")), nil, nil)
	for id, r := range first.Template.Resources {
		entries := []string{"AWS::Lambda::Permission", "AWS::Lambda::EventSourceMapping", "AWS::Lambda::EventInvokeConfig"}
		if slices.Contains(entries, r.Type) {
			t.Errorf("%s (%s) is there before the alias", id, r.Type)
		}
	}
	for name, v := range first.Parameters {
		if v == "true" {
			t.Errorf("%s is on", name)
		}
	}
}

func TestARuleIsMadeWithTheFunctionsAndEnabledWithTheAlias(t *testing.T) {
	state := func(r template.Rendering, id string) any { return r.Template.Resources[id].Properties["State"] }
	first := template.Expand(app(full("v1")), nil, nil)
	requireEqual(t, "a first rule", any("DISABLED"), state(first, "SchedulerSchedule"))
	live := template.Activate(allLive(app(full("v1"))), first.Template, first.Parameters)
	requireEqual(t, "the rule of what is live", any("ENABLED"), state(live, "SchedulerSchedule"))
	if !template.Direct(first, live) {
		t.Error("the entry update of a first release needs a change set")
	}
	d := full("v2")
	withSchedule(d, "other", "/app")
	next := template.Expand(allLive(app(d)), live.Template, live.Parameters)
	requireEqual(t, "a rule that works while the next release is made", any("ENABLED"), state(next, "SchedulerSchedule"))
	requireEqual(t, "a rule that is added", any("DISABLED"), state(next, "OtherSchedule"))
	given := template.Settled(allLive(app(full("v1"))), next.Template, next.Parameters)
	if _, left := given.Template.Resources["OtherSchedule"]; left {
		t.Error("the rule of a release that was given up is left")
	}
}

func TestAFunctionAddedLaterGetsItsEntriesWithItsAlias(t *testing.T) {
	before := released(stage("v1"))
	a := allLive(app(withWorker(stage("v2"), "mail", "mail")))
	a.Live["mail-queue"] = false
	expanded := template.Expand(a, before.Template, before.Parameters)
	requireEqual(t, "the latch before", "false", expanded.Parameters["MailWorkerLive"])
	a.Live["mail-queue"] = true
	activated := template.Activate(a, expanded.Template, expanded.Parameters)
	requireEqual(t, "the latch after", "true", activated.Parameters["MailWorkerLive"])
	requireEqual(t, "the mapping's condition", "MailWorkerIsLive", activated.Template.Resources["MailMapping"].Condition)
}

func TestWhatAKeptWorkerHasStaysAsDeployed(t *testing.T) {
	before := released(full("v1"))
	a := allLive(app(stage("v2")))
	a.Keep = map[string]bool{"mail-queue": true, "default-queue": false}
	settled := template.Settled(a, before.Template, before.Parameters)
	for id, was := range before.Template.Resources {
		is, stays := settled.Template.Resources[id]
		switch belongs := was.Metadata["Function"]; {
		case belongs == "mail-queue" && !cmp.Equal(was, is):
			t.Errorf("%s of the kept worker changed or went", id)
		case belongs == "default-queue" && stays:
			t.Errorf("%s of the removed worker stays", id)
		}
	}
	requireEqual(t, "the kept worker's latch", "true", settled.Parameters["MailWorkerLive"])
	requireEqual(t, "the functions", []string{"cli", "http", "mail-queue"}, template.Functions(settled.Template))
}

func TestAKeptWorkerDoesNotTakeBackAQueueThatMoved(t *testing.T) {
	before := released(full("v1"))
	a := allLive(app(withWorker(stage("v2"), "default", "my-mails")))
	a.Keep = map[string]bool{"mail-queue": true}
	settled := template.Settled(a, before.Template, before.Parameters)
	requireEqual(t, "queues of the kept worker", []string(nil), template.QueuesOf(settled.Template, "mail-queue"))
	requireEqual(t, "queues of the new worker", []string{"my-mails-" + prefix, "my-mails-" + prefix + "-dlq"},
		template.QueuesOf(settled.Template, "default-queue"))
}

func TestQueuesOfAFunctionAreItsOwnWithTheirDeadLetters(t *testing.T) {
	want := []string{"default-" + prefix, "default-" + prefix + "-dlq", "orders-" + prefix + "-dlq.fifo",
		"orders-" + prefix + ".fifo"}
	requireEqual(t, "queues", want, template.QueuesOf(released(full("v1")).Template, "default-queue"))
}

func TestTheLargestManifestFitsIntoOneStack(t *testing.T) {
	d := stage(strings.Repeat("v", 128))
	for w := range 28 {
		var queues []string
		for q := w * 120 / 28; q < (w+1)*120/28; q++ {
			queues = append(queues, fmt.Sprintf("queue-%03d-%s", q, strings.Repeat("q", 20)))
		}
		withWorker(d, fmt.Sprintf("worker-%02d-%s", w, strings.Repeat("w", 12)), queues...)
	}
	for s := range 50 {
		withSchedule(d, fmt.Sprintf("schedule-%02d", s), strings.Repeat("c", 8000))
	}
	if len(d.Queues) != 120 || len(d.Functions) != 30 {
		t.Fatalf("%d queues, %d functions", len(d.Queues), len(d.Functions))
	}
	requireValid(t, template.Settled(allLive(app(d)), nil, nil))
}

func TestNamesThatAreAlikeWithoutDashesStayApart(t *testing.T) {
	d := withWorker(withWorker(stage("v1"), "my-mail", "my-queue", "myqueue"), "mymail", "my-que-ue")
	count := map[string]int{}
	for _, r := range released(d).Template.Resources {
		count[r.Type]++
	}
	requireEqual(t, "functions", 4, count["AWS::Lambda::Function"])
	requireEqual(t, "queues and dead-letter queues", 6, count["AWS::SQS::Queue"])
	requireEqual(t, "mappings", 3, count["AWS::Lambda::EventSourceMapping"])
}

func TestTheOrderOfListsMeansNothing(t *testing.T) {
	d, reversed := full("v1"), full("v1")
	slices.Reverse(reversed.Functions)
	slices.Reverse(reversed.Queues)
	requireEqual(t, "the hash", released(d).Hash(), released(reversed).Hash())
}

func TestTheHashCoversParameters(t *testing.T) {
	a := app(stage("v1"))
	b := allLive(app(stage("v1")))
	if template.Settled(a, nil, nil).Hash() == template.Settled(b, nil, nil).Hash() {
		t.Error("a latch moved and the hash did not")
	}
}

func TestCommandsTooLongForWhereTheyGoAreNamed(t *testing.T) {
	if why := template.Oversized(full("v1")); why != "" {
		t.Error(why)
	}
	long := strings.Repeat("x", 1024)
	d := withSchedule(stage("v1"), "nightly", slices.Repeat([]string{long}, 9)...)
	if why := template.Oversized(d); !strings.Contains(why, `schedule "nightly"`) {
		t.Errorf("EventBridge takes 8,192 characters: %q", why)
	}
	d = withWorker(stage("v1"), "mail", "mail")
	d.Functions[0].Command = slices.Repeat([]string{long}, 4)
	if why := template.Oversized(d); !strings.Contains(why, `worker "mail"`) {
		t.Errorf("a function's environment takes 4 KB: %q", why)
	}
}

func TestWhatIsNotATemplateIsAnError(t *testing.T) {
	for _, body := range []string{"", "{", "[]", "{}", `{"Resources":{}}`, `{"Resources":{"A":{"Type":1}}}`} {
		if _, err := template.Parse([]byte(body)); err == nil {
			t.Errorf("%q was read", body)
		}
	}
}

func TestArchitectureAndRoleDecideTheFunction(t *testing.T) {
	d := withWorker(stage("v1"), "mail", "mail")
	d.Image.Architecture = "arm64"
	d.Functions[0].Command, d.Functions[0].HTTPPath, d.Functions[0].Port = nil, "/jobs", 8080
	tpl := released(d).Template
	worker := tpl.Resources["MailWorkerFunction"].Properties
	requireEqual(t, "architecture", []any{"arm64"}, worker["Architectures"])
	variables := worker["Environment"].(map[string]any)["Variables"].(map[string]any)
	for name, want := range map[string]any{
		"ALOFT_ROLE": string(release.RoleQueue), "ALOFT_QUEUE_HTTP_PATH": "/jobs", "ALOFT_HTTP_PORT": "8080",
		"ALOFT_QUEUE_BACKOFF": "5,10",
		"ALOFT_STAGE":         "clouder/production", "ALOFT_QUEUE_COMMAND": nil, "SQS_SUFFIX": "-" + prefix,
	} {
		requireEqual(t, name, want, variables[name])
	}
}

func TestWhatAnotherRevisionDeployedStaysUntilActivation(t *testing.T) {
	before := readBack(t, released(stage("v1")))
	integration := before.Template.Resources["ApiIntegration"]
	integration.Properties["TimeoutInMillis"] = json.Number("29000")
	before.Template.Resources["Helper"] = template.Resource{Type: "AWS::SNS::Topic",
		Properties: map[string]any{"Unknown": true}}
	a := allLive(app(stage("v2")))

	expanded := template.Expand(a, before.Template, before.Parameters)
	requireEqual(t, "the integration", integration, expanded.Template.Resources["ApiIntegration"])
	requireEqual(t, "what is not known", before.Template.Resources["Helper"], expanded.Template.Resources["Helper"])

	activated := template.Activate(a, expanded.Template, expanded.Parameters)
	requireEqual(t, "the integration", released(stage("v2")).Template.Resources["ApiIntegration"],
		activated.Template.Resources["ApiIntegration"])
	requireEqual(t, "what is not known", before.Template.Resources["Helper"], activated.Template.Resources["Helper"])
	if _, stays := template.Settled(a, activated.Template, activated.Parameters).Template.Resources["Helper"]; stays {
		t.Error("the clean-up kept what nothing asks for")
	}
}

func TestBytesAreWhatAPersonWouldWrite(t *testing.T) {
	d := withSchedule(stage("v1"), "nightly", "/app", "a<b>&c", "é")
	body := string(released(d).JSON())
	for _, want := range []string{`a<b>&c`, `\\u00e9`} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s", want)
		}
	}
}
