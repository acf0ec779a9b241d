package procurement

import (
	"time"

	"felleskrav/internal/attestation"
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

// Comparison sets bidders side by side, requirement by requirement.
type Comparison struct {
	Bidders []ComparedBidder
	Rows    []ComparedRow
}

// ComparedBidder is one column.
type ComparedBidder struct {
	Bidder Bidder
	// Statuses hold the status of the bidder's offering per set of the
	// procurement, at the moment of the comparison.
	Statuses   []status.Status
	ReceivedAt *time.Time
	Counts     status.Counts
	// Deviations counts answers with a stated deviation, and Contradictions
	// those that differ from the bidder's signed declaration.
	Deviations     int
	Contradictions int
	// UnmetA counts minimum requirements that are answered with anything but
	// met or alternative.
	UnmetA int
}

// ComparedRow is one row.
type ComparedRow struct {
	Line  Line
	Cells []Cell
}

// Cell is one bidder's answer to one requirement.
type Cell struct {
	Source      Source
	Answer      attestation.AnswerStatus
	Statement   string
	EvidenceRef string
	Deviation   string
	// Declared is the answer in the signed declaration that counts, if any.
	Declared  attestation.AnswerStatus
	Assurance status.Assurance
	// Contradicts tells that the bid answers otherwise than the declaration.
	Contradicts bool
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
	for i, l := range lines {
		out.Rows[i] = ComparedRow{Line: l, Cells: make([]Cell, len(bidders))}
	}
	for b, bidder := range bidders {
		col := ComparedBidder{Bidder: bidder, Statuses: statuses[string(bidder.Supplier)]}
		declared := map[string]status.RequirementStatus{}
		for _, s := range col.Statuses {
			if !counts(s.Overall) {
				continue
			}
			for _, r := range s.Requirements {
				if _, there := declared[r.Requirement]; !there && r.Answer != "" {
					declared[r.Requirement] = r
				}
			}
		}
		answered := map[string]ResponseAnswer{}
		if r, ok := last[string(bidder.Supplier)]; ok {
			at := r.ReceivedAt
			col.ReceivedAt = &at
			for _, a := range r.Answers {
				answered[a.Requirement] = a
			}
		}
		for i, l := range lines {
			c := cell(declared[l.Requirement.ID], answered[l.Requirement.ID])
			out.Rows[i].Cells[b] = c
			col.tally(l, c)
		}
		out.Bidders[b] = col
	}
	return out
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
			Declared: d.Answer, Assurance: d.Assurance, Contradicts: d.Answer != "" && d.Answer != a.Status,
		}
	case d.Answer != "":
		return Cell{Source: FromDeclaration, Answer: d.Answer, Statement: d.Statement, Declared: d.Answer, Assurance: d.Assurance}
	default:
		return Cell{Source: FromNothing}
	}
}

func (b *ComparedBidder) tally(l Line, c Cell) {
	b.Counts.Add(c.Answer)
	if c.Assurance != "" && c.Assurance != status.Declared { // reviewed stands on documents too
		b.Counts.Documented++
	}
	if c.Deviation != "" {
		b.Deviations++
	}
	if c.Contradicts {
		b.Contradictions++
	}
	if l.Type == TypeA && c.Answer != attestation.Met && c.Answer != attestation.Alternative && c.Answer != attestation.NotApplicable {
		b.UnmetA++
	}
}
