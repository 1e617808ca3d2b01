package events

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// errSchedule is the one answer to every expression that AWS refuses; it names no reason.
var errSchedule = wire.Errorf(400, "ValidationException", "Parameter ScheduleExpression is not valid.")

// schedule says when a rule is due. After returns the first due time later than t, and false when
// there is none any more; since is when the rule was created, enabled or changed last.
type schedule interface {
	after(t, since time.Time) (time.Time, bool)
}

// parseSchedule reads a schedule expression of a rule. A minute of a rate lasts as long as given,
// so that a demonstration need not wait for a real one.
//
// AWS: "Creating an Amazon EventBridge rule that runs on a schedule". The keyword is lower case,
// a rate of 1 has a singular unit and any other a plural one, and a cron expression has six fields
// of which exactly one of day-of-month and day-of-week is "?".
func parseSchedule(expression string, minute time.Duration) (schedule, error) {
	if fields, ok := inside(expression, "rate"); ok {
		return parseRate(fields, minute)
	}
	if fields, ok := inside(expression, "cron"); ok {
		return parseCron(fields)
	}
	return nil, errSchedule
}

func inside(expression, keyword string) (string, bool) {
	rest, found := strings.CutPrefix(expression, keyword+"(")
	if !found {
		return "", false
	}
	return strings.CutSuffix(rest, ")")
}

var rateFields = regexp.MustCompile(`^([1-9][0-9]{0,7})\s+(minute|hour|day)(s?)$`)

// rate is an interval that starts when the rule does.
type rate struct{ every time.Duration }

func parseRate(fields string, minute time.Duration) (schedule, error) {
	match := rateFields.FindStringSubmatch(strings.TrimSpace(fields))
	if match == nil {
		return nil, errSchedule
	}
	value, err := strconv.Atoi(match[1])
	if err != nil || (value == 1) != (match[3] == "") {
		return nil, errSchedule
	}
	minutes := map[string]int{"minute": 1, "hour": 60, "day": 24 * 60}[match[2]]
	return rate{every: time.Duration(value*minutes) * minute}, nil
}

func (r rate) after(t, since time.Time) (time.Time, bool) {
	if t.Before(since) {
		return since.Add(r.every), true
	}
	passed := t.Sub(since) / r.every
	return since.Add((passed + 1) * r.every), true
}
