// Package corpustest gives tests a corpus of requirement workbooks like those
// public bodies make, each with the truth about what is in it. The files are
// made from internal/workbook/testdata/corpus when they are first needed.
package corpustest

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Producers are the programs that made the files.
var Producers = []string{"openpyxl", "exceljs", "excelize", "libreoffice"}

// File is one workbook.
type File struct {
	// Name is the producer and the name, such as "openpyxl/temarader".
	Name string
	// Path is where the .xlsx file is. Tests do not write to it.
	Path     string
	Producer string
	// About tells in Norwegian what is unusual about the file.
	About string
	Truth Truth
}

// Truth is what a workbook holds.
type Truth struct {
	About string `json:"about"`
	// Tables are its requirement tables, in the order of the sheets.
	Tables []Table `json:"tables"`
	// None is true when it has no requirement table at all.
	None bool `json:"none"`
	// Refused is why the service must refuse the file: what follows
	// "workbook.error." in the key of the problem. Empty when it must not.
	Refused string `json:"refused"`
}

// Table is one requirement table.
type Table struct {
	Sheet string `json:"sheet"`
	// Header are the numbers of the header's rows, from 1, top to bottom.
	Header []int `json:"header"`
	// First and Last are the first and last row that can hold a requirement.
	First int `json:"first"`
	Last  int `json:"last"`
	// Skip are the rows between them that hold none: themes, subtotals,
	// empty rows.
	Skip []int `json:"skip"`
	// Columns gives the column letter by role: one of Roles.
	Columns map[string]string `json:"columns"`
	// Uncertain are roles that people would not agree on: whatever is found
	// for them is right, also nothing.
	Uncertain []string `json:"uncertain"`
	// Codes is what the values of the type column mean; its zero value when
	// there is no such column.
	Codes Codes `json:"codes"`
	// Requirements gives our own requirement for the rows that say the same,
	// verbatim or in other words.
	Requirements map[int]string `json:"requirements"`
}

// Roles are the meanings a column can have.
var Roles = []string{
	"id", "text", "type", "theme", "instruction", "met", "answer", "weight", "points", "comment", "reference", "deviation",
}

// Rows gives the numbers of the rows that hold a requirement.
func (t Table) Rows() []int {
	var rows []int
	for r := t.First; r <= t.Last; r++ {
		if !slices.Contains(t.Skip, r) {
			rows = append(rows, r)
		}
	}
	return rows
}

// Meanings are what a code can mean: a minimum demand; a demand that is scored;
// a wish ("bør") or an option ("kan") of which the workbook does not say that
// it is scored; and information only.
var Meanings = []string{"minimum", "scored", "should", "optional", "information"}

// Codes tells what the values in a type column mean.
type Codes struct {
	// Ask is true when the workbook alone cannot tell.
	Ask bool
	// Meaning gives one of Meanings for each value otherwise.
	Meaning map[string]string
}

// UnmarshalJSON reads the string "ask" or an object.
func (c *Codes) UnmarshalJSON(data []byte) error {
	if string(data) == `"ask"` {
		*c = Codes{Ask: true}
		return nil
	}
	return json.Unmarshal(data, &c.Meaning)
}

// Files gives all files, sorted by name, and makes them first if they are
// missing or older than what they are made from.
func Files(t testing.TB) []File {
	t.Helper()
	files, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(files)
}

// Get gives one file by its name.
func Get(t testing.TB, name string) File {
	t.Helper()
	for _, f := range Files(t) {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("the corpus has no file %s", name)
	return File{}
}

// Read gives the bytes of the file.
func (f File) Read(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

var load = sync.OnceValues(func() ([]File, error) {
	if err := touch(sources()); err != nil {
		return nil, err
	}
	// The script takes a lock, so that test processes do not disturb each other.
	cmd := exec.Command(filepath.Join(sources(), "build.sh"))
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("build corpus: %w\n%s", err, said.String())
	}
	return read(strings.TrimSpace(string(out)))
})

// sources is the folder the corpus is made from.
func sources() string {
	_, here, _, ok := runtime.Caller(0)
	if !ok {
		panic("corpustest: the package does not know where it is")
	}
	return filepath.Join(filepath.Dir(here), "..", "testdata", "corpus")
}

// touch looks at the sources, so that go test does not take an old result for
// one that still counts when only a script has changed.
func touch(dir string) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err == nil {
			_, err = os.Stat(path)
		}
		if err != nil {
			return fmt.Errorf("look at sources of corpus: %w", err)
		}
		return nil
	})
}

func read(dir string) ([]File, error) {
	var files []File
	for _, producer := range Producers {
		paths, err := filepath.Glob(filepath.Join(dir, producer, "*.xlsx"))
		if err != nil {
			return nil, fmt.Errorf("list corpus: %w", err)
		}
		for _, path := range paths {
			name := strings.TrimSuffix(path, ".xlsx")
			f := File{Name: producer + "/" + filepath.Base(name), Path: path, Producer: producer}
			data, err := os.ReadFile(name + ".json")
			if err != nil {
				return nil, fmt.Errorf("read truth: %w", err)
			}
			if err := json.Unmarshal(data, &f.Truth); err != nil {
				return nil, fmt.Errorf("read truth of %s: %w", f.Name, err)
			}
			f.About = f.Truth.About
			files = append(files, f)
		}
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return files, nil
}
