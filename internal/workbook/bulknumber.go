package workbook

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

// doubt is why a cell is not read as an organisation number: the last part of
// a key "workbook.bulk.doubt.…".
type doubt string

const (
	doubtNone    doubt = ""
	doubtAbsent  doubt = "absent"      // the row has something, the cell has nothing
	doubtText    doubt = "text"        // no number at all
	doubtMore    doubt = "more"        // a number, and other words with it
	doubtDigit   doubt = "check-digit" // nine digits that are not a number
	doubtShort   doubt = "short"
	doubtLong    doubt = "long"
	doubtTwo     doubt = "two"
	doubtForeign doubt = "foreign"
	doubtPerson  doubt = "person" // eleven digits: most likely a national identity number
)

var (
	// grouped is a number shown with separators between its thousands, which
	// may end in decimals that are zero.
	grouped = regexp.MustCompile(`^\d{1,3}(?:[ .,'’_-]\d{3})+(?:[.,]0+)?$`)
	// plain is digits alone, perhaps with decimals that are zero.
	plain = regexp.MustCompile(`^\d+(?:[.,]0+)?$`)
	// decimal is digits with one or two decimals that are zero, which is no way to
	// group them: 12345678.0 has eight digits.
	decimal = regexp.MustCompile(`^\d+[.,]0{1,2}$`)
	// scientific is how a spreadsheet stores or shows a large number.
	scientific = regexp.MustCompile(`^\d(?:[.,]\d+)?[eE]\+?\d{1,2}$`)
	// rounded is how a spreadsheet shows a number of nine digits for which there
	// is no room; programs that store one leave the plus out.
	rounded = regexp.MustCompile(`^\d(?:[.,]\d+)?[eE]\+0?8$`)
	// foreign is a country's letters before digits: SE556036079301, DK 12345678.
	foreign = regexp.MustCompile(`^([A-Za-z]{2})[ -]?[0-9A-Za-z][0-9A-Za-z .-]{5,14}$`)
	// identifier is an organisation of another country, as certificates write it:
	// NTRSE-5560125790.
	identifier = regexp.MustCompile(`^(?i:NTR|VAT|LEI)[A-Za-z]{2}-\S*\d\S*$`)
	// swedish is the form of a Swedish number: 556036-0793.
	swedish = regexp.MustCompile(`^\d{6}-\d{4}$`)
	// nine finds what may be numbers inside other text.
	nine = regexp.MustCompile(`\d{3}[ .]?\d{3}[ .]?\d{3}`)
	// label is what people write before a number.
	label = regexp.MustCompile(`^(?i:org(?:anisasjons)?\.? ?-?(?:nr|nummer)\.?|foretaks(?:nr|nummer)\.?|0192:|no|nor) ?:? ?`)
	// suffix is what stands after the number of who is registered for VAT.
	suffix = regexp.MustCompile(`(?i: ?\(?(?:mva|vat)\.?\)?)$`)
)

// tidyNumber takes away what does not show, and has one kind of space.
func tidyNumber(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == 0x200b || r == 0x200c || r == 0x200d || r == 0x2060 || r == 0xfeff || r == 0xad:
			return -1
		case unicode.IsSpace(r) || r == 0x2007 || r == 0x202f:
			return ' '
		case unicode.IsControl(r):
			return -1
		case r == '‐' || r == '‑' || r == '–' || r == '−':
			return '-'
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	return strings.TrimSpace(strings.TrimLeft(s, "'’`´"))
}

// readNumber reads a cell as an organisation number, in any of the forms
// people and programs write it: grouped by spaces, dots or other separators,
// as a number with decimals or in scientific notation, after «Org.nr.» or NO,
// before MVA. What is not surely one number has a doubt instead.
func readNumber(cell string) (organisation.Number, doubt) {
	s := tidyNumber(cell)
	if s == "" {
		return "", doubtAbsent
	}
	if identifier.MatchString(s) {
		if n, err := organisation.ParseIdentifier(s); err == nil {
			return n, doubtNone
		}
	}
	if !mayBeNumber(s) {
		return "", unread(s)
	}
	if all := gaps.Replace(s); len(all) == 9 && keepDigits(all) == all && !decimal.MatchString(s) {
		return judge(all)
	}
	core := suffix.ReplaceAllString(s, "")
	core = label.ReplaceAllString(core, "")
	core = tidyNumber(core)
	if d, ok := digitsOf(core); ok {
		return judge(d)
	}
	return "", unread(s)
}

