package workbook

import (
	"io"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
)

// WriteCatalogue writes the whole catalogue in one language as a workbook to
// read: sets with their versions, requirements, measures, tasks and
// information types. at is when it was made. It fails only when w does.
func WriteCatalogue(w io.Writer, c *catalogue.Catalogue, texts *locale.Texts, at time.Time) error {
	d, err := newCatalogueBook(c, texts, texts.DateTime(at))
	if err != nil {
		return err
	}
	defer d.f.Close()
	d.sets()
	d.requirements(c.Requirements())
	d.measures()
	d.tasks()
	d.information()
	return d.finish(w, texts.T("workbook.catalogue.title"), "", at)
}

// WriteVersion writes the requirements of one set version. The same version
// gives the same content.
func WriteVersion(w io.Writer, c *catalogue.Catalogue, v catalogue.Version, texts *locale.Texts) error {
	published, err := time.Parse(time.DateOnly, v.Published)
	if err != nil {
		published = time.Unix(0, 0)
	}
	title := v.Name.In(texts.Lang) + " " + v.Version
	d, err := newCatalogueBook(c, texts, title+"  ·  sha256 "+v.Digest)
	if err != nil {
		return err
	}
	defer d.f.Close()
	for _, t := range v.Themes {
		d.themes[t.ID] = t.Name.In(texts.Lang)
	}
	d.requirements(v.Requirements)
	return d.finish(w, title, v.URI, published)
}

// catalogueBook is a workbook of catalogue content being written.
type catalogueBook struct {
	*book
	c        *catalogue.Catalogue
	names    names
	themes   map[string]string
	info     map[string]string
	inSets   map[string][]string
	serving  map[string][]string
	subtitle string
}

func newCatalogueBook(c *catalogue.Catalogue, texts *locale.Texts, subtitle string) (*catalogueBook, error) {
	b, err := newBook(texts)
	if err != nil {
		return nil, err
	}
	d := &catalogueBook{
		book: b, c: c, names: newNames(c, texts), subtitle: subtitle,
		themes: map[string]string{}, info: map[string]string{}, inSets: map[string][]string{}, serving: map[string][]string{},
	}
	for _, t := range c.Themes {
		d.themes[t.ID] = t.Name.In(texts.Lang)
	}
	for _, t := range c.InformationTypes {
		d.info[t.ID] = t.Name.In(texts.Lang)
	}
	for _, s := range c.Sets {
		for _, id := range c.SetRequirements(s.ID) {
			d.inSets[id] = append(d.inSets[id], s.ID)
		}
	}
	for _, r := range c.Requirements() {
		for _, m := range r.Measures {
			d.serving[m] = append(d.serving[m], r.ID)
		}
	}
	return d, nil
}

// listColumn is a column of a list: its header is the text
// "workbook.catalogue." and the key.
type listColumn struct {
	key   string
	width float64
}

// onePage is how wide a sheet may be and still be read when its columns are
// printed on one page.
const onePage = 300.0

// list opens a sheet to read, with title, subtitle, notice and header row.
func (d *catalogueBook) list(name, tab string, cols []listColumn) *sheet {
	widths := make([]float64, len(cols))
	head := make([]excelize.Cell, len(cols))
	pages, total := 1, 0.0
	for i, c := range cols {
		widths[i] = c.width
		total += c.width
		head[i] = text(d.st.header, d.t.T("workbook.catalogue."+c.key))
	}
	if total > onePage {
		pages = 2
	}
	title := d.t.T("workbook.catalogue." + name)
	s := d.sheet(title, page{landscape: true, tab: tab, widths: widths, frozenRows: 4, frozenCols: 1, pagesWide: pages, footer: title + "  ·  " + d.subtitle})
	s.put(30, text(d.st.title, title))
	s.put(16, text(d.st.subtitle, d.subtitle))
	s.put(20, text(d.st.notice, d.t.T("workbook.catalogue.notice")))
	s.put(32, head...)
	return s
}

