package lambda

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Options set what AWS does not let its users set. As settings of the local AWS they are named in the comments,
// durations written as "1m30s". All times are on the local AWS's clock but Idle, which is the machine's.
type Options struct {
	// Idle ("lambda.idle") is how long an environment waits for work before it ends; default five minutes.
	Idle time.Duration
	// Concurrency ("lambda.concurrency") is how many requests run at once in the account; default 1000.
	Concurrency int
	// Create, Update and Publish ("lambda.create", "lambda.update", "lambda.publish") are how long a new function, a
	// change of $LATEST and a new version take, besides the time for unpacking the image; default none.
	Create, Update, Publish time.Duration
	// Mapping ("lambda.mapping") is how long each change of an event source mapping takes; default none.
	Mapping time.Duration
	// Retry ("lambda.retry", as "1m,2m") are the waits before the second and the third try of an
	// asynchronous event; default AWS's own.
	Retry []time.Duration
	// Twice ("lambda.deliver-twice", "true") delivers every asynchronous event a second time after it was delivered, even
	// without an error, as Lambda's queue may (AWS Lambda Developer Guide, invocation-async); default false.
	Twice bool
	// Reach ("lambda.reach", as "5432,6379") are loopback ports of this machine that functions reach under the same
	// numbers: the databases and the like that a function has beside AWS; default none.
	Reach []int
	// CheckImages ("lambda.check-images") is how often Lambda looks whether its images are still there; default never.
	CheckImages time.Duration
}

func defaultOptions() Options {
	return Options{Idle: 5 * time.Minute, Concurrency: 1000, Retry: []time.Duration{time.Minute, 2 * time.Minute}}
}

func readOptions(settings map[string]string) (Options, error) {
	o := defaultOptions()
	durations := map[string]*time.Duration{"idle": &o.Idle, "create": &o.Create, "update": &o.Update,
		"publish": &o.Publish, "mapping": &o.Mapping, "check-images": &o.CheckImages}
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		name, ours := strings.CutPrefix(key, "lambda.")
		if !ours {
			continue
		}
		var err error
		switch into := durations[name]; {
		case into != nil:
			*into, err = time.ParseDuration(settings[key])
		case name == "concurrency":
			o.Concurrency, err = strconv.Atoi(settings[key])
		case name == "deliver-twice":
			o.Twice, err = strconv.ParseBool(settings[key])
		case name == "retry":
			o.Retry, err = parseDurations(settings[key])
		case name == "reach":
			o.Reach, err = parsePorts(settings[key])
		default:
			err = fmt.Errorf("no such setting")
		}
		if err != nil {
			return o, fmt.Errorf("reading the setting %s: %w", key, err)
		}
	}
	return o, nil
}

func parsePorts(text string) (ports []int, err error) {
	for part := range strings.SplitSeq(text, ",") {
		port, err := strconv.ParseUint(strings.TrimSpace(part), 10, 16)
		if err != nil {
			return nil, err
		}
		ports = append(ports, int(port))
	}
	return ports, nil
}

func parseDurations(text string) ([]time.Duration, error) {
	var list []time.Duration
	for part := range strings.SplitSeq(text, ",") {
		d, err := time.ParseDuration(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, nil
}
