package workbook

import (
	"io"
	"slices"
	"strings"
	"time"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/procurement"
	"felleskrav/internal/selection"
	"felleskrav/internal/status"
)

// Tender is everything a tender workbook is made of.
type Tender struct {
	// Texts are in the language of the workbook.
	Texts       *locale.Texts
	Procurement procurement.Procurement
	// AgencyName may be empty; the number is then shown alone.
	AgencyName string
	Selection  selection.Result
	// Versions are the set versions the procurement is bound to.
	Versions  []catalogue.Version
	Catalogue *catalogue.Catalogue
	// Lines are the requirements, as procurement.Lines gives them.
	Lines []procurement.Line
	// Comparison fills the two internal sheets; it may be without bidders.
	Comparison procurement.Comparison
	// BidderCopy leaves the two internal sheets out: what is sent to bidders
	// must not tell who the others are or how they answered.
	BidderCopy bool
	// Prefill makes a bidder copy with one bidder's declared answers filled in.
	Prefill *Prefill
	// LogOrigin and Checkpoint name the log the statuses were read from and
	// the state it had; both may be empty.
	LogOrigin   string
	Checkpoint  string
	GeneratedAt time.Time
	// BaseURL is where the service runs, for "where this came from".
	BaseURL string
	// Seal makes it possible to tell later whether somebody altered the file.
	// Nil leaves the seal out.
	Seal *Seal
}

// Prefill is one bidder with the status of its offering per set.
type Prefill struct {
	Bidder   procurement.Bidder
	Statuses []status.Status
}

// WriteTender writes the tender workbook to w. The same Tender gives the same
// content, but for the signature of a seal. It fails only when w does or when a text is missing its workbook
// names; it holds the whole file in memory, about 1 KB per requirement.
func WriteTender(w io.Writer, tender Tender) error {
	tender.BidderCopy = tender.BidderCopy || tender.Prefill != nil
	b, err := newBook(tender.Texts)
	if err != nil {
		return err
	}
	defer b.f.Close()
	d := newTenderBook(b, tender)
	p := d.newPayload()
	if d.Seal != nil {
		b.sealer = newSealer(d.Seal, b.st)
		b.sealer.describe(d)
	}
	d.guide()
	d.requirements(p)
	d.measures()
	if d.withStanding() {
		d.standing()
	}
	if !d.BidderCopy {
		d.comparison()
		d.findings()
	}
	b.writePayload(p)
	title := b.t.T("workbook.title") + " – " + tender.Procurement.Title
	return b.finish(w, title, tender.Procurement.Reference, tender.GeneratedAt)
}

// tenderBook is a tender workbook being written.
type tenderBook struct {
	*book
	Tender
	names   names
	columns []column
	// said keeps the words of the comparison's cells.
	said map[comparedKey]remark
}

func newTenderBook(b *book, t Tender) *tenderBook {
	return &tenderBook{book: b, Tender: t, names: newNames(t.Catalogue, t.Texts), columns: layout(t.Procurement.Layout()), said: map[comparedKey]remark{}}
}

// withStanding reports whether the workbook tells what bidders have declared.
func (d *tenderBook) withStanding() bool { return !d.BidderCopy || d.Prefill != nil }

// names turns ids of the catalogue into words. It indexes the catalogue's
// public lists, since a workbook may be made from any part of it.
type names struct {
	t        *locale.Texts
	measures map[string]catalogue.Measure
	sources  map[string]catalogue.Source
	levels   map[catalogue.Level]string
	// memo keeps texts that many rows share: filling in a template costs more
	// than writing the cell.
	memo map[string]string
}

func newNames(c *catalogue.Catalogue, t *locale.Texts) names {
	n := names{t: t, measures: map[string]catalogue.Measure{}, sources: map[string]catalogue.Source{}, levels: map[catalogue.Level]string{}, memo: map[string]string{}}
	if c == nil {
		return n
	}
	for _, m := range c.Measures {
		n.measures[m.ID] = m
	}
	for _, s := range c.Sources {
		n.sources[s.ID] = s
	}
	for _, l := range c.Levels {
		n.levels[l.Level] = l.Name.In(t.Lang)
	}
	return n
}

// level writes a level as number and name: "3 Høy".
func (n names) level(l catalogue.Level) string {
	name, ok := n.levels[l]
	if !ok {
		if !l.Valid() {
			return "–"
		}
		name = n.t.T("level." + string(rune('0'+l)))
	}
	return string(rune('0'+l)) + " " + name
}

// law writes references to law, one a line.
func (n names) law(refs []catalogue.LawRef) string {
	var out []string
	for _, r := range refs {
		name := r.Source
		if s, ok := n.sources[r.Source]; ok {
			name = s.Name.In(n.t.Lang)
		}
		if r.Section != "" {
			name += " " + r.Section
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return strings.Join(out, "\n")
}

// evidence writes the accepted kinds of documentation. "Or equivalent" always
// stands there: no requirement may demand one certificate.
func (n names) evidence(kinds []catalogue.EvidenceKind) string {
	if len(kinds) == 0 {
		return ""
	}
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = n.word("evidence-kind." + string(k))
	}
	list := strings.Join(words, ", ")
	if s, ok := n.memo[list]; ok {
		return s
	}
	s := upperFirst(n.t.T("workbook.or-equivalent", "List", list))
	n.memo[list] = s
	return s
}

// word is a text without values, looked up once.
func (n names) word(key string) string {
	s, ok := n.memo[key]
	if !ok {
		s = n.t.T(key)
		n.memo[key] = s
	}
	return s
}

// filled is a text with one value, which is put where it stands without
// working the text out anew.
func (n names) filled(key, name, value string) string {
	const here = "\x00"
	s, ok := n.memo[key]
	if !ok {
		s = n.t.T(key, name, here)
		n.memo[key] = s
	}
	before, after, _ := strings.Cut(s, here)
	return before + value + after
}

// agency writes who buys.
func (d *tenderBook) agency() string {
	number := d.Procurement.Agency.Grouped()
	if d.AgencyName == "" {
		return number
	}
	return d.AgencyName + " (" + number + ")"
}

// sets writes the set versions in short: "Grunnsett 1.0.0, Skytjenester 1.0.0".
func (d *tenderBook) sets() string {
	var out []string
	for _, v := range d.Versions {
		out = append(out, v.Name.In(d.t.Lang)+" "+v.Version)
	}
	return strings.Join(out, ", ")
}

func upperFirst(s string) string {
	for i, r := range s {
		return strings.ToUpper(string(r)) + s[i+len(string(r)):]
	}
	return s
}

func lowerFirst(s string) string {
	for i, r := range s {
		return strings.ToLower(string(r)) + s[i+len(string(r)):]
	}
	return s
}
