package patch

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
)

// Widen gives columns a width, in characters, and shows them: columns that a
// file does not use are often as narrow as they come, or hidden. Widths of
// other columns stay. The error wraps ErrDamaged.
func (f *File) Widen(s *Sheet, widths map[int]float64) error {
	if len(widths) == 0 {
		return nil
	}
	var cols []int
	for c := range widths {
		cols = append(cols, c)
	}
	slices.Sort(cols)
	place, runs, err := columnRuns(s.data)
	if err != nil {
		return fmt.Errorf("change sheet %q: %w", s.Name, err)
	}
	for _, c := range cols {
		runs = splitRun(runs, c)
		i := slices.IndexFunc(runs, func(r columnRun) bool { return r.from == c })
		t := tag{attributes: runs[i].attributes}
		t.attributes = t.with("width", strconv.FormatFloat(widths[c], 'f', -1, 64))
		t.attributes = t.with("customWidth", "1")
		runs[i].attributes = t.without("hidden", "bestFit", "collapsed")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "<%s>", place.of.qualified("cols"))
	for _, r := range runs {
		t := tag{attributes: r.attributes}
		t.attributes = t.with("min", strconv.Itoa(r.from))
		fmt.Fprintf(&b, "<%s%s/>", place.of.qualified("col"), t.with("max", strconv.Itoa(r.to)))
	}
	fmt.Fprintf(&b, "</%s>", place.of.qualified("cols"))
	f.set(s, slices.Concat(s.data[:place.from], b.Bytes(), s.data[place.to:]))
	return nil
}

// columnRun is one col element, with its attributes as they stand.
type columnRun struct {
	from, to   int
	attributes []byte
}

// place is where the cols element stands, or would stand.
type place struct {
	from, to int
	of       tag
}

// columnRuns finds the cols element, which comes right before the rows
// (ECMA-376 part 1, § 18.3.1.99).
func columnRuns(data []byte) (place, []columnRun, error) {
	var runs []columnRun
	at := place{from: -1}
	for s := (tags{data: data}); ; {
		t, ok := s.next()
		if !ok {
			return at, nil, fmt.Errorf("%w: no rows", ErrDamaged)
		}
		switch {
		case t.opens("cols"):
			at = place{t.start, t.end, t}
		case t.closes("cols"):
			at.to = t.end
		case t.opens("col"):
			c := columns(t)
			if c.From < 1 || c.To < c.From || c.To > MaxColumn {
				return at, nil, fmt.Errorf("%w: columns %d to %d", ErrDamaged, c.From, c.To)
			}
			runs = append(runs, columnRun{c.From, c.To, t.attributes})
		case t.opens("sheetData"):
			if at.from < 0 {
				at = place{t.start, t.start, t}
			}
			return at, runs, nil
		}
	}
}

// splitRun gives a column a run of its own, with the looks it had.
func splitRun(runs []columnRun, col int) []columnRun {
	for i, r := range runs {
		switch {
		case col < r.from:
			return slices.Insert(runs, i, columnRun{from: col, to: col})
		case col <= r.to:
			parts := []columnRun{{col, col, r.attributes}}
			if r.from < col {
				parts = append([]columnRun{{r.from, col - 1, r.attributes}}, parts...)
			}
			if col < r.to {
				parts = append(parts, columnRun{col + 1, r.to, r.attributes})
			}
			return slices.Replace(runs, i, i+1, parts...)
		}
	}
	return append(runs, columnRun{from: col, to: col})
}