// endList adds the filter and ends the sheet.
func (d *catalogueBook) endList(s *sheet, columns int) {
	if d.err == nil {
		d.fail("add filter", d.f.AutoFilter(s.name, at(1, 4)+":"+at(columns, max(s.row, 5)), nil))
	}
	s.close()
}

func (d *catalogueBook) in(t catalogue.Text) string { return t.In(d.t.Lang) }

// joined writes several values, one a line.
func joined[T ~string](values []T, word func(string) string) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
		if word != nil {
			out[i] = word(string(v))
		}
	}
	return strings.Join(out, "\n")
}

func (d *catalogueBook) worded(prefix string) func(string) string {
	return func(v string) string { return d.names.word(prefix + v) }
}

// from writes the levels from which something applies, one dimension a line.
func (d *catalogueBook) from(l catalogue.Levels) string {
	var out []string
	for _, dim := range catalogue.Dimensions() {
		if v := l.Of(dim); v != 0 {
			out = append(out, d.names.word("dimension."+string(dim))+": "+d.names.level(v))
		}
	}
	return strings.Join(out, "\n")
}

// graded writes a proposed level with its reason, one cell per dimension.
func (d *catalogueBook) graded(g catalogue.GradedLevels) []excelize.Cell {
	var out []excelize.Cell
	for _, dim := range catalogue.Dimensions() {
		x := g.Of(dim)
		out = append(out, headed(d.st.cell, d.names.level(x.Level), d.in(x.Reason)))
	}
	return out
}

var setColumns = []listColumn{
	{"set", 40}, {"includes", 20}, {"models", 30}, {"current", 12}, {"version", 11}, {"published", 13}, {"count", 12}, {"digest", 38},
}

// sets writes one row per set version, and one for a set without any.
func (d *catalogueBook) sets() {
	s := d.list("sets", "B58900", setColumns)
	st := d.st
	for _, set := range d.c.Sets {
		row := func(version, published string, requirements excelize.Cell, digest string) {
			s.put(0, headed(st.cell, set.ID+" – "+d.in(set.Name), d.in(set.Purpose)), text(st.cell, strings.Join(set.Includes, "\n")),
				text(st.cell, joined(set.DeliveryModels, d.worded("model."))), count(st.number, len(d.c.SetRequirements(set.ID))),
				text(st.center, version), text(st.center, published), requirements, text(st.cell, digest))
		}
		versions := d.c.Versions(set.ID)
		for _, v := range versions {
			row(v.Version, v.Published, count(st.number, len(v.Requirements)), v.Digest)
		}
		if len(versions) == 0 {
			row("–", d.t.T("workbook.catalogue.unpublished"), text(st.center, ""), "")
		}
	}
	d.endList(s, len(setColumns))
}

var requirementColumns = []listColumn{
	{"id", 20.5}, {"theme", 19.5}, {"kind", 19}, {"suggested", 15}, {"requirement", 50}, {"rationale", 36}, {"verify", 36}, {"evidence", 28},
	{"from", 25}, {"models", 30}, {"measures", 14}, {"law", 30}, {"crosswalk", 22}, {"in-sets", 24}, {"edition", 9},
}

func (d *catalogueBook) requirements(reqs []catalogue.Requirement) {
	s := d.list("requirements", navy, requirementColumns)
	st := d.st
	for _, r := range reqs {
		s.put(0, text(st.strong, r.ID), text(st.cell, d.themes[r.Theme]), text(st.cell, d.names.word("kind."+string(r.Kind))),
			text(st.cell, d.names.word("suggested."+string(r.Suggested))), headed(st.cell, d.in(r.Title), d.in(r.Text)),
			text(st.cell, d.in(r.Rationale)), text(st.cell, d.in(r.Verify)), text(st.cell, d.names.evidence(r.Evidence)),
			text(st.cell, d.from(r.From)), text(st.cell, joined(r.DeliveryModels, d.worded("model."))), text(st.cell, joined(r.Measures, nil)),
			text(st.cell, d.names.law(r.Law)), text(st.cell, crosswalk(r.Crosswalk)), text(st.cell, joined(d.inSets[r.ID], nil)), count(st.number, max(r.Edition, 1)))
	}
	d.endList(s, len(requirementColumns))
}

