package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // days are those of Oslo, also where there is no zone database

	"felleskrav/internal/access"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

// Visibility says who may read a piece of evidence.
type Visibility string

// The visibilities.
const (
	VisiblePublic   Visibility = "public"
	VisibleAgencies Visibility = "agencies"
	VisibleGranted  Visibility = "granted"
)

// Visibilities lists them, the usual one first.
func Visibilities() []Visibility {
	return []Visibility{VisibleAgencies, VisibleGranted, VisiblePublic}
}

// Description is what the owner says of a file beside its kind. All of it is
// optional, and the owner's own words.
type Description struct {
	// Issuer is who made or issued it: the certification body, the auditor, the
	// tester.
	Issuer string `json:"issuer,omitempty"`
	// Standard is what a certificate or report is about, with its edition.
	Standard string `json:"standard,omitempty"`
	// Applicability says that the Statement of Applicability is part of the file.
	Applicability bool `json:"applicability,omitempty"`
	// ValidFrom and ValidUntil are the first and last day it holds for.
	ValidFrom  Date `json:"validFrom,omitempty"`
	ValidUntil Date `json:"validUntil,omitempty"`
	// Scope is what it covers.
	Scope string `json:"scope,omitempty"`
	// LegalBasis is what the owner holds to exempt it from public access.
	LegalBasis string `json:"legalBasis,omitempty"`
}

// Limits of a description, in characters.
const (
	maxIssuer   = 200
	maxStandard = 100
	maxScope    = 500
	maxBasis    = 300
)

func (d Description) validate(c *problem.Collector) {
	c.Line("issuer", d.Issuer, 0, maxIssuer)
	c.Line("standard", d.Standard, 0, maxStandard)
	c.Line("scope", d.Scope, 0, maxScope)
	c.Line("legalBasis", d.LegalBasis, 0, maxBasis)
	c.Check(d.ValidFrom == "" || d.ValidFrom.Valid(), "validFrom", "evidence.date", nil)
	c.Check(d.ValidUntil == "" || d.ValidUntil.Valid(), "validUntil", "evidence.date", nil)
	c.Check(d.ValidFrom == "" || d.ValidUntil == "" || d.ValidFrom <= d.ValidUntil, "validUntil", "evidence.period", nil)
}

// Date is a day in Norway, as 2027-06-30. Dates compare as strings.
type Date string

// Valid reports whether d is a day of our time.
func (d Date) Valid() bool {
	t, err := time.Parse(time.DateOnly, string(d))
	return err == nil && t.Year() >= 1970 && t.Year() <= 2199
}

var oslo = func() *time.Location {
	l, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		panic("evidence: the time zone database lacks Europe/Oslo: " + err.Error())
	}
	return l
}()

// DateOf is the day at a moment.
func DateOf(t time.Time) Date { return Date(t.In(oslo).Format(time.DateOnly)) }

// Period says how a file's period stands at a moment.
type Period string

// The periods. None is for a file without any.
const (
	PeriodNone     Period = ""
	PeriodCurrent  Period = "current"
	PeriodUpcoming Period = "upcoming"
	PeriodEnded    Period = "ended"
)

// Periods lists those that have a name.
func Periods() []Period { return []Period{PeriodCurrent, PeriodUpcoming, PeriodEnded} }

// PeriodAt tells how the period stands; its first and last day are in it.
func (d Description) PeriodAt(now time.Time) Period {
	day := DateOf(now)
	switch {
	case d.ValidFrom == "" && d.ValidUntil == "":
		return PeriodNone
	case d.ValidUntil != "" && d.ValidUntil < day:
		return PeriodEnded
	case d.ValidFrom > day:
		return PeriodUpcoming
	}
	return PeriodCurrent
}

// Grant lets one body read a file.
type Grant struct {
	Org organisation.Number `json:"org"`
	// Until is the last day it holds; none is without end.
	Until     Date      `json:"until,omitempty"`
	GrantedAt time.Time `json:"grantedAt,omitzero"`
}

// UnmarshalJSON also reads a mere number, as records had it before grants
// could end.
func (g *Grant) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte(`"`)) {
		*g = Grant{}
		return json.Unmarshal(b, &g.Org)
	}
	type plain Grant
	return json.Unmarshal(b, (*plain)(g))
}

// ParseGrant reads a grant as people write it: NUMBER or NUMBER:YYYY-MM-DD.
func ParseGrant(s string) Grant {
	org, until, _ := strings.Cut(s, ":")
	return Grant{Org: organisation.Number(strings.TrimSpace(org)), Until: Date(strings.TrimSpace(until))}
}

// String writes a grant as ParseGrant reads it.
func (g Grant) String() string {
	if g.Until == "" {
		return string(g.Org)
	}
	return string(g.Org) + ":" + string(g.Until)
}

// Holds reports whether the grant holds at a moment.
func (g Grant) Holds(now time.Time) bool { return g.Until == "" || DateOf(now) <= g.Until }

// maxGranted is how many bodies one file can be opened to by name.
const maxGranted = 500

// checkGrants checks grants and writes their numbers as digits only.
func checkGrants(c *problem.Collector, in []Grant) []Grant {
	c.Check(len(in) <= maxGranted, "granted", "field.many", problem.Args{"Max": maxGranted})
	var out []Grant
	for i, g := range in[:min(len(in), maxGranted)] {
		path := fmt.Sprintf("granted[%d]", i)
		n, err := organisation.ParseNumber(string(g.Org))
		switch {
		case err != nil:
			c.Add(path, problem.KeyOf(err), problem.Args{"Number": problem.Clip(string(g.Org))})
		case slices.ContainsFunc(out, func(o Grant) bool { return o.Org == n }):
			c.Add(path, "evidence.granted-twice", problem.Args{"Number": string(n)})
		case g.Until != "" && !g.Until.Valid():
			c.Add(path, "evidence.date", nil)
		}
		out = append(out, Grant{Org: n, Until: g.Until})
	}
	return out
}

func checkSorting(c *problem.Collector, kind string, v Visibility) {
	c.Check(slices.Contains(catalogue.EvidenceKinds(), catalogue.EvidenceKind(kind)), "kind", "field.unknown", problem.Args{"Value": problem.Clip(kind)})
	c.Check(slices.Contains(Visibilities(), v), "visibility", "field.unknown", problem.Args{"Value": problem.Clip(string(v))})
}

// VisibleTo reports whether the actor may know of the evidence, and read it
// while its bytes are kept. A grant that has ended gives nothing.
func (e Evidence) VisibleTo(a access.Actor, now time.Time) bool {
	switch {
	case e.Visibility == VisiblePublic, a.Org != "" && a.Org == string(e.Owner):
		return true
	case e.Visibility == VisibleAgencies:
		return a.Agency()
	case e.Visibility == VisibleGranted:
		return a.Agency() && slices.ContainsFunc(e.Granted, func(g Grant) bool { return a.Org != "" && string(g.Org) == a.Org && g.Holds(now) })
	}
	return false
}
