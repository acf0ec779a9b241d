package procurement_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/organisation"
	"felleskrav/internal/procurement"
	"felleskrav/internal/status"
)

const (
	typeA = procurement.TypeA
	typeB = procurement.TypeB
)

func line(id, theme, kind string) procurement.Line {
	return procurement.Line{Requirement: catalogue.Requirement{ID: id, Theme: theme}, ThemeName: catalogue.Text{NB: theme}, Type: kind}
}

// standing is the status of one declaration that answers the same to all.
func standing(set string, o status.Overall, until time.Time, answers map[string]attestation.AnswerStatus) status.Status {
	s := status.Status{Set: set, SetVersion: "1.0.0", Overall: o}
	if o != status.Missing {
		s.Declaration = &status.DeclarationStatus{SetVersion: "1.0.0", ValidUntil: until}
	}
	for id, a := range answers {
		s.Requirements = append(s.Requirements, status.RequirementStatus{Requirement: id, Answer: a, Statement: "erklært " + id, Assurance: status.Declared})
	}
	return s
}

func oslo(s string) time.Time {
	at, err := time.ParseInLocation("2006-01-02 15:04:05", s, locale.Zone())
	if err != nil {
		panic(err)
	}
	return at.UTC()
}

func TestDeclarationAgainstTheEndOfTheContract(t *testing.T) {
	const end procurement.Day = "2029-03-25" // the clocks go forward that night
	tests := []struct {
		name  string
		state status.Overall
		until string
		want  procurement.Coverage
	}{
		{"ends the day before", status.Valid, "2029-03-24 23:59:59", procurement.Coverage{Lasts: procurement.LastsShort, LastDay: "2029-03-24", MissingDays: 1}},
		{"ends as the last day begins", status.Valid, "2029-03-25 00:00:00", procurement.Coverage{Lasts: procurement.LastsShort, LastDay: "2029-03-24", MissingDays: 1}},
		{"ends a second into the last day", status.Valid, "2029-03-25 00:00:01", procurement.Coverage{Lasts: procurement.LastsOut, LastDay: "2029-03-25"}},
		{"ends on the last day", status.Valid, "2029-03-25 23:59:59", procurement.Coverage{Lasts: procurement.LastsOut, LastDay: "2029-03-25"}},
		{"ends as the last day does", status.Valid, "2029-03-26 00:00:00", procurement.Coverage{Lasts: procurement.LastsOut, LastDay: "2029-03-25"}},
		{"ends the day after", status.Valid, "2029-03-26 12:00:00", procurement.Coverage{Lasts: procurement.LastsOut, LastDay: "2029-03-26"}},
		{"ends a year before", status.Expiring, "2028-03-25 23:59:59", procurement.Coverage{Lasts: procurement.LastsShort, LastDay: "2028-03-25", MissingDays: 365}},
		{"for another version of the set", status.SupersededSet, "2029-03-24 23:59:59", procurement.Coverage{Lasts: procurement.LastsShort, LastDay: "2029-03-24", MissingDays: 1}},
		{"for another version, long enough", status.SupersededSet, "2029-04-01 23:59:59", procurement.Coverage{Lasts: procurement.LastsOut, LastDay: "2029-04-01"}},
		{"expired", status.Expired, "2026-03-25 23:59:59", procurement.Coverage{Lasts: procurement.LastsShort, LastDay: "2026-03-25", MissingDays: 1096}},
		{"expired after the contract", status.Expired, "2029-03-30 23:59:59", procurement.Coverage{Lasts: procurement.LastsNot, LastDay: "2029-03-30"}},
		{"revoked", status.Revoked, "2030-01-01 12:00:00", procurement.Coverage{Lasts: procurement.LastsNot}},
		{"withdrawn", status.Withdrawn, "2030-01-01 12:00:00", procurement.Coverage{Lasts: procurement.LastsNot}},
		{"for something else than is offered", status.ScopeMismatch, "2030-01-01 12:00:00", procurement.Coverage{Lasts: procurement.LastsNot}},
		{"missing", status.Missing, "2030-01-01 12:00:00", procurement.Coverage{Lasts: procurement.LastsNot}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := standing("grunnsett", tt.state, oslo(tt.until), nil)
			c := procurement.Compare(nil, []procurement.Bidder{{Supplier: "1"}}, map[string][]status.Status{"1": {s}}, nil)
			if got := c.Bidders[0].Coverage; got != nil {
				t.Errorf("without an end: %+v", got)
			}
			tt.want.Set, tt.want.SetVersion = "grunnsett", "1.0.0"
			got := c.Until(end).Bidders[0]
			if diff := cmp.Diff([]procurement.Coverage{tt.want}, got.Coverage); diff != "" {
				t.Error(diff)
			}
			if short := len(got.TooShort()) > 0; short != (tt.want.Lasts != procurement.LastsOut) {
				t.Errorf("flagged: %v", short)
			}
		})
	}
	alone := procurement.Compare(nil, []procurement.Bidder{{Supplier: "1"}}, nil, nil).Until(end).Bidders[0]
	if diff := cmp.Diff([]procurement.Coverage{{Lasts: procurement.LastsNot}}, alone.TooShort()); diff != "" {
		t.Errorf("a bidder without an offering: %s", diff)
	}
}

