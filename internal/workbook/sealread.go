package workbook

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Bounds on a seal that somebody else may have written.
const (
	maxSealBytes        = 16 << 20
	maxSealTexts        = 300_000
	maxSealCells        = 500_000
	maxSealSheets       = 200
	maxSealDeclarations = 1000
	maxBundleBytes      = 2 << 20
)

// hiddenParts is what the hidden sheet of a file holds, by name. Values of the
// same name are put together.
type hiddenParts map[string]string

// readHidden reads the hidden sheet; nil when there is none.
func readHidden(f *excelize.File, last int) (hiddenParts, error) {
	if i, err := f.GetSheetIndex(hiddenSheet); err != nil || i < 0 {
		return nil, nil //nolint:nilnil // none is an answer
	}
	rows, err := readRows(f, hiddenSheet, last)
	if err != nil {
		return nil, err
	}
	parts := map[string]*strings.Builder{}
	for _, r := range rows {
		if len(r) < 2 {
			continue
		}
		b := parts[r[0]]
		if b == nil {
			b = &strings.Builder{}
			parts[r[0]] = b
		}
		b.WriteString(r[1])
	}
	out := hiddenParts{}
	for name, b := range parts {
		out[name] = b.String()
	}
	return out, nil
}

// sum is the SHA-256 of a part, in hex.
func (h hiddenParts) sum(name string) string {
	sum := sha256.Sum256([]byte(h[name]))
	return hex.EncodeToString(sum[:])
}

var (
	errSeal    = errors.New("not a seal")
	digestForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// parseSeal reads a seal and checks that everything in it points at something.
func parseSeal(data []byte) (*seal, error) {
	if len(data) > maxSealBytes {
		return nil, fmt.Errorf("%w: %d bytes", errSeal, len(data))
	}
	var s seal
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("%w: %w", errSeal, err)
	}
	if s.Format != sealFormat {
		return nil, fmt.Errorf("%w: format %d", errSeal, s.Format)
	}
	if len(s.Texts) > maxSealTexts || len(s.Sheets) > maxSealSheets || len(s.Declarations) > maxSealDeclarations {
		return nil, fmt.Errorf("%w: too much of something", errSeal)
	}
	for i, t := range s.Texts {
		switch v := t.(type) {
		case string:
			if v == "" || v[0] != ':' && v[0] != '#' {
				return nil, fmt.Errorf("%w: text %d", errSeal, i)
			}
		case float64:
			if v != math.Trunc(v) || math.Abs(v) > 1<<53 {
				return nil, fmt.Errorf("%w: number %d", errSeal, i)
			}
		default:
			return nil, fmt.Errorf("%w: text %d", errSeal, i)
		}
	}
	if err := s.checkSheets(); err != nil {
		return nil, err
	}
	for i, d := range s.Declarations {
		if !digestForm.MatchString(d.Digest) || d.Checkpoint < 0 || d.Checkpoint >= len(s.Checkpoints) {
			return nil, fmt.Errorf("%w: declaration %d", errSeal, i)
		}
	}
	return &s, nil
}

func (s *seal) checkSheets() error {
	cells, names := 0, map[string]bool{}
	for _, sh := range s.Sheets {
		if names[sh.Name] || sh.Name == hiddenSheet {
			return fmt.Errorf("%w: sheet %q twice", errSeal, sh.Name)
		}
		names[sh.Name] = true
		last := 0
		for _, r := range sh.Rows {
			if r.Row <= last || r.Row > excelize.TotalRows || len(r.Cells) > excelize.MaxColumns {
				return fmt.Errorf("%w: row %d of %q", errSeal, r.Row, sh.Name)
			}
			last = r.Row
			cells += len(r.Cells)
			for _, c := range r.Cells {
				if c < 0 {
					c = -1 - c
				}
				if c > len(s.Texts) {
					return fmt.Errorf("%w: a cell of row %d of %q", errSeal, r.Row, sh.Name)
				}
			}
		}
	}
	if cells > maxSealCells {
		return fmt.Errorf("%w: %d cells", errSeal, cells)
	}
	return nil
}

// text is what a cell of the seal held; known is false for a long text, of
// which the seal has a digest only.
func (s *seal) text(cell int) (_ string, known bool) {
	if cell < 0 {
		cell = -1 - cell
	}
	if cell == 0 {
		return "", true
	}
	switch v := s.Texts[cell-1].(type) {
	case float64:
		return strconv.FormatInt(int64(v), 10), true
	case string:
		if v[0] == ':' {
			return v[1:], true
		}
	}
	return "", false
}

// lexicon finds the place of what now stands in a cell among the texts of a
// seal.
type lexicon struct {
	short, long map[string]int
	numbers     map[float64]int
}

// unlike is the place of what is none of the texts.
const unlike = math.MaxInt

func (s *seal) lexicon() lexicon {
	l := lexicon{short: map[string]int{}, long: map[string]int{}, numbers: map[float64]int{}}
	for i, t := range s.Texts {
		switch v := t.(type) {
		case float64:
			l.numbers[v] = i + 1
		case string:
			if v[0] == ':' {
				l.short[v[1:]] = i + 1
			} else {
				l.long[v] = i + 1
			}
		}
	}
	return l
}

// find gives every place a cell's text may have: as a text, and as a number.
func (l lexicon) find(raw string) (text, number int) {
	number = unlike
	folded := foldSpace(raw)
	if folded == "" {
		return 0, unlike
	}
	if len(folded) > verbatim {
		if n, ok := l.long[cellDigest(folded)]; ok {
			return n, unlike
		}
		return unlike, unlike
	}
	// Programs write whole numbers as 12 and as 12.0.
	if whole, zeros, cut := strings.Cut(folded, "."); len(l.numbers) > 0 && (!cut || zeros != "" && strings.Trim(zeros, "0") == "") {
		if i, err := strconv.ParseInt(whole, 10, 53); err == nil && strconv.FormatInt(i, 10) == whole {
			if n, ok := l.numbers[float64(i)]; ok {
				number = n
			}
		}
	}
	if n, ok := l.short[folded]; ok {
		return n, number
	}
	return unlike, number
}
