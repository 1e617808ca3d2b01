package process

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Real-time signals, as container engines count them (moby/sys/signal): the first two are the C library's own.
const (
	firstRealTime = 34
	lastRealTime  = 64
)

// ParseSignal reads an image's STOPSIGNAL in any form that container engines take: a number, or a name with or without
// SIG and in any case, such as SIGQUIT, quit, 3, SIGRTMIN+3. An empty one gives 0.
func ParseSignal(text string) (syscall.Signal, error) {
	if text == "" {
		return 0, nil
	}
	if number, err := strconv.Atoi(text); err == nil && number > 0 && number <= lastRealTime {
		return syscall.Signal(number), nil
	}
	name := "SIG" + strings.TrimPrefix(strings.ToUpper(text), "SIG")
	if signal := unix.SignalNum(name); signal != 0 {
		return signal, nil
	}
	if signal := realTime(name); signal >= firstRealTime && signal <= lastRealTime {
		return syscall.Signal(signal), nil
	}
	return 0, fmt.Errorf("the image's STOPSIGNAL %.50q is no signal", text)
}

// realTime is the number of SIGRTMIN, SIGRTMIN+n, SIGRTMAX or SIGRTMAX-n, or 0.
func realTime(name string) int {
	for base, number := range map[string]int{"SIGRTMIN": firstRealTime, "SIGRTMAX": lastRealTime} {
		offset, found := strings.CutPrefix(name, base)
		switch {
		case !found:
		case offset == "":
			return number
		case offset[0] == '+' || offset[0] == '-':
			if distance, err := strconv.Atoi(offset); err == nil {
				return number + distance
			}
		}
	}
	return 0
}
