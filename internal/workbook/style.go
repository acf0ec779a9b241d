package workbook

import (
	"fmt"

	"github.com/xuri/excelize/v2"

	"felleskrav/internal/attestation"
	"felleskrav/internal/status"
)

// The palette: navy for structure, pale yellow for cells to fill in, and
// pairs of pale fill and dark text that keep a contrast above 7:1. A colour
// never stands alone: the word and a symbol say the same.
const (
	navy   = "1E3A5F"
	ink    = "1F2933"
	grey   = "52606D"
	line   = "CBD5E0"
	band   = "E8EEF5"
	yellow = "FFF8DC"
)

// font is metric-compatible with Liberation Sans, so that text wraps alike in
// Excel and LibreOffice.
const (
	font     = "Arial"
	fontSize = 10.0
)

// tone is a pair of fill and text colour for one meaning.
type tone struct{ fill, text string }

var (
	toneGood  = tone{"DFF2E1", "14532D"}
	toneWarn  = tone{"FFEFC7", "5C3D00"}
	tonePlan  = tone{"E1EAF8", "1E3A6E"}
	toneOther = tone{"ECE4F6", "43246F"}
	toneBad   = tone{"FBE0E0", "7F1717"}
	toneMute  = tone{"EDEFF2", "3E4C59"}
	toneNone  = tone{"FFFFFF", "52606D"}
)

// look is how an answer or status shows: a tone and a symbol that says the
// same without colour.
type look struct {
	tone   tone
	symbol string
}

var answerLooks = map[attestation.AnswerStatus]look{
	attestation.Met:           {toneGood, "✓"},
	attestation.Partial:       {toneWarn, "◐"},
	attestation.Planned:       {tonePlan, "→"},
	attestation.Alternative:   {toneOther, "≈"},
	attestation.NotMet:        {toneBad, "✗"},
	attestation.NotApplicable: {toneMute, "–"},
	"":                        {toneNone, "○"},
}

var statusLooks = map[status.Overall]look{
	status.Valid:         {toneGood, "✓"},
	status.Expiring:      {toneWarn, "!"},
	status.SupersededSet: {tonePlan, "≠"},
	status.Incomplete:    {toneWarn, "◐"},
	status.ScopeMismatch: {toneWarn, "≠"},
	status.Expired:       {toneBad, "✗"},
	status.Withdrawn:     {toneBad, "✗"},
	status.Revoked:       {toneBad, "✗"},
	status.Missing:       {toneNone, "○"},
}

// styles holds the ids of the cell styles of one workbook.
type styles struct {
	title, subtitle, notice, warning, header, headerInput int
	section, label, value, cell, strong, center, number   int
	typeA, typeB, input, inputCenter, total, totalBad     int
	internal                                              int
	// lead is a label that runs on over the empty cells beside it, and group
	// the heading of a group of rows that does.
	lead, group int
	tones       map[tone]int
	toneLeft    map[tone]int
}

// styler makes styles and keeps the first error.
type styler struct {
	f   *excelize.File
	err error
}

func (s *styler) make(st excelize.Style) int {
	if s.err != nil {
		return 0
	}
	id, err := s.f.NewStyle(&st)
	if err != nil {
		s.err = fmt.Errorf("make style: %w", err)
	}
	return id
}

func box() []excelize.Border {
	var out []excelize.Border
	for _, side := range []string{"left", "right", "top", "bottom"} {
		out = append(out, excelize.Border{Type: side, Color: line, Style: 1})
	}
	return out
}

func solid(color string) excelize.Fill {
	return excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{color}}
}

func typeface(size float64, bold bool, color string) *excelize.Font {
	return &excelize.Font{Family: font, Size: size, Bold: bold, Color: color}
}

// The fonts of the runs of rich text.
var (
	fontPlain  = typeface(fontSize, false, ink)
	fontStrong = typeface(fontSize, true, ink)
	fontGrey   = typeface(fontSize, false, grey)
)

// align places text; wrapped text at the left, which stands in boxes, keeps a
// little distance to the border.
func align(h, v string, wrap bool) *excelize.Alignment {
	a := &excelize.Alignment{Horizontal: h, Vertical: v, WrapText: wrap}
	if wrap && h == "left" {
		a.Indent = 1
	}
	return a
}

// across places text that may run over the empty cells to its right.
func across(v string) *excelize.Alignment {
	return &excelize.Alignment{Horizontal: "left", Vertical: v, Indent: 1}
}

// textFormat is the built-in number format "@": what is typed into the cell
// stays text, also when it begins with a dash or an equals sign.
const textFormat = 49

