package workbook

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"felleskrav/internal/problem"
)

var bom = []byte("\ufeff")

// decodeText gives the bytes as UTF-8 without a byte order mark: UTF-8 or
// UTF-16 when they say or are so, else Windows-1252, in which older programs
// wrote Norwegian.
func decodeText(data []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		out, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(data)
		if err != nil {
			return nil, problem.New(problem.Invalid, "workbook.bulk.unreadable", nil).Because(err)
		}
		return out, nil
	case bytes.HasPrefix(data, bom):
		data = data[len(bom):]
	}
	if utf8.Valid(data) {
		return data, nil
	}
	out, err := charmap.Windows1252.NewDecoder().Bytes(data)
	if err != nil {
		return nil, problem.New(problem.Invalid, "workbook.bulk.unreadable", nil).Because(err)
	}
	return out, nil
}

// delimiter is the separator that stands outside quotes most often in the
// first lines.
func delimiter(text []byte) rune {
	counts := map[byte]int{}
	quoted, lines := false, 0
	for _, b := range text {
		switch b {
		case '"':
			quoted = !quoted
		case '\n':
			if !quoted {
				lines++
			}
		case ';', ',', '\t':
			if !quoted {
				counts[b]++
			}
		}
		if lines == 10 {
			return most(counts)
		}
	}
	return most(counts)
}

func most(counts map[byte]int) rune {
	best := byte(';')
	for _, b := range []byte{'\t', ','} {
		if counts[b] > counts[best] {
			best = b
		}
	}
	return rune(best)
}

// csvTable is a CSV file that was read.
type csvTable struct {
	rows [][]string
	// lines are the lines on which the rows begin, from 1. Empty lines are no
	// rows.
	lines []int
	comma rune
}

// readTable reads CSV, and stops at the limits.
func readTable(data []byte, l Limits) (csvTable, error) {
	var t csvTable
	if int64(len(data)) > l.MaxBytes {
		return t, tooLarge("too-large", l.MaxBytes>>20)
	}
	text, err := decodeText(data)
	if err != nil {
		return t, err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return t, problem.New(problem.Invalid, "workbook.error.empty-file", nil)
	}
	if bytes.IndexByte(text, 0) >= 0 {
		return t, problem.New(problem.Unsupported, "workbook.bulk.not-list", nil)
	}
	t.comma = delimiter(text)
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = t.comma, -1, true
	cells := int64(0)
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return t, problem.New(problem.Invalid, "workbook.bulk.unreadable", nil).Because(err)
		}
		cells += int64(len(row))
		switch {
		case len(row) > l.MaxColumns:
			return t, tooLarge("columns", int64(l.MaxColumns))
		case len(t.rows) >= l.MaxRows:
			return t, tooLarge("rows", int64(l.MaxRows))
		case cells > l.MaxTags:
			return t, tooLarge("cells", l.MaxTags)
		}
		line, _ := r.FieldPos(0)
		t.rows, t.lines = append(t.rows, row), append(t.lines, line)
	}
}

// numeric is what a spreadsheet takes for a number or leaves alone: signs
// and digits, and no operator that could compute anything.
var numeric = regexp.MustCompile(`^[+-]?[0-9][0-9 .,\x{00a0}\x{202f}]*%?$`)

// SafeCell puts an apostrophe before text that a spreadsheet would compute
// when it opens CSV. Numbers and telephone numbers stay as they are.
func SafeCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", firstRune(s)) && !numeric.MatchString(s) {
		return "'" + s
	}
	return s
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// WriteCSV writes rows the way Excel opens them: with a byte order mark, and
// CRLF at the end of lines. No cell can be taken for a formula.
func WriteCSV(w io.Writer, comma rune, rows [][]string) error {
	if _, err := w.Write(bom); err != nil {
		return err
	}
	cw := csv.NewWriter(w)
	cw.Comma, cw.UseCRLF = comma, true
	for _, row := range rows {
		safe := make([]string, len(row))
		for i, cell := range row {
			safe[i] = SafeCell(cell)
		}
		if err := cw.Write(safe); err != nil {
			return err
		}
	}
	cw.Flush()
	return cw.Error()
}
