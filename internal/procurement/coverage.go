package procurement

import (
	"slices"
	"time"

	"felleskrav/internal/locale"
	"felleskrav/internal/status"
)

// Day is a day of the calendar in Oslo, written YYYY-MM-DD.
type Day string

// DayOf is the day in Oslo at a moment.
func DayOf(at time.Time) Day { return Day(at.In(locale.Zone()).Format(time.DateOnly)) }

// Valid reports whether it is a day of the calendar, from the year 2000 to
// 2199: others are slips of the pen.
func (d Day) Valid() bool {
	at, err := time.Parse(time.DateOnly, string(d))
	return err == nil && at.Year() >= 2000 && at.Year() < 2200
}

// Time is the moment the day begins in Oslo; zero when it is no day.
func (d Day) Time() time.Time {
	at, err := time.ParseInLocation(time.DateOnly, string(d), locale.Zone())
	if err != nil {
		return time.Time{}
	}
	return at
}

// until counts the days from d to other, which is later.
func (d Day) until(other Day) int {
	a, errA := time.Parse(time.DateOnly, string(d)) // in UTC every day has 24 hours
	b, errB := time.Parse(time.DateOnly, string(other))
	if errA != nil || errB != nil {
		return 0
	}
	return int(b.Sub(a).Hours() / 24)
}

// Lasts says how long a declaration lasts against the contract.
type Lasts string

// The words.
const (
	LastsOut   Lasts = "covers"       // to the last day of the contract or longer
	LastsShort Lasts = "ends-earlier" // it ends while the contract runs
	LastsNot   Lasts = "none"         // no declaration that can be relied on
)

// Coverage tells how long the declaration for one set lasts against the
// contract. A bidder without an offering here has one without a set.
type Coverage struct {
	Set, SetVersion string
	Lasts           Lasts
	// LastDay is the last day the declaration is in force on; "" when there is
	// none that was ever the supplier's word and stands.
	LastDay Day
	// MissingDays is how many days of the contract come after LastDay; 0 when
	// none do or there is no LastDay.
	MissingDays int
}

// Until gives the comparison with every declaration set against the last day of
// the contract; "" is none.
func (c Comparison) Until(end Day) Comparison {
	c.ContractEnd, c.Bidders = end, slices.Clone(c.Bidders)
	for i := range c.Bidders {
		b := &c.Bidders[i]
		b.Coverage = nil
		if end != "" {
			b.Coverage = coverage(end, b.Statuses)
		}
	}
	return c
}

// coverage compares the end of each declaration with that of the contract. Days
// are counted, not hours: a declaration that ends at any time of the contract's
// last day lasts long enough, one that ends when that day begins does not.
func coverage(end Day, statuses []status.Status) []Coverage {
	if len(statuses) == 0 {
		return []Coverage{{Lasts: LastsNot}}
	}
	out := make([]Coverage, 0, len(statuses))
	for _, s := range statuses {
		c := Coverage{Set: s.Set, SetVersion: s.SetVersion, Lasts: LastsNot}
		if d := s.Declaration; d != nil && (counts(s.Overall) || s.Overall == status.Expired) {
			c.LastDay = DayOf(d.ValidUntil.Add(-time.Nanosecond)) // it is over at that moment
			if c.LastDay < end {
				c.Lasts, c.MissingDays = LastsShort, c.LastDay.until(end)
			} else if s.Overall != status.Expired {
				c.Lasts = LastsOut
			}
		}
		out = append(out, c)
	}
	return out
}

// TooShort lists what of the bidder's declarations does not last as long as the
// contract.
func (b ComparedBidder) TooShort() []Coverage {
	var out []Coverage
	for _, c := range b.Coverage {
		if c.Lasts != LastsOut {
			out = append(out, c)
		}
	}
	return out
}
