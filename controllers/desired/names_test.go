package desired_test

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/desired"
	"github.com/aloft-dev/aloft/controllers/release"
)

// The longest names that Kubernetes and the API allow.
const (
	longestNamespace = 63
	longestStage     = 40
	longestWorker    = 22
	longestQueue     = 30
)

// What AWS takes as a name, by the reference of each service's API.
var (
	functionName   = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)
	bucketName     = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)
	repositoryName = regexp.MustCompile(`^[a-z0-9]+([._-][a-z0-9]+)*$`)
	stackName      = regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]{0,127}$`)
	roleName       = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)
	sqsName        = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,75}(\.fifo)?$`)
)

// label draws a DNS label of up to so many characters.
func label(longest int) *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`),
		rapid.StringMatching(`[a-z0-9]-{0,30}[a-z0-9]`),
		rapid.Just(strings.Repeat("a", longest)),
	).Filter(func(s string) bool { return len(s) <= longest })
}

func TestEveryNameIsOneThatAWSTakes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := inputs()
		in.Stage.Namespace = label(longestNamespace).Draw(t, "namespace")
		in.Stage.Name = label(longestStage).Draw(t, "name")
		in.Profile.Spec.Region = rapid.SampledFrom([]string{
			"eu-central-1", "ap-southeast-2", "cn-northwest-1", "us-gov-west-1", "me-central-1", "us-isob-northeast-1",
		}).Draw(t, "region")
		in.Stage.Spec.Manifest.Workers = []v1alpha1.Worker{{
			Name:   "w" + label(longestWorker-1).Draw(t, "worker"),
			Queues: []v1alpha1.Queue{{Name: "q" + label(longestQueue-1).Draw(t, "queue"), FIFO: rapid.Bool().Draw(t, "fifo")}},
		}}
		d := desired.Build(in)
		requireName(t, "repository", repositoryName, d.Names.Repository)
		requireName(t, "bucket", bucketName, d.Names.Bucket)
		requireName(t, "stack", stackName, d.Names.FoundationStack)
		requireName(t, "stack", stackName, d.Names.AppStack)
		for _, kind := range []release.Role{release.RoleHTTP, release.RoleQueue, release.RoleCLI} {
			requireName(t, "role", roleName, d.Names.FunctionRole(kind))
		}
		for _, f := range d.Functions {
			requireName(t, "function", functionName, f.FullName)
		}
		for _, q := range d.Queues {
			requireQueue(t, q.FullName, q.FIFO)
			requireQueue(t, q.DeadLetterName, q.FIFO)
		}
		if len(d.Names.Prefix) > 35 {
			t.Fatalf("the prefix %q has %d characters", d.Names.Prefix, len(d.Names.Prefix))
		}
	})
}

func requireName(t *rapid.T, of string, form *regexp.Regexp, name string) {
	if !form.MatchString(name) {
		t.Fatalf("%q (%d characters) is no name of a %s", name, len(name), of)
	}
}

func requireQueue(t *rapid.T, name string, fifo bool) {
	requireName(t, "queue", sqsName, name)
	if len(name) > 80 || strings.HasSuffix(name, ".fifo") != fifo {
		t.Fatalf("%q (%d characters) is no name of a queue with fifo %t", name, len(name), fifo)
	}
}

func TestTheLongestNamesUseAllOfLambdas64Characters(t *testing.T) {
	in := inputs()
	in.Stage.Namespace, in.Stage.Name = strings.Repeat("n", longestNamespace), strings.Repeat("s", longestStage)
	in.Stage.Spec.Manifest.Workers[0].Name = strings.Repeat("w", longestWorker)
	d := desired.Build(in)
	f, err := d.Function(in.Stage.Spec.Manifest.Workers[0].Name + "-queue")
	if err != nil || len(f.FullName) != 64 {
		t.Errorf("%q has %d characters (%v)", f.FullName, len(f.FullName), err)
	}
}

func TestStagesWhoseNamesReadAlikeStayApart(t *testing.T) {
	long := strings.Repeat("n", longestNamespace)
	for why, pair := range map[string][2]release.StageKey{
		"the dash may belong to either part": {{Namespace: "a-b", Name: "c"}, {Namespace: "a", Name: "b-c"}},
		"what is cut off tells them apart":   {{Namespace: long, Name: "one"}, {Namespace: long, Name: "two"}},
		"a row of dashes is shortened":       {{Namespace: "a--b", Name: "c"}, {Namespace: "a-b", Name: "c"}},
		"a dash where the readable part ends is cut": {{Namespace: "abcdefghijklmnopqrs", Name: "c"},
			{Namespace: "abcdefghijklmnopqrs", Name: "d"}},
	} {
		t.Run(why, func(t *testing.T) {
			one, other := desired.Names(pair[0], "123456789012", "eu-central-1"), desired.Names(pair[1], "123456789012",
				"eu-central-1")
			if one.Prefix == other.Prefix {
				t.Errorf("both have the prefix %s", one.Prefix)
			}
			if strings.Contains(one.Prefix+" "+other.Prefix, "--") {
				t.Errorf("a repository cannot be called %s or %s", one.Prefix, other.Prefix)
			}
		})
	}
}

func TestDistinctStagesHaveDistinctNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.Custom(func(t *rapid.T) release.StageKey {
			short := rapid.StringMatching(`[ab]([ab-]{0,4}[ab])?`)
			return release.StageKey{Namespace: short.Draw(t, "namespace"), Name: short.Draw(t, "name")}
		})
		one, other := key.Draw(t, "one"), key.Draw(t, "other")
		same := desired.Names(one, "1", "r").Prefix == desired.Names(other, "1", "r").Prefix
		if same != (one == other) {
			t.Fatalf("%s and %s have the prefix %s", one, other, desired.Names(one, "1", "r").Prefix)
		}
	})
}

// The formula is documented and part of what is on AWS: another name would be another stage.
func TestNamesFollowTheDocumentedFormula(t *testing.T) {
	got := desired.Names(release.StageKey{Namespace: "clouder", Name: "production"}, "123456789012", "eu-central-1")
	want := release.Names{
		Prefix:          "aloft-clouder-prod-6510da2a08f5f081",
		FoundationStack: "aloft-clouder-prod-6510da2a08f5f081-foundation",
		AppStack:        "aloft-clouder-prod-6510da2a08f5f081-app",
		Bucket:          "aloft-6510da2a08f5f081-123456789012-eu-central-1-an",
		BucketPrefix:    "aloft-6510da2a08f5f081",
		Repository:      "aloft-clouder-prod-6510da2a08f5f081",
		RolePrefix:      "aloft-clouder-prod-6510da2a08f5f081-eu-central-1",
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestABucketsNameIsNobodyElsesToTake(t *testing.T) {
	for region, want := range map[string]string{
		"cn-north-1":   "aloft-6510da2a08f5f081-123456789012-cn-north-1-an",
		"me-central-1": "aloft-6510da2a08f5f081-123456789012-me-central-1", // there accounts have no namespace of their own
	} {
		got := desired.Names(release.StageKey{Namespace: "clouder", Name: "production"}, "123456789012", region)
		if got.Bucket != want || got.BucketPrefix != "" && got.BucketPrefix+"-123456789012-"+region+"-an" != want {
			t.Errorf("in %s it is called %s (%s), want %s", region, got.Bucket, got.BucketPrefix, want)
		}
	}
}

func TestAStageInTwoRegionsSharesNoNameThatIsOneInTheAccount(t *testing.T) {
	key := release.StageKey{Namespace: "shop", Name: "production"}
	here, there := desired.Names(key, "123456789012", "eu-west-1"), desired.Names(key, "123456789012", "us-east-1")
	if here.Bucket == there.Bucket || here.FunctionRole(release.RoleCLI) == there.FunctionRole(release.RoleCLI) {
		t.Errorf("%+v and %+v", here, there)
	}
}

func TestAQueueIsFoundByPrefixAndSuffix(t *testing.T) {
	d := desired.Build(inputs())
	for _, q := range d.Queues {
		ending := ""
		if q.FIFO {
			ending = ".fifo"
		}
		if want := q.Name + "-" + d.Names.Prefix + ending; q.FullName != want {
			t.Errorf("queue %s is called %s, want %s", q.Name, q.FullName, want)
		}
		if want := q.Name + "-" + d.Names.Prefix + "-dlq" + ending; q.DeadLetterName != want {
			t.Errorf("the dead-letter queue of %s is called %s, want %s", q.Name, q.DeadLetterName, want)
		}
	}
}
