package events

import (
	"strings"
	"time"
)

// parseMonthDay reads a day of the month: "L" is the last day, "15W" the weekday nearest to the 15th
// within the month, "LW" the last weekday.
func parseMonthDay(text string) (func(time.Time) bool, error) {
	switch {
	case text == "L":
		return func(d time.Time) bool { return d.Day() == lastDay(d) }, nil
	case text == "LW":
		return func(d time.Time) bool { return d.Day() == nearestWeekday(d, lastDay(d)) }, nil
	case strings.HasSuffix(text, "W"):
		number, err := monthDays.value(strings.TrimSuffix(text, "W"))
		if err != nil {
			return nil, err
		}
		return func(d time.Time) bool { return number <= lastDay(d) && d.Day() == nearestWeekday(d, number) }, nil
	}
	values, err := monthDays.parse(text)
	return func(d time.Time) bool { return values[d.Day()] }, err
}

// parseWeekDay reads a day of the week: "L" is Saturday, "6L" the last Friday of the month, "3#2" its
// second Tuesday.
func parseWeekDay(text string) (func(time.Time) bool, error) {
	if text == "L" {
		text = "7"
	}
	if day, nth, found := strings.Cut(text, "#"); found {
		return nthWeekDay(day, nth)
	}
	if day, last := strings.CutSuffix(text, "L"); last {
		number, err := weekDays.value(day)
		if err != nil {
			return nil, err
		}
		return func(d time.Time) bool { return weekDay(d) == number && d.Day() > lastDay(d)-7 }, nil
	}
	values, err := weekDays.parse(text)
	return func(d time.Time) bool { return values[weekDay(d)] }, err
}

func nthWeekDay(day, nth string) (func(time.Time) bool, error) {
	number, err := weekDays.value(day)
	if err != nil {
		return nil, err
	}
	occurrence, err := field{low: 1, high: 5}.value(nth)
	if err != nil {
		return nil, err
	}
	return func(d time.Time) bool { return weekDay(d) == number && (d.Day()-1)/7+1 == occurrence }, nil
}

func weekDay(d time.Time) int { return int(d.Weekday()) + 1 }

func lastDay(d time.Time) int {
	return time.Date(d.Year(), d.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// nearestWeekday never leaves the month: the 1st on a Saturday moves to Monday the 3rd, a last day
// on a Sunday to the Friday before.
func nearestWeekday(d time.Time, number int) int {
	date := time.Date(d.Year(), d.Month(), number, 0, 0, 0, 0, time.UTC)
	switch {
	case date.Weekday() == time.Saturday && number == 1:
		return number + 2
	case date.Weekday() == time.Saturday:
		return number - 1
	case date.Weekday() == time.Sunday && number == lastDay(d):
		return number - 2
	case date.Weekday() == time.Sunday:
		return number + 1
	}
	return number
}
