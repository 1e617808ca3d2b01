package template_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
)

func TestExpandTwiceIsExpandOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, a := drawDeployed(t), app(drawRelease(t, "new"))
		once := template.Expand(a, before.Template, before.Parameters)
		twice := template.Expand(a, once.Template, once.Parameters)
		requireSame(t, once, twice)
	})
}

func TestActivateTwiceIsActivateOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, a := drawDeployed(t), allLive(app(drawRelease(t, "new")))
		once := template.Activate(a, before.Template, before.Parameters)
		twice := template.Activate(a, once.Template, once.Parameters)
		requireSame(t, once, twice)
	})
}

func TestSettledTwiceIsSettledOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawRelease(t, "new")
		before := drawDeployed(t)
		a := allLive(app(d))
		if before.Template != nil {
			a = drawKept(t, a, before)
		}
		once := template.Settled(a, before.Template, before.Parameters)
		twice := template.Settled(a, once.Template, once.Parameters)
		requireSame(t, once, twice)
	})
}

func TestAReleaseReachesWhatTheManifestAloneAsksFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, a := drawDeployed(t), app(drawRelease(t, "new"))
		stack := template.Expand(a, before.Template, before.Parameters)
		a = allLive(a)
		stack = template.Activate(a, stack.Template, stack.Parameters)
		stack = template.Settled(a, stack.Template, stack.Parameters)
		requireSame(t, template.Settled(a, nil, nil), stack)
	})
}

func TestAReleaseThatAddsAndRemovesNothingNeedsOneUpdate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawRelease(t, "live")
		before := released(d)
		next := *d
		next.BuildID, next.ID = "v-next", "next"
		a := allLive(app(&next))
		expanded := template.Expand(a, before.Template, before.Parameters)
		if !template.Direct(before, expanded) {
			t.Fatalf("an image-only release needs a change set:\n%s", cmp.Diff(before.Template, expanded.Template))
		}
		requireSame(t, expanded, template.Activate(a, expanded.Template, expanded.Parameters))
		requireSame(t, expanded, template.Settled(a, expanded.Template, expanded.Parameters))
	})
}

func TestExpandLeavesAllThatHasNoVersionsAsItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, a := drawDeployed(t), allLive(app(drawRelease(t, "new")))
		after := template.Expand(a, before.Template, before.Parameters)
		if before.Template == nil {
			before.Template = &template.Template{}
		}
		for id, was := range before.Template.Resources {
			is, ok := after.Template.Resources[id]
			switch {
			case !ok:
				t.Fatalf("%s is removed", id)
			case is.Type == "AWS::Lambda::Function", is.Type == "AWS::SQS::Queue":
				continue
			case !cmp.Equal(was, is):
				t.Fatalf("%s changed:\n%s", id, cmp.Diff(was, is))
			}
		}
		for id, is := range after.Template.Resources {
			if _, had := before.Template.Resources[id]; !had && is.Condition != "" {
				t.Fatalf("the entry resource %s is added", id)
			}
		}
		for name, was := range before.Parameters {
			if strings.HasSuffix(name, "Live") && after.Parameters[name] != was {
				t.Fatalf("the latch %s went from %s to %s", name, was, after.Parameters[name])
			}
		}
	})
}

func TestALatchNeverGoesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, a := drawDeployed(t), app(drawRelease(t, "new")) // no alias was seen
		for _, after := range []template.Rendering{
			template.Expand(a, before.Template, before.Parameters),
			template.Activate(a, before.Template, before.Parameters),
			template.Settled(a, before.Template, before.Parameters),
		} {
			for name, was := range before.Parameters {
				if is, there := after.Parameters[name]; there && was == "true" && is != "true" {
					t.Fatalf("%s went from %s to %s", name, was, is)
				}
			}
		}
	})
}

func TestEveryRenderingIsAValidTemplate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, a := drawDeployed(t), app(drawRelease(t, "new"))
		requireValid(t, template.Foundation(a.Desired))
		expanded := template.Expand(a, before.Template, before.Parameters)
		requireValid(t, expanded)
		requireValid(t, template.Activate(allLive(a), expanded.Template, expanded.Parameters))
		requireValid(t, template.Settled(allLive(drawKept(t, a, expanded)), expanded.Template, expanded.Parameters))
	})
}

func TestATemplateReadBackIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := allLive(app(drawRelease(t, "new")))
		before := drawDeployed(t)
		rendering := template.Activate(a, before.Template, before.Parameters)
		again, err := template.Parse(rendering.JSON())
		if err != nil {
			t.Fatal(err)
		}
		read := template.Rendering{Template: again, Parameters: maps.Clone(rendering.Parameters)}
		requireSame(t, rendering, read)
		if string(read.JSON()) != string(rendering.JSON()) {
			t.Fatal("the bytes differ")
		}
		if got := again.Outputs[release.OutputRendering].Value; got != rendering.Hash() {
			t.Fatalf("the output says %v", got)
		}
	})
}

func requireSame(t *rapid.T, a, b template.Rendering) {
	t.Helper()
	if a.Hash() == b.Hash() {
		return
	}
	t.Fatalf("the renderings differ:\n%s\n%s", cmp.Diff(string(a.JSON()), string(b.JSON())),
		cmp.Diff(a.Parameters, b.Parameters))
}

var alphanumeric = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{0,254}$`)

// longestNames are AWS's limits of what these templates name, in characters.
var longestNames = map[string]int{
	"FunctionName": 64, "QueueName": 80, "RoleName": 64, "BucketName": 63, "RepositoryName": 256, "LogGroupName": 512,
}

func requireValid(t rapid.TB, r template.Rendering) {
	t.Helper()
	if size := len(r.JSON()); size > 1<<20 {
		t.Fatalf("%d bytes", size)
	}
	if len(r.Template.Resources) > 500 || len(r.Template.Parameters) > 200 || len(r.Template.Outputs) > 200 {
		t.Fatalf("%d resources, %d parameters, %d outputs", len(r.Template.Resources), len(r.Template.Parameters),
			len(r.Template.Outputs))
	}
	given := maps.Clone(r.Template.Parameters)
	delete(given, release.ParameterOriginSecret) // whoever performs the operation adds it
	if diff := cmp.Diff(slices.Sorted(maps.Keys(given)), slices.Sorted(maps.Keys(r.Parameters))); diff != "" {
		t.Fatalf("declared and given parameters differ:\n%s", diff)
	}
	for id, resource := range r.Template.Resources {
		if !alphanumeric.MatchString(id) {
			t.Fatalf("%q is no logical id", id)
		}
		for property, limit := range longestNames {
			if name, ok := resource.Properties[property].(string); ok && len(name) > limit {
				t.Fatalf("%s %q is longer than %d", property, name, limit)
			}
		}
	}
	requireResolvable(t, r.Template)
}

// requireResolvable walks the references depth first: all lead somewhere, and none back to where it came from.
func requireResolvable(t rapid.TB, tpl *template.Template) {
	t.Helper()
	const visiting, done = 1, 2
	state := map[string]int{}
	var visit func(id string, from []string)
	visit = func(id string, from []string) {
		resource, isResource := tpl.Resources[id]
		_, isParameter := tpl.Parameters[id]
		switch {
		case isParameter || strings.HasPrefix(id, "AWS::") || state[id] == done:
			return
		case !isResource:
			t.Fatalf("%v refers to %q, which is not in the template", from, id)
		case state[id] == visiting:
			t.Fatalf("a cycle: %v -> %s", from, id)
		}
		state[id] = visiting
		if _, ok := tpl.Conditions[resource.Condition]; resource.Condition != "" && !ok {
			t.Fatalf("%s has the unknown condition %q", id, resource.Condition)
		}
		for _, name := range append(referencesOf(resource.Properties), resource.DependsOn...) {
			visit(name, append(from, id))
		}
		state[id] = done
	}
	for id := range tpl.Resources {
		visit(id, nil)
	}
	for _, output := range tpl.Outputs {
		for _, name := range referencesOf(output.Value) {
			visit(name, []string{"outputs"})
		}
	}
	for _, condition := range tpl.Conditions {
		for _, name := range referencesOf(condition) {
			if _, ok := tpl.Parameters[name]; !ok {
				t.Fatalf("a condition refers to %q, which is no parameter", name)
			}
		}
	}
}

func referencesOf(v any) []string {
	var names []string
	switch v := v.(type) {
	case []any:
		for _, member := range v {
			names = append(names, referencesOf(member)...)
		}
	case map[string]any:
		for key, member := range v {
			switch key {
			case "Ref":
				names = append(names, member.(string))
			case "Fn::GetAtt":
				names = append(names, member.([]any)[0].(string))
			default:
				names = append(names, referencesOf(member)...)
			}
		}
	}
	return names
}
