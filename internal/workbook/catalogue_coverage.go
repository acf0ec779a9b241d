package workbook

import (
	"io"
	"strings"
	"time"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
)

// WriteCoverage writes which of our measures and requirements answer NSM's
// measures, and the sections of law, one sheet each. at is when it was made.
func WriteCoverage(w io.Writer, c *catalogue.Catalogue, texts *locale.Texts, at time.Time) error {
	d, err := newCatalogueBook(c, texts, texts.DateTime(at))
	if err != nil {
		return err
	}
	defer d.f.Close()
	d.coverage("coverage-nsm", "3D5A80", c.CoverageOfNSM(), func(r catalogue.Covered) string { return r.ID })
	d.coverage("coverage-law", "6B4C8A", c.CoverageOfLaw(), func(r catalogue.Covered) string {
		return d.names.law([]catalogue.LawRef{{Source: r.Source, Section: r.ID}})
	})
	return d.finish(w, texts.T("workbook.catalogue.coverage-title"), "", at)
}

var coverageColumns = []listColumn{{"reference", 34}, {"standing", 22}, {"our-measures", 40}, {"our-requirements", 60}, {"reason", 50}}

func (d *catalogueBook) coverage(name, tab string, rows []catalogue.Covered, reference func(catalogue.Covered) string) {
	s := d.list(name, tab, coverageColumns)
	st := d.st
	for _, r := range rows {
		standing, reason := text(st.toneLeft[toneGood], "✓ "+d.names.word("workbook.catalogue.covered")), ""
		if len(r.Measures)+len(r.Requirements) == 0 {
			standing = text(st.toneLeft[toneWarn], "! "+d.names.word("workbook.catalogue.uncovered"))
		}
		if r.Reason != nil {
			standing, reason = text(st.toneLeft[toneMute], "– "+d.names.word("workbook.catalogue.explained")), d.in(*r.Reason)
		}
		s.put(0, text(st.strong, reference(r)), standing, text(st.cell, spaced(r.Measures)), text(st.cell, spaced(r.Requirements)), text(st.cell, reason))
	}
	d.endList(s, len(coverageColumns))
}

// spaced writes ids after one another.
func spaced(ids []string) string { return strings.Join(ids, ", ") }
