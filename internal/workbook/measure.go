package workbook

import (
	"strings"

	"github.com/xuri/excelize/v2"
)

// advance holds the widths of Arial's characters from space to tilde, in
// thousandths of the font size (the Adobe metrics of Helvetica, which Arial
// and Liberation Sans follow).
var advance = [95]int{
	278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
	556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
	1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
	667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
	333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
	556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
}

// wide is the width of any other character: that of the widest common ones,
// so that a row rather becomes a little too high.
const wide = 900

const (
	pointsPerUnit = 5.25 // a column unit is one digit of the default font: 7 pixels
	cellPadding   = 12.0 // points lost to the indent and the borders
	lineHeight    = 12.75
	rowPadding    = 5.0
	maxRowHeight  = 409.0
	boldFactor    = 1.09
)

// lines says how many lines a text takes in a column of the given width,
// breaking at spaces as spreadsheet programs do.
func lines(s string, columnWidth float64, bold bool) int {
	space := (columnWidth*pointsPerUnit - cellPadding) * 1000 / fontSize
	if bold {
		space /= boldFactor
	}
	limit := max(int(space), 1000)
	total := 0
	for para := range strings.SplitSeq(s, "\n") {
		n, used := 1, 0
		word := 0
		flush := func() {
			switch {
			case word == 0:
			case used == 0 || used+word <= limit:
				used += word
			default:
				n++
				used = word
			}
			for used > limit { // a word wider than the column is broken anywhere
				n++
				used -= limit
			}
			word = 0
		}
		for _, r := range para {
			w := wide
			switch {
			case r >= ' ' && r <= '~':
				w = advance[r-' ']
			case r == 'å' || r == 'ø' || r == 'é':
				w = 611
			}
			if r == ' ' {
				flush()
				used += w
				continue
			}
			word += w
		}
		flush()
		total += n
	}
	return total
}

// height is the row height that shows all of these cells' text, in points.
func height(cells []excelize.Cell, widths []float64) float64 {
	most := 1
	for i, c := range cells {
		if i >= len(widths) {
			break
		}
		switch v := c.Value.(type) {
		case string:
			most = max(most, lines(v, widths[i], false))
		case []excelize.RichTextRun:
			n := 0
			for _, run := range v {
				n += lines(strings.TrimPrefix(run.Text, "\n"), widths[i], run.Font != nil && run.Font.Bold)
			}
			most = max(most, n)
		}
	}
	return rowHeight(most)
}

// rowHeight is the height of a row with so many lines, in points.
func rowHeight(lines int) float64 { return min(float64(lines)*lineHeight+rowPadding, maxRowHeight) }