func TestDays(t *testing.T) {
	for d, want := range map[procurement.Day]bool{
		"2029-12-31": true, "2028-02-29": true, "2029-02-29": false, "2029-1-1": false, "": false, "1999-12-31": false, "2200-01-01": false, "31.12.2029": false, "2029-12-31T00:00:00Z": false,
	} {
		if d.Valid() != want {
			t.Errorf("%q valid: %v", d, !want)
		}
	}
	// It is the next day in Oslo an hour before midnight in UTC.
	if got := procurement.DayOf(time.Date(2028, 12, 31, 23, 0, 0, 0, time.UTC)); got != "2029-01-01" {
		t.Errorf("the day is %s", got)
	}
	if got := procurement.Day("2029-06-01").Time(); !got.Equal(time.Date(2029, 5, 31, 22, 0, 0, 0, time.UTC)) {
		t.Errorf("the day begins %s", got)
	}
}

// TestWhatADeclarationCountsFor holds which declarations answer for a bidder.
func TestWhatADeclarationCountsFor(t *testing.T) {
	lines := []procurement.Line{line("K-A-01", "A", typeA)}
	relied := map[status.Overall]bool{status.Valid: true, status.Expiring: true, status.SupersededSet: true, status.Incomplete: true}
	for _, o := range status.Overalls() {
		s := standing("s", o, oslo("2030-01-01 12:00:00"), map[string]attestation.AnswerStatus{"K-A-01": attestation.Met})
		bid := procurement.Response{Supplier: "1", Answers: []procurement.ResponseAnswer{{Requirement: "K-A-01", Status: attestation.NotMet, Statement: "nei"}}}
		bidders := []procurement.Bidder{{Supplier: "1"}}
		c := procurement.Compare(lines, bidders, map[string][]status.Status{"1": {s}}, nil)
		want := procurement.Cell{Source: procurement.FromNothing}
		if relied[o] {
			want = procurement.Cell{Source: procurement.FromDeclaration, Answer: attestation.Met, Statement: "erklært K-A-01", Declared: attestation.Met, DeclaredStatement: "erklært K-A-01", Assurance: status.Declared}
		}
		if diff := cmp.Diff(want, c.Rows[0].Cells[0]); diff != "" {
			t.Errorf("%s: %s", o, diff)
		}
		c = procurement.Compare(lines, bidders, map[string][]status.Status{"1": {s}}, []procurement.Response{bid})
		d := c.Deviations()
		if (len(d) == 1) != relied[o] || c.Bidders[0].Contradictions != len(d) {
			t.Errorf("%s: %d contradictions", o, len(d))
		}
		if len(d) == 1 && (d[0].Cell.Statement != "nei" || d[0].Cell.DeclaredStatement != "erklært K-A-01" || d[0].Bidder != 0) {
			t.Errorf("%s: %+v", o, d[0])
		}
	}
}