// crosswalk writes references to other frameworks, one framework a line.
func crosswalk(c catalogue.Crosswalk) string {
	var out []string
	for _, f := range []struct {
		name string
		ids  []string
	}{{"NSM 2.1", c.NSM}, {"ISO 27001", c.ISO27001}, {"ISO 27002", c.ISO27002}, {"CSA CCM", c.CCM}, {"BSI C5", c.C5}, {"NIST CSF", c.CSF}, {"GDPR", c.GDPR}, {"DFØ", c.DFO}} {
		if len(f.ids) > 0 {
			out = append(out, f.name+": "+strings.Join(f.ids, ", "))
		}
	}
	return strings.Join(out, "\n")
}

var measureColumns = []listColumn{
	{"id", 20.5}, {"measure", 50}, {"why", 36}, {"carrier", 17}, {"from", 25}, {"shown-by", 36}, {"nsm", 11}, {"iso", 12}, {"law", 30}, {"served-by", 20},
}

func (d *catalogueBook) measures() {
	s := d.list("measures", "3D5A80", measureColumns)
	st := d.st
	for _, m := range d.c.Measures {
		s.put(0, text(st.strong, m.ID), headed(st.cell, d.in(m.Title), d.in(m.Text)), text(st.cell, d.in(m.Why)),
			text(st.cell, d.names.word("carrier."+string(m.Carrier))), text(st.cell, d.from(m.From)), text(st.cell, d.in(m.ShownBy)),
			text(st.cell, joined(m.NSM, nil)), text(st.cell, joined(m.ISO27002, nil)), text(st.cell, d.names.law(m.Law)), text(st.cell, joined(d.serving[m.ID], nil)))
	}
	d.endList(s, len(measureColumns))
}

var taskColumns = []listColumn{
	{"id", 30}, {"task", 40}, {"sectors", 20}, {"information", 32}, {"confidentiality", 34}, {"integrity", 34}, {"availability", 34}, {"references", 26},
}

func (d *catalogueBook) tasks() {
	s := d.list("tasks", "2F6F4F", taskColumns)
	st := d.st
	for _, t := range d.c.Tasks {
		cells := []excelize.Cell{
			text(st.strong, t.ID), headed(st.cell, d.in(t.Name), d.in(t.Description)), text(st.cell, joined(t.Sectors, d.worded("sector."))),
			text(st.cell, joined(t.InformationTypes, func(id string) string { return d.info[id] })),
		}
		cells = append(cells, d.graded(t.Levels)...)
		var refs []string
		if t.Los != "" {
			refs = append(refs, "Los: "+t.Los)
		}
		if len(t.Kostra) > 0 {
			refs = append(refs, "KOSTRA: "+strings.Join(t.Kostra, ", "))
		}
		if len(t.Cofog) > 0 {
			refs = append(refs, "COFOG: "+strings.Join(t.Cofog, ", "))
		}
		s.put(0, append(cells, text(st.cell, strings.Join(refs, "\n")))...)
	}
	d.endList(s, len(taskColumns))
}

var informationColumns = []listColumn{
	{"id", 30}, {"information-type", 40}, {"personal-data", 22}, {"records", 12}, {"confidentiality", 34}, {"integrity", 34}, {"availability", 34}, {"law", 30},
}

func (d *catalogueBook) information() {
	s := d.list("information-types", "6B4C8A", informationColumns)
	st := d.st
	for _, t := range d.c.InformationTypes {
		records := "–"
		if t.Records {
			records = d.names.word("workbook.catalogue.yes")
		}
		cells := []excelize.Cell{
			text(st.strong, t.ID), headed(st.cell, d.in(t.Name), d.in(t.Description)), text(st.cell, d.names.word("personal-data."+string(t.PersonalData))), text(st.center, records),
		}
		cells = append(cells, d.graded(t.Levels)...)
		s.put(0, append(cells, text(st.cell, d.names.law(t.Law)))...)
	}
	d.endList(s, len(informationColumns))
}
