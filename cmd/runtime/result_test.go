package main

import (
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func TestResultIsStoredDespiteFailures(t *testing.T) {
	c := newCloud(t)
	f := startCLI(t, c.environment(nil))
	c.Faults().Inject(wire.Fault{
		Call: "s3:PutObject", Match: ending(".result.json"), Kind: wire.FaultDropBefore, Times: 7,
	})
	f.command(t, deploy(soon(), appPath(t), "count"))
	if _, found := c.get(t, runBase+".result.json"); !found {
		t.Error("there is no result")
	}
}

func TestTimedOutCommandLeavesAResult(t *testing.T) {
	c := newCloud(t)
	f := startCLI(t, c.environment(nil))
	f.invoke(t, deploy(soon(), appPath(t), "sleep"), 3*time.Second)
	stored, _ := c.get(t, runBase+".result.json")
	if got := decode[ended](t, stored); got.ExitCode != 124 || !strings.Contains(string(got.Output), "timeoutSeconds") {
		t.Errorf("got %s", stored)
	}
}

func TestCommandEndedAfterItsOwnTimeLeavesAResult(t *testing.T) {
	c := newCloud(t)
	f := startCLI(t, c.environment(nil))
	event := strings.TrimSuffix(deploy(soon(), appPath(t), "sleep"), "}") + `,"timeoutSeconds":1}`
	f.invoke(t, event, time.Minute)
	stored, _ := c.get(t, runBase+".result.json")
	if got := decode[ended](t, stored); got.ExitCode != 124 ||
		!strings.Contains(string(got.Output), "after 1 s, its timeoutSeconds") {
		t.Errorf("got %s", stored)
	}
}

func TestOutputIsStoredWhileTheCommandRunsAndTerminationIsAResult(t *testing.T) {
	c := newCloud(t)
	f := startCLI(t, c.environment(nil))
	f.api.next <- invocation{payload: deploy(soon(), appPath(t), "sleep"), timeout: time.Minute}
	eventually(t, "the first piece of the output is stored", func() bool {
		piece, found := c.get(t, runBase+".output.0001")
		return found && piece == "sleeping\n"
	})
	if _, found := c.get(t, runBase+".result.json"); found {
		t.Error("the command has ended already")
	}
	f.terminate(t)
	stored, _ := c.get(t, runBase+".result.json")
	if got := decode[ended](t, stored); got.ExitCode != 143 {
		t.Errorf("got %s", stored)
	}
}

func TestPiecesAddUpToTheWholeOutput(t *testing.T) {
	c := newCloud(t)
	f := startCLI(t, c.environment(nil))
	c.Faults().Inject(wire.Fault{
		Call: "s3:PutObject", Match: ending(".output.0001"), Kind: wire.FaultDropBefore, Times: 3,
	})
	f.command(t, deploy(soon(), appPath(t), "chatter", "20000", "0123456789abcdef"))
	var all strings.Builder
	for _, key := range c.keys(t) {
		if strings.Contains(key, ".output.") {
			piece, _ := c.get(t, key)
			all.WriteString(piece)
		}
	}
	if want := strings.Repeat("0123456789abcdef\n", 20000); all.String() != want {
		t.Errorf("%d bytes stored, want %d", all.Len(), len(want))
	}
}