// mayBeNumber tells most cells that are no number from the others at little
// cost: a number has nine digits, unless it is in scientific notation.
func mayBeNumber(s string) bool {
	digits := 0
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			digits++
		}
	}
	return digits >= 9 || digits > 0 && strings.ContainsAny(s, "eE") && len(s) < 20
}

// gaps are what some put anywhere in a number, as in telephone numbers.
var gaps = strings.NewReplacer(" ", "", ".", "")

// digitsOf gives the digits of a text that is one number and nothing else.
func digitsOf(s string) (string, bool) {
	switch {
	case swedish.MatchString(s):
		return "", false
	case rounded.MatchString(s):
		// What a spreadsheet shows in a narrow column and puts into CSV: the
		// digits it does not show are lost, whatever zeros would give.
		if shown, _, _ := strings.Cut(strings.ToUpper(s), "E"); len(keepDigits(shown)) < 9 {
			return keepDigits(shown), true
		}
		fallthrough
	case scientific.MatchString(s):
		f, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
		if err != nil || f != float64(int64(f)) || f >= 1e15 {
			return "", false
		}
		return strconv.FormatInt(int64(f), 10), true
	case plain.MatchString(s):
		if i := strings.IndexAny(s, ".,"); i >= 0 {
			// 123456.000 could be thousands as well as decimals: of the two, the
			// one that has nine digits is meant.
			if all := keepDigits(s); len(all) == 9 && !decimal.MatchString(s) {
				return all, true
			}
			s = s[:i]
		}
		return s, true
	case grouped.MatchString(s):
		all := keepDigits(s)
		if i := strings.LastIndexAny(s, ".,"); len(all) > 9 && i > 0 && strings.Trim(s[i+1:], "0") == "" {
			all = keepDigits(s[:i])
		}
		return all, true
	}
	all := gaps.Replace(s)
	return all, len(all) == 9 && keepDigits(all) == all
}

func keepDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// judge tells whether digits are a number.
func judge(digits string) (organisation.Number, doubt) {
	switch n := len(digits); {
	case n == 18 && valid(digits[:9]) && valid(digits[9:]):
		return "", doubtTwo
	case n == 11:
		return "", doubtPerson
	case n < 9:
		return "", doubtShort
	case n > 9:
		return "", doubtLong
	}
	n, err := organisation.ParseNumber(digits)
	if err != nil {
		return "", doubtDigit
	}
	return n, doubtNone
}

func valid(digits string) bool {
	_, err := organisation.ParseNumber(digits)
	return err == nil
}

// unread says why a text is not one number.
func unread(s string) doubt {
	digits := keepDigits(s)
	if digits == "" {
		return doubtText
	}
	if swedish.MatchString(s) {
		return doubtForeign
	}
	found := nine.FindAllString(s, -1)
	switch {
	case len(found) > 1:
		return doubtTwo
	case len(digits) == 11 && strings.Trim(s, "0123456789 .-") == "":
		return doubtPerson
	}
	if m := foreign.FindStringSubmatch(s); m != nil && !strings.EqualFold(m[1], "NO") && len(digits) >= 6 {
		return doubtForeign
	}
	if len(found) == 1 && valid(keepDigits(found[0])) {
		return doubtMore
	}
	switch {
	case strings.ContainsFunc(s, unicode.IsLetter):
		return doubtText
	case len(digits) < 9:
		return doubtShort
	case len(digits) > 9:
		return doubtLong
	}
	return doubtDigit
}

// Doubt is a row in which the number could not be read, with the reason.
type Doubt struct {
	// Sheet is empty for CSV, which has none.
	Sheet string `json:"sheet,omitempty"`
	Row   int    `json:"row"`
	// Cell is the name of the cell, such as "B12"; empty for CSV.
	Cell string `json:"cell,omitempty"`
	// Value is what stands in the cell, shortened. What may be a national
	// identity number is not repeated.
	Value string `json:"value"`
	// Key is a text for people; it takes no arguments.
	Key string `json:"key"`
}

// doubtAbout describes a doubtful cell.
func doubtAbout(sheet string, row, column int, value string, why doubt) Doubt {
	d := Doubt{Sheet: sheet, Row: row, Value: problem.Clip(oneLine(value)), Key: "workbook.bulk.doubt." + string(why)}
	if sheet != "" {
		d.Cell = at(column, row)
	}
	if why == doubtPerson {
		d.Value = "•••••••••••"
	}
	return d
}
