package events

import (
	"strconv"
	"strings"
	"time"
)

// cron is a six-field expression of EventBridge: minutes, hours, day of month, month, day of week
// (1 is Sunday) and year, in UTC.
//
// AWS: "Cron expressions reference". Supported wildcards are , - * / in every field, ? L W for days
// of the month and ? L # for days of the week.
type cron struct {
	minute, hour, month, year set
	day                       func(date time.Time) bool
}

// field is the range of one field and the names that stand for its numbers.
type field struct {
	low, high int
	names     map[string]int
}

var (
	minutes    = field{low: 0, high: 59}
	hours      = field{low: 0, high: 23}
	monthDays  = field{low: 1, high: 31}
	months     = field{low: 1, high: 12, names: numbered("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC")}
	weekDays   = field{low: 1, high: 7, names: numbered("SUN MON TUE WED THU FRI SAT")}
	years      = field{low: 1970, high: 2199}
	anyInField = "?"
)

func numbered(names string) map[string]int {
	numbers := map[string]int{}
	for i, name := range strings.Fields(names) {
		numbers[name] = i + 1
	}
	return numbers
}

func parseCron(expression string) (schedule, error) {
	fields := strings.Fields(strings.ToUpper(expression))
	if len(fields) != 6 || (fields[2] == anyInField) == (fields[4] == anyInField) {
		return nil, errSchedule
	}
	c := cron{}
	for _, part := range []struct {
		into *set
		text string
		in   field
	}{{&c.minute, fields[0], minutes}, {&c.hour, fields[1], hours}, {&c.month, fields[3], months},
		{&c.year, fields[5], years}} {
		values, err := part.in.parse(part.text)
		if err != nil {
			return nil, err
		}
		*part.into = values
	}
	var err error
	if fields[4] == anyInField {
		c.day, err = parseMonthDay(fields[2])
	} else {
		c.day, err = parseWeekDay(fields[4])
	}
	return c, err
}

// after walks days, then hours and minutes, so that an expression that is never due again ends with
// the last year instead of walking minutes for centuries.
func (c cron) after(t, _ time.Time) (time.Time, bool) {
	next := t.UTC().Truncate(time.Minute).Add(time.Minute)
	for next.Year() <= years.high {
		if !c.month[int(next.Month())] || !c.year[next.Year()] || !c.day(next) {
			next = midnight(next).AddDate(0, 0, 1)
			continue
		}
		if !c.hour[next.Hour()] {
			next = next.Truncate(time.Hour).Add(time.Hour)
			continue
		}
		if c.minute[next.Minute()] {
			return next, true
		}
		next = next.Add(time.Minute)
	}
	return time.Time{}, false
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

type set map[int]bool

// parse reads a list of values, ranges and increments: "0,30", "MON-FRI", "*/5", "10-50/20".
func (f field) parse(text string) (set, error) {
	values := set{}
	for item := range strings.SplitSeq(text, ",") {
		span, step, stepped := strings.Cut(item, "/")
		by := 1
		if stepped {
			var err error
			if by, err = strconv.Atoi(step); err != nil || by < 1 {
				return nil, errSchedule
			}
		}
		low, high, err := f.span(span, stepped)
		if err != nil {
			return nil, err
		}
		for value := low; value <= high; value += by {
			values[value] = true
		}
	}
	return values, nil
}

// span reads "*", one value or a range; an increment that starts at one value runs to the end.
func (f field) span(text string, stepped bool) (low, high int, err error) {
	if text == "*" {
		return f.low, f.high, nil
	}
	first, last, ranged := strings.Cut(text, "-")
	if low, err = f.value(first); err != nil {
		return 0, 0, err
	}
	if !ranged {
		if stepped {
			return low, f.high, nil
		}
		return low, low, nil
	}
	if high, err = f.value(last); err != nil || high < low {
		return 0, 0, errSchedule
	}
	return low, high, nil
}

func (f field) value(text string) (int, error) {
	if number, named := f.names[text]; named {
		return number, nil
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < f.low || number > f.high {
		return 0, errSchedule
	}
	return number, nil
}
