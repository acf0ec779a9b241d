package workbook

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/mod/sumdb/note"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
	"felleskrav/internal/transparency"
)

// Trust is what a workbook is verified with. What is missing is not checked,
// and the answer says so.
type Trust struct {
	// Log verifies checkpoints of the log that declarations are in.
	Log note.Verifier
	// Service is the key that the service signs workbooks with.
	Service *signing.PublicKey
	// Catalogue holds the released requirement texts.
	Catalogue *catalogue.Catalogue
}

// ServiceTrust is what a service verifies its own workbooks with; logKey is its
// log's verifier key.
func ServiceTrust(logKey string, v *attestation.Verifier, c *catalogue.Catalogue) (Trust, error) {
	log, err := transparency.NewVerifier(logKey)
	if err != nil {
		return Trust{}, fmt.Errorf("verify workbook: %w", err)
	}
	t := Trust{Log: log, Catalogue: c}
	if v != nil {
		k, err := v.PublicKey()
		if err != nil {
			return Trust{}, fmt.Errorf("verify workbook: %w", err)
		}
		t.Service = &k
	}
	return t, nil
}

// Verdict is the answer about a whole workbook.
type Verdict string

// The verdicts, best first.
const (
	// Untouched means that nothing official differs from what the service
	// signed.
	Untouched Verdict = "untouched"
	// Consistent means that nothing differs, but that not everything that
	// would prove it was checked.
	Consistent Verdict = "consistent"
	// Unproved means that the workbook has no seal to hold it against.
	Unproved Verdict = "unproved"
	// Altered means that something official differs, or that a proof fails.
	Altered Verdict = "altered"
)

// Verdicts lists them, best first.
func Verdicts() []Verdict { return []Verdict{Untouched, Consistent, Unproved, Altered} }

// Verification is what is found about a workbook.
type Verification struct {
	Verdict Verdict
	// What the file says about itself; a proof only when CheckService holds.
	Kind, Language, Procurement, BaseURL, LogOrigin string
	MadeAt                                          time.Time
	Sets                                            []SetRef
	Checks                                          []SealCheck
	Findings                                        []Finding
	Declarations                                    []SealedDeclaration
	// Compared is how many official cells were compared, and Filled how many
	// cells somebody has filled in.
	Compared, Filled int
	// More is how many findings there are beyond those in the list.
	More int
	// News is what has happened since, when it was asked about.
	News []News
}

// CheckResult is how a check came out.
type CheckResult string

// The results.
const (
	Holds     CheckResult = "holds"
	Fails     CheckResult = "fails"
	Unchecked CheckResult = "unchecked"
)

// SealCheck is one check of a workbook. Its text is "workbook.check." and the
// name; Key and Args tell why it fails or was not made.
type SealCheck struct {
	Name   string
	Result CheckResult
	Key    string
	Args   problem.Args
}

// The names of the checks, in the order they are made.
const (
	CheckSealed   = "sealed"   // the hidden sheet has a seal, in one piece
	CheckService  = "service"  // the service signed it
	CheckCells    = "cells"    // the official cells are as sealed
	CheckReleased = "released" // the requirement texts are those released
	CheckLogged   = "logged"   // the declarations are in the log
	CheckAnswers  = "answers"  // declared answers are those that suppliers signed
)

// Class sorts findings.
type Class string

// The classes. All up to NotSigned are alterations; the rest is told about.
const (
	ClassAltered     Class = "altered"
	ClassFormula     Class = "formula"
	ClassAdded       Class = "added"
	ClassRowGone     Class = "row-gone"
	ClassColumnGone  Class = "column-gone"
	ClassSheetGone   Class = "sheet-gone"
	ClassNotReleased Class = "not-released"
	ClassNotSigned   Class = "not-signed"
	ClassDeviates    Class = "deviates" // a bidder changed an answer filled in beforehand
	ClassFilled      Class = "filled"   // a bidder filled in an open cell
	ClassOutside     Class = "outside"  // something written beside what the service made
	ClassNewSheet    Class = "new-sheet"
	ClassRenamed     Class = "renamed"
)

// Classes lists them in the order above.
func Classes() []Class {
	return []Class{
		ClassAltered, ClassFormula, ClassAdded, ClassRowGone, ClassColumnGone, ClassSheetGone, ClassNotReleased, ClassNotSigned,
		ClassDeviates, ClassFilled, ClassOutside, ClassNewSheet, ClassRenamed,
	}
}

// Alteration reports whether findings of the class say that something official
// is not what it was.
func (c Class) Alteration() bool {
	switch c {
	case ClassDeviates, ClassFilled, ClassOutside, ClassNewSheet, ClassRenamed:
		return false
	}
	return true
}

// Finding is one cell, row, column or sheet that there is something to say
// about.
type Finding struct {
	Class Class
	Sheet string
	// Cell is where it stands now, or where it stood when it is gone.
	Cell string
	// Row is what begins the row, such as the id of a requirement, and Column
	// the heading; both as they were, and empty when there is none.
	Row, Column string
	// Was is what the cell held, if WasKnown; Now is what it holds.
	Was      string
	WasKnown bool
	Now      string
	// place is where it is in the seal, to find out more.
	sheet, row, col int
}

