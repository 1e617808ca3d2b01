package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/test/sandbox"
)

// manager is the operator as a process of its own, as a cluster runs it, whose figures are read from outside.
type manager struct {
	*sandbox.Process
	began time.Time
	// metrics and profiles are where these are served.
	metrics, profiles string
}

// podMemory is the limit of the deployment in config/manager.
const podMemory = 1 << 30

// startManager runs the operator that the deployment runs, with more flags.
func startManager(ctx context.Context, box *sandbox.Sandbox, logs io.Writer, flags ...string) (*manager, error) {
	metrics, err := freeAddress()
	if err != nil {
		return nil, err
	}
	profiles, err := freeAddress()
	if err != nil {
		return nil, err
	}
	if err := box.BuildManager(ctx); err != nil {
		return nil, err
	}
	began := time.Now()
	process, err := box.StartProcess(ctx, logs, append([]string{
		"--leader-elect", "--unbudgeted=false", "--memory-limit", strconv.Itoa(podMemory), "--metrics-secure=false",
		"--metrics-bind-address", metrics, "--pprof-bind-address", profiles,
	}, flags...)...)
	if err != nil {
		return nil, err
	}
	return &manager{Process: process, began: began, metrics: metrics, profiles: profiles}, nil
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

// tick is the unit of /proc/<pid>/stat on Linux (proc(5), sysconf(_SC_CLK_TCK)).
const tick = 10 * time.Millisecond

// cpu is how much of a core the process has used since its start.
func (m *manager) cpu() (time.Duration, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", m.PID()))
	if err != nil {
		return 0, fmt.Errorf("reading what the operator uses: %w", err)
	}
	_, after, _ := strings.Cut(string(content), ") ") // the name of the program may hold anything
	fields := strings.Fields(after)
	const user, system = 11, 12
	if len(fields) <= system {
		return 0, fmt.Errorf("reading what the operator uses: %q", content)
	}
	ticks := time.Duration(0)
	for _, field := range fields[user : system+1] {
		count, err := strconv.Atoi(field)
		if err != nil {
			return 0, fmt.Errorf("reading what the operator uses: %w", err)
		}
		ticks += time.Duration(count)
	}
	return ticks * tick, nil
}

// memory is a line of /proc/<pid>/status in bytes: VmRSS is resident now, VmHWM was at most.
func (m *manager) memory(line string) (float64, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", m.PID()))
	if err != nil {
		return 0, fmt.Errorf("reading what the operator uses: %w", err)
	}
	_, after, _ := strings.Cut(string(content), "\n"+line+":")
	kibibytes, err := strconv.ParseFloat(strings.Fields(after + " ?")[0], 64)
	if err != nil {
		return 0, fmt.Errorf("reading %s of the operator: %w", line, err)
	}
	return kibibytes * 1024, nil
}

// idle waits until the process has nothing to do, and tells when it last had.
func (m *manager) idle(ctx context.Context) (since time.Time, err error) {
	const every, quiet, busy = 50 * time.Millisecond, time.Second, 2 * tick
	since = time.Now()
	before, err := m.cpu()
	for err == nil && time.Since(since) < quiet {
		select {
		case <-ctx.Done():
			return since, ctx.Err()
		case <-time.After(every):
		}
		var used time.Duration
		if used, err = m.cpu(); used-before >= busy {
			since = time.Now()
		}
		before = used
	}
	return since, err
}

// liveHeap is what the process holds after a collection, in bytes.
func (m *manager) liveHeap(ctx context.Context) (bytes float64, err error) {
	for range 2 { // the first ends what finalizers hold
		bytes, err = scrape(ctx, "http://"+m.profiles+"/debug/pprof/heap?gc=1&debug=1", "# HeapAlloc =")
	}
	return bytes, err
}

// reconciles is how often Stages were reconciled.
func (m *manager) reconciles(ctx context.Context) (float64, error) {
	return scrape(ctx, "http://"+m.metrics+"/metrics", "controller_runtime_reconcile_total{", `controller="stage"`)
}

// scrape adds up the values of the lines of a page that begin with a text and have others.
func scrape(ctx context.Context, url, begin string, has ...string) (float64, error) {
	return scrapeBy(ctx, http.DefaultClient, url, begin, has...)
}

func scrapeBy(ctx context.Context, client *http.Client, url, begin string, has ...string) (float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, fmt.Errorf("reading %s: %w", url, err)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, fmt.Errorf("reading %s: %w", url, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("reading %s: %s", url, response.Status)
	}
	return valuesOf(response.Body, begin, has...)
}

func valuesOf(page io.Reader, begin string, has ...string) (sum float64, err error) {
	lines := bufio.NewScanner(page)
	lines.Buffer(nil, 1<<20)
next:
	for lines.Scan() {
		line := lines.Text()
		if !strings.HasPrefix(line, begin) {
			continue
		}
		for _, text := range has {
			if !strings.Contains(line, text) {
				continue next
			}
		}
		value, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
		if err != nil {
			return 0, fmt.Errorf("reading %q: %w", line, err)
		}
		sum += value
	}
	if err := lines.Err(); err != nil {
		return 0, errors.Join(errors.New("reading a page of values"), err)
	}
	return sum, nil
}
