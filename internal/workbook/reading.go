package workbook

import (
	"cmp"
	"maps"
	"slices"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/procurement"
)

// Outcome says what became of a row.
type Outcome string

// The outcomes.
const (
	OutcomeRead    Outcome = "read"     // the answer is among the answers
	OutcomeEmpty   Outcome = "empty"    // nothing was filled in
	OutcomeRefused Outcome = "refused"  // the supplier must correct something
	OutcomeAltered Outcome = "altered"  // an official text is not what it was; the answer was not read
	OutcomeUnknown Outcome = "unknown"  // not a requirement of this workbook
	OutcomeLeftOut Outcome = "left-out" // no longer a requirement of the tender
	OutcomeMissing Outcome = "missing"  // a requirement of the tender, and not of this workbook
)

// RowRead is the key of a row of which there is nothing to say.
const RowRead = "workbook.row.read"

// RowReport tells what was read from one row, or why it was not. Key and Args
// are a text for people; Cell is the cell it is about, such as "H12".
type RowReport struct {
	Sheet       string
	Cell        string
	Requirement string
	Outcome     Outcome
	Key         string
	Args        problem.Args
}

// Path names the cell with its sheet: "Krav!H12".
func (r RowReport) Path() string { return r.Sheet + "!" + r.Cell }

// Reading is what a filled tender workbook says.
type Reading struct {
	// Procurement, Language, Bidder and Sets are what the file says about
	// itself; they are empty when its hidden sheet is gone. They are a help,
	// not a proof.
	Procurement string
	Language    string
	Bidder      string
	Sets        []SetRef
	// Answers are those of the rows that were read, in the order of the sheet.
	Answers []procurement.ResponseAnswer
	// Rows holds a report for every row, and more than one for a row with
	// several problems.
	Rows []RowReport
}

// AnswerReading is what a filled answer sheet says.
type AnswerReading struct {
	Language string
	Sets     []SetRef
	// Answers have no evidence yet: Evidence holds what the supplier wrote.
	Answers []attestation.Answer
	// Evidence is the text of the evidence cells, by requirement; Files reads it.
	Evidence map[string]string
	Rows     []RowReport
}

// From refuses a file that says it belongs to another procurement or was made
// for another bidder: somebody picked the wrong one.
func (r Reading) From(procurement string, bidder organisation.Number) error {
	c := problem.Collector{Key: "response.invalid"}
	c.Check(r.Procurement == "" || r.Procurement == procurement, "workbook", "response.other-procurement", nil)
	c.Check(r.Bidder == "" || r.Bidder == string(bidder), "supplier", "response.other-bidder", problem.Args{"Number": organisation.Number(r.Bidder).Grouped()})
	return c.Err()
}

// Refused lists the rows that stand in the way of an import.
func (r Reading) Refused() []RowReport { return obstacles(r.Rows) }

// Refused lists the rows that stand in the way of using the answers.
func (r AnswerReading) Refused() []RowReport { return obstacles(r.Rows) }

// Err is nil when every row could be read or was empty, and else one problem
// with a field per obstacle: a file is imported whole or not at all.
func (r Reading) Err() error { return rowsError(r.Refused()) }

// Err is as for a [Reading].
func (r AnswerReading) Err() error { return rowsError(r.Refused()) }

// Obstacle reports whether the row stands in the way of using the answers.
func (r RowReport) Obstacle() bool {
	switch r.Outcome {
	case OutcomeRefused, OutcomeAltered, OutcomeUnknown:
		return true
	}
	return false
}

func obstacles(rows []RowReport) []RowReport {
	var out []RowReport
	for _, r := range rows {
		if r.Obstacle() {
			out = append(out, r)
		}
	}
	return out
}

func rowsError(rows []RowReport) error {
	if len(rows) == 0 {
		return nil
	}
	e := &problem.Error{Kind: problem.Invalid, Key: "workbook.error.rows-refused", Args: problem.Args{"Count": len(rows)}}
	for _, r := range rows {
		e.Fields = append(e.Fields, problem.Field{Path: r.Path(), Key: r.Key, Args: r.Args})
	}
	return e
}

// Official is what a requirement row must say. Type is "A" or "B", or empty
// when it is not compared.
type Official struct {
	Requirement catalogue.Requirement
	Type        string
	// Place orders requirements.
	Place int
}

// Known are the official requirements by id, in the order of Place. They are
// believed over what the file says about itself.
type Known map[string]Official

// KnownLines knows the requirements of a tender.
func KnownLines(lines []procurement.Line) Known {
	m := make(Known, len(lines))
	for i, l := range lines {
		m[l.Requirement.ID] = Official{l.Requirement, l.Type, i}
	}
	return m
}

// KnownVersion knows the requirements of a set version.
func KnownVersion(v catalogue.Version) Known {
	m := make(Known, len(v.Requirements))
	for i, r := range v.Requirements {
		m[r.ID] = Official{Requirement: r, Place: i}
	}
	return m
}

// ids are the requirements in their order.
func (k Known) ids() []string {
	return slices.SortedFunc(maps.Keys(k), func(a, b string) int { return cmp.Compare(k[a].Place, k[b].Place) })
}
