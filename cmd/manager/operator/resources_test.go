package operator

import (
	"runtime/debug"
	"testing"
)

func TestTheProcessKeepsWithinThePod(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	for _, row := range []struct {
		why, env  string
		resources Resources
		want      int64
	}{
		{"what is not known changes nothing", "", Resources{}, before},
		{"GOMEMLIMIT has the word", "1GiB", Resources{Memory: 1000}, before},
		{"nine tenths leave room for what Go does not count", "", Resources{Memory: 1 << 30}, 966367638},
	} {
		t.Run(row.why, func(t *testing.T) {
			t.Setenv("GOMEMLIMIT", row.env)
			row.resources.apply()
			got := debug.SetMemoryLimit(before)
			if got != row.want {
				t.Errorf("the limit is %d, want %d", got, row.want)
			}
		})
	}
}

func TestAllImagesTogetherTakeAShareOfThePod(t *testing.T) {
	if memory, disk := (Resources{Memory: 1 << 30, Disk: 10 << 30}).budget(); memory != 256<<20 || disk != 8<<30 {
		t.Errorf("they may take %d of memory and %d of disk", memory, disk)
	}
	if memory, disk := (Resources{}).budget(); memory != 0 || disk != 0 {
		t.Errorf("of what is not known they may take %d and %d", memory, disk)
	}
}

func TestGarbageIsCollectedEarlyUnlessSomeoneSaysOtherwise(t *testing.T) {
	before := debug.SetGCPercent(100)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	for env, want := range map[string]int{"": collectAt, "200": 100} {
		t.Setenv("GOGC", env)
		Resources{}.apply()
		if got := debug.SetGCPercent(100); got != want {
			t.Errorf("with GOGC=%q it is %d percent, want %d", env, got, want)
		}
	}
}
