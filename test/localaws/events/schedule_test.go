package events

import (
	"testing"
	"time"
)

func TestScheduleExpressionsAreRefusedLikeAWSRefusesThem(t *testing.T) {
	for _, row := range []struct{ expression, why string }{
		{"", "nothing is no schedule"},
		{"rate(1 minutes)", "1 is singular"},
		{"rate(5 minute)", "more than 1 is plural"},
		{"rate(0 minutes)", "the value is positive"},
		{"rate(-1 minutes)", "the value is positive"},
		{"rate(1.5 hours)", "the value is whole"},
		{"rate(30 seconds)", "a minute is the finest unit"},
		{"Rate(1 minute)", "the keyword is lower case"},
		{"rate(1 minute", "the parenthesis closes"},
		{"0 12 * * ? *", "the keyword is missing"},
		{"cron(0 12 * * ?)", "the year is missing"},
		{"cron(0 12 * * * *)", "one of the two days must be ?"},
		{"cron(0 12 ? * ? *)", "only one of the two days may be ?"},
		{"cron(0 12 1 * 2 *)", "both days cannot be given"},
		{"cron(60 12 * * ? *)", "minutes end at 59"},
		{"cron(0 24 * * ? *)", "hours end at 23"},
		{"cron(0 12 0 * ? *)", "days start at 1"},
		{"cron(0 12 * 13 ? *)", "months end at 12"},
		{"cron(0 12 ? * 0 *)", "the week starts with 1, Sunday"},
		{"cron(0 12 ? * 8 *)", "the week ends with 7, Saturday"},
		{"cron(0 12 ? * MON#6 *)", "a month has at most five Mondays"},
		{"cron(0/0 12 * * ? *)", "an increment is positive"},
		{"cron(30-10 12 * * ? *)", "a range ascends"},
		{"cron(0 12 * * ? 1969)", "years start at 1970"},
		{"at(2030-01-01T00:00:00)", "one-time schedules belong to EventBridge Scheduler"},
	} {
		if _, err := parseSchedule(row.expression, time.Minute); err == nil {
			t.Errorf("%q was accepted: %s", row.expression, row.why)
		}
	}
}

func TestCronExpressionsAreDueWhenAWSSays(t *testing.T) {
	from := time.Date(2026, time.February, 10, 11, 59, 30, 0, time.UTC) // a Tuesday
	for _, row := range []struct{ expression, due, why string }{
		{"cron(0 12 * * ? *)", "2026-02-10T12:00:00Z", "noon of the same day"},
		{"cron(59 11 * * ? *)", "2026-02-11T11:59:00Z", "this minute has begun, so the next day"},
		{"cron(0/15 10-16 ? * MON-FRI *)", "2026-02-10T12:00:00Z", "every 15 minutes of office hours"},
		{"cron(*/5 * ? * SAT,SUN *)", "2026-02-14T00:00:00Z", "the weekend begins on Saturday"},
		{"cron(0 8 1 * ? *)", "2026-03-01T08:00:00Z", "the first of the next month"},
		{"cron(0 0 L * ? *)", "2026-02-28T00:00:00Z", "February has 28 days in 2026"},
		{"cron(0 0 LW * ? *)", "2026-02-27T00:00:00Z", "the 28th is a Saturday"},
		{"cron(0 0 1W 8 ? *)", "2026-08-03T00:00:00Z", "the 1st of August is a Saturday, and the month is not left"},
		{"cron(0 0 15W * ? *)", "2026-02-16T00:00:00Z", "the 15th is a Sunday"},
		{"cron(0 0 ? * 6L *)", "2026-02-27T00:00:00Z", "the last Friday"},
		{"cron(0 0 ? * 3#2 *)", "2026-03-10T00:00:00Z", "today is the second Tuesday, its midnight has passed"},
		{"cron(0 0 29 FEB ? *)", "2028-02-29T00:00:00Z", "the next leap year"},
		{"cron(0 0 1 1 ? 2030)", "2030-01-01T00:00:00Z", "a year of its own"},
	} {
		s, err := parseSchedule(row.expression, time.Minute)
		if err != nil {
			t.Errorf("%q was refused: %s", row.expression, row.why)
			continue
		}
		due, _ := s.after(from, from)
		if got := due.Format(time.RFC3339); got != row.due {
			t.Errorf("%q: due %s, want %s: %s", row.expression, got, row.due, row.why)
		}
	}
}

func TestACronExpressionOfThePastIsNeverDue(t *testing.T) {
	s, err := parseSchedule("cron(0 12 * * ? 2020)", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	if due, ok := s.after(now, now); ok {
		t.Errorf("due at %s", due)
	}
}

func TestARateCountsFromTheStartOfTheRule(t *testing.T) {
	since := time.Date(2026, time.January, 1, 10, 0, 20, 0, time.UTC)
	for _, row := range []struct {
		expression string
		minute     time.Duration
		at, due    time.Duration
		why        string
	}{
		{"rate(1 minute)", time.Minute, 0, time.Minute, "the first time is one interval after the start"},
		{"rate(5 minutes)", time.Minute, 5 * time.Minute, 10 * time.Minute, "a due time is not due twice"},
		{"rate(5 minutes)", time.Minute, 12 * time.Minute, 15 * time.Minute, "missed times are not caught up with"},
		{"rate(2 hours)", time.Minute, 0, 2 * time.Hour, "an hour is 60 minutes"},
		{"rate(1 day)", time.Second, 0, 24 * time.Minute, "a shorter minute shortens days too"},
	} {
		s, err := parseSchedule(row.expression, row.minute)
		if err != nil {
			t.Fatal(err)
		}
		due, ok := s.after(since.Add(row.at), since)
		if !ok || due.Sub(since) != row.due {
			t.Errorf("%s: due after %s, want %s: %s", row.expression, due.Sub(since), row.due, row.why)
		}
	}
}