// Path names the cell with its sheet: "Krav!H12".
func (f Finding) Path() string {
	if f.Cell == "" {
		return f.Sheet
	}
	return f.Sheet + "!" + f.Cell
}

// Key is the text that says what was found; Args fills it in.
func (f Finding) Key() string {
	key := "workbook.finding." + string(f.Class)
	if f.Class == ClassAltered {
		switch {
		case f.WasKnown && f.Now == "":
			key += "-emptied"
		case f.WasKnown && f.Was == "":
			key += "-filled"
		case !f.WasKnown && f.Now == "":
			key += "-emptied-unknown"
		case !f.WasKnown:
			key += "-unknown"
		}
	}
	if f.Class == ClassDeviates && f.Now == "" {
		key += "-emptied"
	}
	return key
}

// Args fills in the text of the finding.
func (f Finding) Args() problem.Args { return problem.Args{"Was": f.Was, "Now": f.Now} }

// shown is how much of a cell a finding quotes, in characters.
const shown = 500

// verifying is a workbook being verified.
type verifying struct {
	*Reader
	trust    Trust
	file     *excelize.File
	found    inspection
	parts    hiddenParts
	seal     *seal
	lex      lexicon
	sheets   map[string]*present
	layouts  []*arrangement // of the seal's sheets, nil for one that is gone
	declared map[string]declaredBy
	rolesOf  map[int]map[string]int
	out      Verification
	// visits counts the work that formulas cost.
	visits int
	// altered tells that something official differs.
	altered bool
}

// maxFindings is how many findings are told one by one.
const maxFindings = 3000

func newVerifying(rd *Reader, trust Trust, f *excelize.File) *verifying {
	return &verifying{Reader: rd, trust: trust, file: f, sheets: map[string]*present{}, declared: map[string]declaredBy{}, rolesOf: map[int]map[string]int{}}
}

// present is a sheet as it is now.
type present struct {
	name string
	rows [][]string
	// text and number are the places of its cells in the seal's texts.
	text, number [][]int
}

// Turn waits for a turn to verify a workbook that anybody may have sent: only a
// few are verified at the same time. The error is a [problem.RateLimited].
func (rd *Reader) Turn(ctx context.Context) (done func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	select {
	case rd.turns <- struct{}{}:
		return func() { <-rd.turns }, nil
	case <-ctx.Done():
		return nil, problem.New(problem.RateLimited, "workbook.error.busy", nil)
	}
}

// Verify tells whether anything official in a workbook of size bytes was
// altered since the service made it. It needs no network. The error is a
// *problem.Error about a file that cannot be read or was not made by the
// service; everything else is in the answer.
func (rd *Reader) Verify(r io.ReaderAt, size int64, trust Trust) (out Verification, err error) {
	found, err := inspect(r, size, rd.limits)
	if err != nil {
		return Verification{}, err
	}
	var f *excelize.File
	defer func() {
		if p := recover(); p != nil { // as in open
			out, err = Verification{}, damaged(fmt.Errorf("verify workbook: %v", p))
		}
		if f != nil {
			_ = f.Close()
		}
	}()
	if f, err = rd.openFile(r, size); err != nil {
		return Verification{}, err
	}
	v := newVerifying(rd, trust, f)
	v.found = found
	if v.parts, err = readHidden(f, found.rows); err != nil {
		return Verification{}, err
	}
	for _, name := range f.GetSheetList() {
		if name == hiddenSheet {
			continue
		}
		rows, err := readRows(f, name, found.rows)
		if err != nil {
			return Verification{}, err
		}
		v.sheets[name] = &present{name: name, rows: rows}
	}
	if err := v.run(); err != nil {
		return Verification{}, err
	}
	v.out.Verdict = v.verdict()
	return v.out, nil
}

func (v *verifying) run() error {
	if _, there := v.parts[partSeal]; !there {
		return v.unsealed()
	}
	var err error
	if v.seal, err = parseSeal([]byte(v.parts[partSeal])); err != nil {
		v.check(CheckSealed, Fails, "seal-damaged", nil)
		return v.unsealed()
	}
	s := v.seal
	v.out.Kind, v.out.Language, v.out.Procurement, v.out.MadeAt, v.out.Sets = s.Kind, s.Language, s.Procurement, s.GeneratedAt, s.Sets
	v.out.BaseURL, v.out.LogOrigin = s.BaseURL, s.LogOrigin
	if s.Language == "" || !known(s.Language) {
		s.Language = "nb"
	}
	v.checkSealed()
	v.checkService()
	if err := v.compareCells(); err != nil {
		return err
	}
	v.checkReleased()
	v.checkDeclarations()
	v.checkAnswers()
	v.recall()
	v.order()
	return nil
}

func (v *verifying) check(name string, result CheckResult, key string, args problem.Args) {
	if key != "" {
		key = "workbook.unproved." + key
	}
	v.out.Checks = append(v.out.Checks, SealCheck{name, result, key, args})
}

// verdict sums the checks and findings up.
func (v *verifying) verdict() Verdict {
	if v.altered {
		return Altered
	}
	worst := Untouched
	for _, c := range v.out.Checks {
		switch {
		case c.Result == Fails:
			return Altered
		case c.Result == Unchecked && c.Name == CheckSealed:
			worst = Unproved
		case c.Result == Unchecked && worst == Untouched:
			worst = Consistent
		}
	}
	return worst
}
