package template_test

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
)

// The names that generated releases choose from: few, so that releases that follow each other share most of them.
var (
	workerNames   = []string{"default", "mail", "my-mail", "mymail", "dead-letter", "http", "cli"}
	queueNames    = []string{"default", "my-queue", "myqueue", "my-queu-e", "dead-letter", "mail", "cli", "a"}
	scheduleNames = []string{"scheduler", "every-night", "everynight", "a"}
)

// drawRelease makes any release of the one stage.
func drawRelease(t *rapid.T, label string) *release.Desired {
	d := stage(rapid.StringMatching(`v[a-z0-9._-]{0,8}`).Draw(t, label+" build"))
	for i := range d.Functions {
		drawLimits(t, &d.Functions[i], label)
	}
	workers := rapid.SliceOfNDistinct(rapid.SampledFrom(workerNames), 0, 4, rapid.ID).Draw(t, label+" workers")
	for _, name := range workers {
		withWorker(d, name)
		drawLimits(t, &d.Functions[0], label)
	}
	if len(workers) > 0 {
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(queueNames), 0, 6, rapid.ID).Draw(t, label+" queues") {
			drawQueue(t, d, name, rapid.SampledFrom(workers).Draw(t, label+" worker of "+name))
		}
	}
	for _, name := range rapid.SliceOfNDistinct(
		rapid.SampledFrom(scheduleNames), 0, 3, rapid.ID,
	).Draw(t, label+" schedules") {
		withSchedule(d, name, rapid.SliceOfN(rapid.String(), 1, 3).Draw(t, label+" command")...)
	}
	return d
}

func drawLimits(t *rapid.T, f *release.Function, label string) {
	f.MemoryMiB = rapid.Int32Range(128, 10240).Draw(t, label+" memory")
	f.TimeoutSeconds = rapid.Int32Range(3, 900).Draw(t, label+" timeout")
	f.ReservedConcurrency = rapid.Ptr(rapid.Int32Range(0, 1000), true).Draw(t, label+" concurrency")
}

func drawQueue(t *rapid.T, d *release.Desired, name, worker string) {
	ending := ""
	fifo := strings.HasPrefix(name, "my") // a queue never changes its kind
	if fifo {
		ending = ".fifo"
	}
	d.Queues = append(d.Queues, release.Queue{
		Name: name, FullName: name + "-" + prefix + ending, DeadLetterName: name + "-" + prefix + "-dlq" + ending, FIFO: fifo,
		Function:          worker + "-queue",
		VisibilitySeconds: rapid.Int32Range(18, 43200).Draw(t, "visibility"),
		MaxAttempts:       rapid.Int32Range(1, 1000).Draw(t, "attempts"),
		MaxConcurrency:    rapid.Ptr(rapid.Int32Range(2, 1000), true).Draw(t, "maximum concurrency"),
	})
}

// drawDeployed makes a stack that a few releases left behind, some of which may have failed on the way.
func drawDeployed(t *rapid.T) template.Rendering {
	stack := template.Rendering{}
	for i := range rapid.IntRange(0, 3).Draw(t, "releases before") {
		label := fmt.Sprintf("release %d", i)
		a := app(drawRelease(t, label))
		stack = template.Expand(a, stack.Template, stack.Parameters)
		if rapid.Bool().Draw(t, label+" fails") {
			continue
		}
		stack = template.Activate(allLive(a), stack.Template, stack.Parameters)
		if rapid.Bool().Draw(t, label+" is cleaned") {
			stack = template.Settled(allLive(drawKept(t, a, stack)), stack.Template, stack.Parameters)
		}
	}
	return stack
}

// drawKept keeps some of the functions that the release has no more.
func drawKept(t *rapid.T, a template.App, stack template.Rendering) template.App {
	a.Keep = map[string]bool{}
	for _, name := range template.Functions(stack.Template) {
		if _, err := a.Desired.Function(name); err != nil {
			a.Keep[name] = rapid.Bool().Draw(t, "keep "+name)
		}
	}
	return a
}
