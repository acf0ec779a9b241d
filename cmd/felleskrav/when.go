package main

import (
	"time"

	"felleskrav/internal/console"
	"felleskrav/internal/locale"
)

// endOfDay reads a date as the last second of that day in Oslo, or a moment
// as RFC 3339 has it.
func endOfDay(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, s, locale.Zone())
	if err != nil {
		return time.Time{}, console.Usage("cli.usage.date", "Value", s)
	}
	return t.AddDate(0, 0, 1).Add(-time.Second).UTC(), nil
}

// moment reads a moment as RFC 3339 has it, or a date as its last second. ""
// is the zero time.
func moment(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	return endOfDay(s)
}
