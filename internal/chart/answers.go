package chart

import (
	"fmt"
	"image/color"
	"strings"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/locale"
	"felleskrav/internal/procurement"
	"felleskrav/internal/status"
)

// part is one kind of answer: its colour, and what is written on it with a
// contrast of at least 4.5:1. A colour never stands alone: the words and
// numbers stand under every bar, in the order of its parts.
type part struct {
	answer    attestation.AnswerStatus
	fill, ink color.RGBA
	count     func(status.Counts) int
}

var (
	white = color.RGBA{0xff, 0xff, 0xff, 0xff}
	dark  = color.RGBA{0x1f, 0x29, 0x33, 0xff}
	grey  = color.RGBA{0x52, 0x60, 0x6d, 0xff}
)

// parts stand in the order of a bar, as on the pages.
var parts = []part{
	{attestation.Met, color.RGBA{0x14, 0x71, 0x3a, 0xff}, white, func(c status.Counts) int { return c.Met }},
	{attestation.Alternative, color.RGBA{0x0b, 0x5c, 0xad, 0xff}, white, func(c status.Counts) int { return c.Alternative }},
	{attestation.Partial, color.RGBA{0xe0, 0xa1, 0x00, 0xff}, dark, func(c status.Counts) int { return c.Partial }},
	{attestation.Planned, color.RGBA{0xf7, 0xdf, 0xa0, 0xff}, dark, func(c status.Counts) int { return c.Planned }},
	{attestation.NotMet, color.RGBA{0xb3, 0x26, 0x1e, 0xff}, white, func(c status.Counts) int { return c.NotMet }},
	{attestation.NotApplicable, color.RGBA{0xc9, 0xd1, 0xd9, 0xff}, dark, func(c status.Counts) int { return c.NotApplicable }},
	{"", white, dark, func(c status.Counts) int { return c.Unanswered }},
}

// Chart is stacked bars, one per row.
type Chart struct {
	lang, title, note string
	bars              []bar
}

type bar struct {
	label, note string
	pieces      []piece
	total       int
}

type piece struct {
	part
	word string
	n    int
}

// Comparison charts the answers of each bidder, in the order of the comparison,
// as they stood at a moment.
func Comparison(t *locale.Texts, title string, c procurement.Comparison, at time.Time) Chart {
	out := Chart{
		lang: t.Lang, title: t.T("page.procurement-comparison.chart") + " – " + oneLine(title),
		note: t.T("page.procurement-comparison.at", "When", t.DateTime(at)),
	}
	for _, b := range c.Bidders {
		row := bar{label: oneLine(b.Bidder.Name), note: fmt.Sprintf("%s: %d", t.T("page.procurement-comparison.unmet-a"), b.UnmetA), total: b.Counts.Total()}
		for _, p := range parts {
			word := "answer." + string(p.answer)
			if p.answer == "" {
				word = "answer.none"
			}
			if n := p.count(b.Counts); n > 0 {
				row.pieces = append(row.pieces, piece{p, t.T(word), n})
			}
		}
		out.bars = append(out.bars, row)
	}
	return out
}

// description says in words everything the picture shows.
func (c Chart) description() string {
	out := []string{c.note}
	for _, b := range c.bars {
		var words []string
		for _, p := range b.pieces {
			words = append(words, fmt.Sprintf("%s %d", p.word, p.n))
		}
		words = append(words, b.note)
		out = append(out, b.label+": "+strings.Join(words, ", "))
	}
	return strings.Join(out, ". ") + "."
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
