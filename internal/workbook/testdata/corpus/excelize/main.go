// Command excelize makes the workbooks of the corpus that are written with
// excelize, into the folder CORPUS_OUT.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "excelize:", err)
		os.Exit(1)
	}
}

func run() error {
	if err := load(); err != nil {
		return err
	}
	for _, b := range books {
		f := excelize.NewFile()
		t := &truth{About: b.about, Tables: []*table{}}
		w := &writer{f: f, t: t}
		parts := b.make(w)
		if w.err != nil {
			return fmt.Errorf("%s: %w", b.name, w.err)
		}
		file, err := f.WriteToBuffer()
		if err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		data := file.Bytes()
		if len(parts) > 0 {
			if data, err = rewrite(data, parts...); err != nil {
				return fmt.Errorf("%s: %w", b.name, err)
			}
		}
		said, err := json.MarshalIndent(t, "", " ")
		if err != nil {
			return err
		}
		for name, content := range map[string][]byte{".xlsx": data, ".json": said} {
			if err := os.WriteFile(filepath.Join(os.Getenv("CORPUS_OUT"), b.name+name), content, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// book is one workbook: make fills it and gives what to change in the
// finished file.
type book struct {
	name, about string
	make        func(*writer) []change
}

// truth is what is true about a workbook, written beside it.
type truth struct {
	About   string   `json:"about"`
	Tables  []*table `json:"tables"`
	None    bool     `json:"none,omitempty"`
	Refused string   `json:"refused,omitempty"`
}

type table struct {
	Sheet        string            `json:"sheet"`
	Header       []int             `json:"header"`
	First        int               `json:"first"`
	Last         int               `json:"last"`
	Columns      map[string]string `json:"columns"`
	Codes        any               `json:"codes,omitempty"`
	Requirements map[int]string    `json:"requirements,omitempty"`
	Skip         []int             `json:"skip,omitempty"`
}

// requirement is a row of a table.
type requirement struct {
	theme, text, kind, instruction, ours string
	id                                   any
	number, weight                       int
	begins                               bool
}

func (r requirement) field(role string) any {
	switch role {
	case "id":
		return r.id
	case "theme":
		return r.theme
	case "text":
		return r.text
	case "type":
		return r.kind
	case "instruction":
		return r.instruction
	case "weight":
		return r.weight
	}
	return nil
}

var (
	texts struct {
		Reworded map[string]map[string]string `json:"reworded"`
		// A name by language and texts by language.
		Other        map[string]map[string]json.RawMessage `json:"other"`
		Instructions map[string][]string                   `json:"instructions"`
	}
	ours struct {
		Themes []struct {
			ID   string            `json:"id"`
			Name map[string]string `json:"name"`
		} `json:"themes"`
		Requirements []struct {
			ID    string            `json:"id"`
			Theme string            `json:"theme"`
			Text  map[string]string `json:"text"`
		} `json:"requirements"`
	}
)

func load() error {
	for path, into := range map[string]any{
		"internal/workbook/testdata/corpus/texts.json": &texts, "requirements/releases/skytjenester-2.0.0.json": &ours,
	} {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(data, into); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// other gives the name and the texts of a theme in texts.json.
func other(theme, lang string) (name string, list []string, err error) {
	var names map[string]string
	if err = json.Unmarshal(texts.Other[theme]["name"], &names); err == nil {
		err = json.Unmarshal(texts.Other[theme][lang], &list)
	}
	return names[lang], list, err
}

// rows gives requirements of the named themes: those of texts.json, and "K-X"
// for our own theme X, half of them in other words.
func (w *writer) rows(lang string, themes, kinds []string, number func(theme, no, count int, ours string) any) []requirement {
	var found []requirement
	for t, theme := range themes {
		var name string
		var list, ids []string
		if key, own := strings.CutPrefix(theme, "K-"); own {
			for _, x := range ours.Themes {
				if x.ID == key {
					name = x.Name[lang]
				}
			}
			for _, r := range ours.Requirements {
				if r.Theme != key {
					continue
				}
				text := r.Text[lang]
				if o := texts.Reworded[r.ID][lang]; o != "" && len(list)%2 == 0 {
					text = o
				}
				list, ids = append(list, text), append(ids, r.ID)
			}
		} else {
			var err error
			if name, list, err = other(theme, lang); err != nil {
				w.fail(err)
			}
			ids = make([]string, len(list))
		}
		for n, text := range list {
			i := len(found)
			found = append(found, requirement{
				theme: name, number: t + 1, begins: n == 0, id: number(t+1, n+1, i+1, ids[n]), text: text, kind: kinds[i%len(kinds)],
				instruction: texts.Instructions[lang][i%len(texts.Instructions[lang])], weight: 5 + 5*(i%4), ours: ids[n],
			})
		}
	}
	return found
}

// writer writes to a workbook and keeps the first error.
type writer struct {
	f   *excelize.File
	t   *truth
	err error
	// head and cell are the styles of headers and of the rest, once made.
	head, cell, open int
}

func (w *writer) fail(err error) {
	if err != nil && w.err == nil {
		w.err = err
	}
}

func (w *writer) style(s *excelize.Style) int {
	id, err := w.f.NewStyle(s)
	w.fail(err)
	return id
}

func (w *writer) styles() {
	border := []excelize.Border{{Type: "left", Color: "9A9A9A", Style: 1}, {Type: "right", Color: "9A9A9A", Style: 1}, {Type: "top", Color: "9A9A9A", Style: 1}, {Type: "bottom", Color: "9A9A9A", Style: 1}}
	wrap := &excelize.Alignment{WrapText: true, Vertical: "top"}
	w.head = w.style(&excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"BDD7EE"}}, Border: border, Alignment: wrap})
	w.cell = w.style(&excelize.Style{Border: border, Alignment: wrap})
	w.open = w.style(&excelize.Style{Border: border, Alignment: wrap, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"FFF2CC"}}, Protection: &excelize.Protection{Locked: false}})
}

// sheet makes a sheet; the first one takes the place of the empty one.
func (w *writer) sheet(name string) string {
	if w.head == 0 {
		w.styles()
		w.fail(w.f.SetSheetName("Sheet1", name))
		return name
	}
	_, err := w.f.NewSheet(name)
	w.fail(err)
	return name
}

func ref(col, row int) string {
	s, err := excelize.CoordinatesToCellName(col, row)
	if err != nil {
		panic(err) // a fault of the script
	}
	return s
}

func letter(col int) string { return strings.TrimRight(ref(col, 1), "1") }

func (w *writer) set(sheet, cell string, v any) { w.fail(w.f.SetCellValue(sheet, cell, v)) }

func (w *writer) formula(sheet, cell, f string) { w.fail(w.f.SetCellFormula(sheet, cell, f)) }

// column has a role, or none when it has no meaning to us, and a header.
type column struct{ role, header string }

// options say what is unusual about a table.
type options struct {
	codes any
	// header are its rows when the caller wrote them.
	header []int
	// themes puts a merged row before each theme.
	themes bool
	// value gives a cell's value when it is not the field of the role.
	value func(role string, r requirement, row int) any
}

// write writes a table with its header at row top and its first column at left.
func (w *writer) write(sheet string, top, left int, columns []column, data []requirement, o options) *table {
	t := &table{Sheet: sheet, Header: o.header, Columns: map[string]string{}, Codes: o.codes, Requirements: map[int]string{}}
	if t.Header == nil {
		w.header(sheet, top, left, columns)
		t.Header = []int{top}
	}
	for i, c := range columns {
		if c.role != "" {
			t.Columns[c.role] = letter(left + i)
		}
		width, known := map[string]float64{"text": 60, "answer": 50, "instruction": 34, "theme": 22}[c.role]
		if !known {
			width = 13
		}
		w.fail(w.f.SetColWidth(sheet, letter(left+i), letter(left+i), width))
	}
	row := slices.Max(t.Header) + 1
	t.First = row
	for _, r := range data {
		if o.themes && r.begins {
			w.set(sheet, ref(left, row), r.theme)
			w.fail(w.f.MergeCell(sheet, ref(left, row), ref(left+len(columns)-1, row)))
			w.fail(w.f.SetCellStyle(sheet, ref(left, row), ref(left+len(columns)-1, row), w.head))
			t.Skip = append(t.Skip, row)
			row++
		}
		for i, c := range columns {
			var v any
			if o.value != nil {
				v = o.value(c.role, r, row)
			}
			if v == nil {
				v = r.field(c.role)
			}
			cell, style := ref(left+i, row), w.cell
			if v != nil {
				w.set(sheet, cell, v)
			}
			if slices.Contains([]string{"met", "answer", "reference", "deviation"}, c.role) {
				style = w.open
			}
			w.fail(w.f.SetCellStyle(sheet, cell, cell, style))
		}
		if r.ours != "" {
			t.Requirements[row] = r.ours
		}
		t.Last = row
		row++
	}
	w.t.Tables = append(w.t.Tables, t)
	return t
}

func (w *writer) header(sheet string, row, left int, columns []column) {
	for i, c := range columns {
		if c.header != "" {
			w.set(sheet, ref(left+i, row), c.header)
		}
		w.fail(w.f.SetCellStyle(sheet, ref(left+i, row), ref(left+i, row), w.head))
	}
}

// choose puts a drop-down on the rows of a table.
func (w *writer) choose(t *table, role string, values ...string) {
	dv := excelize.NewDataValidation(true)
	dv.Sqref = fmt.Sprintf("%s%d:%[1]s%[3]d", t.Columns[role], t.First, t.Last)
	if len(values) == 1 {
		dv.SetSqrefDropList(values[0])
	} else {
		w.fail(dv.SetDropList(values))
	}
	w.fail(w.f.AddDataValidation(t.Sheet, dv))
}
