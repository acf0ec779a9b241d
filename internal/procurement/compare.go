package procurement

import (
	"slices"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/status"
)

// Source says where an answer in a comparison comes from.
type Source string

// The sources. A bidder's response goes before its declaration, since the
// response is the bid.
const (
	FromResponse    Source = "response"
	FromDeclaration Source = "declaration"
	FromNothing     Source = "none"
)

// Comparison sets bidders side by side, requirement by requirement. Bidders
// stand in the order they were entered: no order of ours ranks them.
type Comparison struct {
	Bidders []ComparedBidder
	Rows    []ComparedRow
	// Themes sum the rows up, in the order the themes come in the tender.
	Themes []ComparedTheme
	// ContractEnd is the last day of the contract, or "" when nobody has said.
	ContractEnd Day
}

// ComparedBidder is one column.
type ComparedBidder struct {
	Bidder Bidder
	// Statuses hold the status of the bidder's offering per set of the
	// procurement, at the moment of the comparison.
	Statuses   []status.Status
	ReceivedAt *time.Time
	// ReceivedSHA256 is the digest of the workbook that was read then.
	ReceivedSHA256 string
	Tally
	// Coverage tells, per set of the procurement, whether the declaration lasts
	// as long as the contract; nil when nobody has said when that ends.
	Coverage []Coverage
}

// Tally is what is counted of a bidder's answers.
type Tally struct {
	Counts status.Counts
	// Deviations counts answers with a stated deviation, and Contradictions
	// those that differ from the bidder's signed declaration.
	Deviations     int
	Contradictions int
	// UnmetA counts minimum requirements that are not met, as Cell.Meets has it.
	UnmetA int
}

// ComparedRow is one row.
type ComparedRow struct {
	Line  Line
	Cells []Cell
}

// ComparedTheme sums up the requirements of one theme.
type ComparedTheme struct {
	ID   string
	Name catalogue.Text
	// Requirements is how many there are, and Minimum how many of them are of
	// type A.
	Requirements, Minimum int
	// Bidders has one tally per bidder, in the order of the bidders.
	Bidders []Tally
}

// Cell is one bidder's answer to one requirement.
type Cell struct {
	Source      Source
	Answer      attestation.AnswerStatus
	Statement   string
	EvidenceRef string
	Deviation   string
	// Declared is the answer in the signed declaration that counts, if any, and
	// DeclaredStatement the words with it.
	Declared          attestation.AnswerStatus
	DeclaredStatement string
	Assurance         status.Assurance
	// Contradicts tells that the bid answers otherwise than the declaration.
	Contradicts bool
}

// Meets reports whether the answer says that the requirement is met, in its
// own way or another, or does not apply.
func (c Cell) Meets() bool {
	switch c.Answer {
	case attestation.Met, attestation.Alternative, attestation.NotApplicable:
		return true
	}
	return false
}

// Compare builds the comparison. statuses holds, by bidder number, the status
// per set; responses are all responses, oldest first, of which each bidder's
// last one counts.
func Compare(lines []Line, bidders []Bidder, statuses map[string][]status.Status, responses []Response) Comparison {
	last := map[string]Response{}
	for _, r := range responses {
		last[string(r.Supplier)] = r
	}
	out := Comparison{Bidders: make([]ComparedBidder, len(bidders)), Rows: make([]ComparedRow, len(lines))}
	themes := make([]int, len(lines)) // line → theme
	for i, l := range lines {
		out.Rows[i] = ComparedRow{Line: l, Cells: make([]Cell, len(bidders))}
		themes[i] = out.theme(l, len(bidders))
	}
	for b, bidder := range bidders {
		col := ComparedBidder{Bidder: bidder, Statuses: statuses[string(bidder.Supplier)]}
		declared := col.Declared()
		answered := map[string]ResponseAnswer{}
		if r, ok := last[string(bidder.Supplier)]; ok {
			at := r.ReceivedAt
			col.ReceivedAt, col.ReceivedSHA256 = &at, r.SHA256
			for _, a := range r.Answers {
				answered[a.Requirement] = a
			}
		}
		for i, l := range lines {
			c := cell(declared[l.Requirement.ID].RequirementStatus, answered[l.Requirement.ID])
			out.Rows[i].Cells[b] = c
			col.add(l, c)
			out.Themes[themes[i]].Bidders[b].add(l, c)
		}
		out.Bidders[b] = col
	}
	return out
}

// theme finds or adds the theme of a line and gives its place.
func (c *Comparison) theme(l Line, bidders int) int {
	i := slices.IndexFunc(c.Themes, func(t ComparedTheme) bool { return t.ID == l.Requirement.Theme })
	if i < 0 {
		i = len(c.Themes)
		c.Themes = append(c.Themes, ComparedTheme{ID: l.Requirement.Theme, Name: l.ThemeName, Bidders: make([]Tally, bidders)})
	}
	c.Themes[i].Requirements++
	if l.Type == TypeA {
		c.Themes[i].Minimum++
	}
	return i
}

// counts reports whether the answers of a declaration in this state may be
// relied on.
func counts(o status.Overall) bool {
	switch o {
	case status.Valid, status.Expiring, status.SupersededSet, status.Incomplete:
		return true
	}
	return false
}

func cell(d status.RequirementStatus, a ResponseAnswer) Cell {
	switch {
	case a.Status != "":
		return Cell{
			Source: FromResponse, Answer: a.Status, Statement: a.Statement, EvidenceRef: a.EvidenceRef, Deviation: a.Deviation,
			Declared: d.Answer, DeclaredStatement: d.Statement, Assurance: d.Assurance, Contradicts: d.Answer != "" && d.Answer != a.Status,
		}
	case d.Answer != "":
		return Cell{Source: FromDeclaration, Answer: d.Answer, Statement: d.Statement, Declared: d.Answer, DeclaredStatement: d.Statement, Assurance: d.Assurance}
	default:
		return Cell{Source: FromNothing}
	}
}

func (t *Tally) add(l Line, c Cell) {
	t.Counts.Add(c.Answer)
	if c.Assurance != "" && c.Assurance != status.Declared { // reviewed stands on documents too
		t.Counts.Documented++
	}
	if c.Deviation != "" {
		t.Deviations++
	}
	if c.Contradicts {
		t.Contradictions++
	}
	if l.Type == TypeA && !c.Meets() {
		t.UnmetA++
	}
}

// Only keeps the bidders for which keep is true, with their answers.
func (c Comparison) Only(keep func(Bidder) bool) Comparison {
	var at []int
	for i, b := range c.Bidders {
		if keep(b.Bidder) {
			at = append(at, i)
		}
	}
	out := Comparison{
		ContractEnd: c.ContractEnd, Bidders: pick(c.Bidders, at), Rows: make([]ComparedRow, len(c.Rows)), Themes: make([]ComparedTheme, len(c.Themes)),
	}
	for i, r := range c.Rows {
		out.Rows[i] = ComparedRow{Line: r.Line, Cells: pick(r.Cells, at)}
	}
	for i, t := range c.Themes {
		t.Bidders = pick(t.Bidders, at)
		out.Themes[i] = t
	}
	return out
}

func pick[T any](all []T, at []int) []T {
	out := make([]T, len(at))
	for i, from := range at {
		out[i] = all[from]
	}
	return out
}