func newStyles(f *excelize.File) (styles, error) {
	// Column widths are counted in digits of the default font.
	if err := f.SetDefaultFont(font); err != nil {
		return styles{}, fmt.Errorf("set font: %w", err)
	}
	size := fontSize
	f.Styles.Fonts.Font[0].Sz.Val = &size

	s := &styler{f: f}
	open := &excelize.Protection{Locked: false}
	plain := typeface(fontSize, false, ink)
	bold := typeface(fontSize, true, ink)
	out := styles{
		title:    s.make(excelize.Style{Font: typeface(18, true, navy), Alignment: align("left", "center", false)}),
		subtitle: s.make(excelize.Style{Font: typeface(fontSize, false, grey), Alignment: align("left", "center", false)}),
		notice:   s.make(excelize.Style{Font: plain, Alignment: align("left", "center", false)}),
		warning:  s.make(excelize.Style{Font: typeface(fontSize, true, toneBad.text), Alignment: align("left", "center", false)}),
		header: s.make(excelize.Style{Font: typeface(fontSize, true, "FFFFFF"), Fill: solid(navy), Border: box(),
			Alignment: align("left", "center", true)}),
		headerInput: s.make(excelize.Style{Font: typeface(fontSize, true, "FFFFFF"), Fill: solid("7A5200"), Border: box(),
			Alignment: align("left", "center", true)}),
		section: s.make(excelize.Style{Font: typeface(12, true, navy), Alignment: align("left", "bottom", false),
			Border: []excelize.Border{{Type: "bottom", Color: navy, Style: 2}}}),
		label:  s.make(excelize.Style{Font: bold, Fill: solid(band), Border: box(), Alignment: align("left", "top", true)}),
		value:  s.make(excelize.Style{Font: plain, Border: box(), Alignment: align("left", "top", true)}),
		cell:   s.make(excelize.Style{Font: plain, Border: box(), Alignment: align("left", "top", true)}),
		strong: s.make(excelize.Style{Font: bold, Border: box(), Alignment: align("left", "top", true)}),
		center: s.make(excelize.Style{Font: plain, Border: box(), Alignment: align("center", "top", true)}),
		number: s.make(excelize.Style{Font: plain, Border: box(), Alignment: align("center", "top", false)}),
		typeA:  s.make(excelize.Style{Font: typeface(fontSize, true, navy), Fill: solid("CFDCEB"), Border: box(), Alignment: align("center", "top", false)}),
		typeB:  s.make(excelize.Style{Font: plain, Border: box(), Alignment: align("center", "top", false)}),
		input:  s.make(excelize.Style{Font: plain, Fill: solid(yellow), Border: box(), Alignment: align("left", "top", true), Protection: open, NumFmt: textFormat}),
		inputCenter: s.make(excelize.Style{Font: bold, Fill: solid(yellow), Border: box(), Alignment: align("left", "top", true),
			Protection: open, NumFmt: textFormat}),
		total:    s.make(excelize.Style{Font: bold, Fill: solid(band), Border: box(), Alignment: align("center", "center", false)}),
		totalBad: s.make(excelize.Style{Font: typeface(fontSize, true, toneBad.text), Fill: solid(toneBad.fill), Border: box(), Alignment: align("center", "center", false)}),
		group: s.make(excelize.Style{Font: typeface(11, true, navy), Fill: solid(band), Alignment: across("center"),
			Border: []excelize.Border{{Type: "top", Color: navy, Style: 1}, {Type: "bottom", Color: navy, Style: 1}}}),
		lead: s.make(excelize.Style{Font: bold, Fill: solid(band), Alignment: across("center"),
			Border: []excelize.Border{{Type: "top", Color: line, Style: 1}, {Type: "bottom", Color: line, Style: 1}}}),
		internal: s.make(excelize.Style{Font: typeface(fontSize, false, grey), Alignment: align("left", "top", false), NumFmt: textFormat}),
		tones:    map[tone]int{},
		toneLeft: map[tone]int{},
	}
	for _, t := range []tone{toneGood, toneWarn, tonePlan, toneOther, toneBad, toneMute, toneNone} {
		out.tones[t] = s.make(excelize.Style{Font: typeface(fontSize, true, t.text), Fill: solid(t.fill), Border: box(), Alignment: align("center", "top", true)})
		out.toneLeft[t] = s.make(excelize.Style{Font: typeface(fontSize, false, t.text), Fill: solid(t.fill), Border: box(), Alignment: align("left", "top", true)})
	}
	return out, s.err
}