func TestGapsComeWithWhatDecidesFirst(t *testing.T) {
	lines := []procurement.Line{
		line("some-b", "X", typeB), line("nobody-b", "X", typeB), line("some-a", "Y", typeA), line("all", "Y", typeA), line("nobody-a", "X", typeA), line("other-a", "X", typeA),
	}
	answers := [][]attestation.AnswerStatus{
		{attestation.Met, attestation.Partial, attestation.Planned, attestation.Met, attestation.NotMet, attestation.NotApplicable},
		{"", attestation.Planned, attestation.Alternative, attestation.Met, "", attestation.Partial},
	}
	var bidders []procurement.Bidder
	var responses []procurement.Response
	for i, as := range answers {
		n := organisation.Number(fmt.Sprint(i))
		bidders = append(bidders, procurement.Bidder{Supplier: n})
		r := procurement.Response{Supplier: n}
		for j, a := range as {
			if a != "" {
				r.Answers = append(r.Answers, procurement.ResponseAnswer{Requirement: lines[j].Requirement.ID, Status: a})
			}
		}
		responses = append(responses, r)
	}
	c := procurement.Compare(lines, bidders, nil, responses)
	var got []string
	for _, g := range c.Gaps() {
		got = append(got, fmt.Sprint(g.Line.Requirement.ID, g.Bidders, g.Nobody))
	}
	want := []string{"nobody-a[0 1] true", "some-a[0] false", "other-a[1] false", "nobody-b[0 1] true", "some-b[1] false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if c.Bidders[0].UnmetA != 2 || c.Bidders[1].UnmetA != 2 {
		t.Errorf("unmet: %d and %d", c.Bidders[0].UnmetA, c.Bidders[1].UnmetA)
	}
	if c.Themes[0].ID != "X" || c.Themes[0].Requirements != 4 || c.Themes[0].Minimum != 2 || c.Themes[0].Bidders[1].UnmetA != 2 || c.Themes[1].Bidders[0].UnmetA != 1 {
		t.Errorf("themes %+v", c.Themes)
	}
}

func TestChainOverTheSets(t *testing.T) {
	link := func(name string, o status.Overall) status.Link { return status.Link{Name: name, Overall: o} }
	weak := link("Drift", status.Withdrawn)
	b := procurement.ComparedBidder{Statuses: []status.Status{
		{Overall: status.Valid, Chain: []status.Link{link("Skrift", status.Valid), link("Drift", status.Expired)}, Weakest: new(link("Drift", status.Expired))},
		{Overall: status.Expiring, Chain: []status.Link{weak, link("Lager", status.Valid)}, Weakest: &weak},
	}}
	want := []status.Link{link("Skrift", status.Valid), weak, link("Lager", status.Valid)}
	if diff := cmp.Diff(want, b.Chain()); diff != "" {
		t.Error(diff)
	}
	if w := b.Weakest(); w == nil || w.Name != "Drift" || w.Overall != status.Withdrawn {
		t.Errorf("weakest %+v", w)
	}
	if b.Overall() != status.Expiring || (procurement.ComparedBidder{}).Overall() != status.Missing || (procurement.ComparedBidder{}).Weakest() != nil {
		t.Error("the worst status is another")
	}
}

