package web

import (
	"fmt"
	"strings"

	"felleskrav/internal/attestation"
	"felleskrav/internal/locale"
	"felleskrav/internal/status"
)

// chart is a set of stacked bars, as SVG. A table with the same numbers always
// stands beside it.
type chart struct {
	ID, Title, Description string
	Width, Height          int
	Bars                   []bar
}

type bar struct {
	Label  string
	LabelY int
	Parts  []part
}

type part struct {
	Class               string
	X, Y, Width, Height string
	MiddleX, MiddleY    string
	// Value is "" where it would not fit.
	Value string
}

// countRow is one row of the table beside a chart.
type countRow struct {
	Answer attestation.AnswerStatus
	Class  string
	Count  int
}

// countRows lists counts in display order; answers nobody gave are left out.
func countRows(c status.Counts) []countRow {
	var out []countRow
	for _, r := range []countRow{
		{attestation.Met, "met", c.Met}, {attestation.Alternative, "alternative", c.Alternative},
		{attestation.Partial, "partial", c.Partial}, {attestation.Planned, "planned", c.Planned},
		{attestation.NotMet, "not-met", c.NotMet}, {attestation.NotApplicable, "not-applicable", c.NotApplicable},
		{"", "none", c.Unanswered},
	} {
		if r.Count > 0 {
			out = append(out, r)
		}
	}
	return out
}

// counted is a label with its counts: one bar.
type counted struct {
	label  string
	counts status.Counts
}

const (
	chartWidth  = 440
	barHeight   = 24
	barLabel    = 20
	barDistance = 14
)

// newChart draws each row as a bar over the whole width.
func newChart(t *locale.Texts, id, title string, rows []counted) chart {
	c := chart{ID: id, Title: title, Width: chartWidth, Height: max(1, len(rows)*(barHeight+barLabel+barDistance))}
	var described []string
	for i, row := range rows {
		top := i * (barHeight + barLabel + barDistance)
		b := bar{Label: row.label, LabelY: top + barLabel - 6}
		total := row.counts.Total()
		x := 0.0
		var words []string
		for _, n := range countRows(row.counts) {
			width := float64(chartWidth) * float64(n.Count) / float64(total)
			p := part{
				Class: n.Class, X: coordinate(x), Y: fmt.Sprint(top + barLabel), Width: coordinate(width), Height: fmt.Sprint(barHeight),
				MiddleX: coordinate(x + width/2), MiddleY: fmt.Sprint(top + barLabel + barHeight/2 + 4),
			}
			if width >= 18 {
				p.Value = fmt.Sprint(n.Count)
			}
			b.Parts = append(b.Parts, p)
			x += width
			words = append(words, fmt.Sprintf("%s %d", t.T(termKey("answer", n.Answer)), n.Count))
		}
		c.Bars = append(c.Bars, b)
		if len(words) > 0 {
			described = append(described, row.label+": "+strings.Join(words, ", "))
		}
	}
	c.Description = strings.Join(described, ". ") + "."
	return c
}

func coordinate(v float64) string { return fmt.Sprintf("%.2f", v) }