// TestCountsAddUp holds for any tender, bidders and answers.
func TestCountsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, m := rapid.IntRange(0, 30).Draw(t, "lines"), rapid.IntRange(0, 5).Draw(t, "bidders")
		answer := rapid.SampledFrom(append(attestation.AnswerStatuses(), ""))
		var lines []procurement.Line
		for i := range n {
			lines = append(lines, line(fmt.Sprint("K-", i), rapid.SampledFrom([]string{"X", "Y", "Z"}).Draw(t, "theme"), rapid.SampledFrom([]string{typeA, typeB}).Draw(t, "type")))
		}
		var bidders []procurement.Bidder
		var responses []procurement.Response
		statuses := map[string][]status.Status{}
		for b := range m {
			number := fmt.Sprint(b)
			bidders = append(bidders, procurement.Bidder{Supplier: organisation.Number(number)})
			r := procurement.Response{Supplier: organisation.Number(number)}
			declared := map[string]attestation.AnswerStatus{}
			for _, l := range lines {
				declared[l.Requirement.ID] = answer.Draw(t, "declared")
				if a := answer.Draw(t, "answer"); a != "" {
					r.Answers = append(r.Answers, procurement.ResponseAnswer{Requirement: l.Requirement.ID, Status: a, Deviation: rapid.SampledFrom([]string{"", "x"}).Draw(t, "deviation")})
				}
			}
			responses = append(responses, r)
			statuses[number] = []status.Status{standing("s", rapid.SampledFrom(status.Overalls()).Draw(t, "overall"), time.Time{}, declared)}
		}
		c := procurement.Compare(lines, bidders, statuses, responses)
		requirements, minimum := 0, 0
		sums := make([]procurement.Tally, m)
		for _, theme := range c.Themes {
			requirements, minimum = requirements+theme.Requirements, minimum+theme.Minimum
			for b, x := range theme.Bidders {
				if x.Counts.Total() != theme.Requirements || x.UnmetA > theme.Minimum {
					t.Fatalf("%s of bidder %d: %+v of %d", theme.ID, b, x, theme.Requirements)
				}
				sums[b] = plus(sums[b], x)
			}
		}
		if requirements != n {
			t.Fatalf("themes have %d of %d requirements", requirements, n)
		}
		gaps := make([]int, m)
		for _, g := range c.Gaps() {
			for _, b := range g.Bidders {
				if g.Line.Type == typeA {
					gaps[b]++
				}
			}
		}
		deviations := make([]int, m)
		for _, d := range c.Deviations() {
			if d.Cell.Deviation != "" {
				deviations[d.Bidder]++
			}
		}
		for b, x := range c.Bidders {
			if diff := cmp.Diff(x.Tally, sums[b]); diff != "" || x.Counts.Total() != n {
				t.Fatalf("bidder %d has %d of %d answers; total and themes: %s", b, x.Counts.Total(), n, diff)
			}
			if x.UnmetA != gaps[b] || x.UnmetA > minimum || x.Deviations != deviations[b] {
				t.Fatalf("bidder %d: %+v, but %d gaps and %d deviations are listed", b, x.Tally, gaps[b], deviations[b])
			}
			if string(x.Bidder.Supplier) != fmt.Sprint(b) {
				t.Fatalf("bidder %d is %s: the order is not the one entered", b, x.Bidder.Supplier)
			}
		}
		if m > 1 {
			chosen := c.Only(func(b procurement.Bidder) bool { return b.Supplier != "0" })
			if len(chosen.Bidders) != m-1 || len(c.Bidders) != m || cmp.Diff(c.Bidders[1:], chosen.Bidders) != "" {
				t.Fatal("choosing bidders changes more than who is shown")
			}
			for i, r := range chosen.Rows {
				if cmp.Diff(c.Rows[i].Cells[1:], r.Cells) != "" {
					t.Fatal("the cells are another bidder's")
				}
			}
		}
	})
}

func plus(a, b procurement.Tally) procurement.Tally {
	x, y := &a.Counts, b.Counts
	x.Met, x.Partial, x.Planned, x.Alternative = x.Met+y.Met, x.Partial+y.Partial, x.Planned+y.Planned, x.Alternative+y.Alternative
	x.NotMet, x.NotApplicable, x.Unanswered = x.NotMet+y.NotMet, x.NotApplicable+y.NotApplicable, x.Unanswered+y.Unanswered
	x.Documented, x.Reviewed = x.Documented+y.Documented, x.Reviewed+y.Reviewed
	a.Deviations, a.Contradictions, a.UnmetA = a.Deviations+b.Deviations, a.Contradictions+b.Contradictions, a.UnmetA+b.UnmetA
	return a
}
