package main

import (
	"fmt"
	"io"
	"strings"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/console"
	"felleskrav/internal/workbook"
)

// coverageWord asks show for the coverage tables. No id can be like it: a set
// named so would be shown as coverage@VERSION.
const coverageWord = "coverage"

// showCoverage shows which of our measures and requirements answer NSM's
// measures and the law.
func (s *session) showCoverage(o console.Output, format string, cat *catalogue.Catalogue) error {
	nsm, law := cat.CoverageOfNSM(), cat.CoverageOfLaw()
	var data []byte
	var err error
	switch format {
	case "text":
		data = []byte(s.coverageText(cat, nsm, law))
	case "csv":
		data, err = s.coverageCSV(cat, append(nsm, law...))
	case "xlsx":
		data, err = written(func(w io.Writer) error { return workbook.WriteCoverage(w, cat, s.Texts, s.Now()) })
	default:
		return s.PutValue(o, format, map[string]any{"nsm": lists(nsm), "law": lists(law)})
	}
	if err != nil {
		return err
	}
	return s.Put(o, data)
}

// lists gives programs an empty list where there is none.
func lists(rows []catalogue.Covered) []catalogue.Covered {
	for i := range rows {
		if rows[i].Measures == nil {
			rows[i].Measures = []string{}
		}
		if rows[i].Requirements == nil {
			rows[i].Requirements = []string{}
		}
	}
	return rows
}

func (s *session) coverageText(cat *catalogue.Catalogue, nsm, law []catalogue.Covered) string {
	var b strings.Builder
	linked := 0
	for _, r := range nsm {
		if len(r.Measures) > 0 {
			linked++
		}
	}
	row := func(name string, r catalogue.Covered) {
		fmt.Fprintf(&b, "  %s\n", name)
		switch {
		case len(r.Measures)+len(r.Requirements) == 0 && r.Reason != nil:
			fmt.Fprintf(&b, "%s\n", console.Wrap(s.T("cli.coverage.unlinked", "Reason", r.Reason.In(s.Lang)), 6))
		case len(r.Measures)+len(r.Requirements) == 0:
			fmt.Fprintf(&b, "      %s\n", s.T("cli.coverage.nothing"))
		}
		for _, ids := range [][]string{r.Measures, r.Requirements} {
			if len(ids) > 0 {
				fmt.Fprintf(&b, "%s\n", console.Wrap(strings.Join(ids, " "), 6))
			}
		}
	}
	b.WriteString(s.T("cli.coverage.nsm", "Linked", linked, "Count", len(nsm)) + "\n")
	for _, r := range nsm {
		row(r.ID, r)
	}
	b.WriteString("\n" + s.T("cli.coverage.law") + "\n")
	for _, r := range law {
		row(lawNames(cat, []catalogue.LawRef{{Source: r.Source, Section: r.ID}}, s.Lang), r)
	}
	return b.String()
}

func (s *session) coverageCSV(cat *catalogue.Catalogue, covered []catalogue.Covered) ([]byte, error) {
	rows := [][]string{{"source", "name", "id", "measures", "requirements", "reason"}}
	for _, r := range covered {
		reason := ""
		if r.Reason != nil {
			reason = r.Reason.In(s.Lang)
		}
		src, _ := cat.Source(r.Source)
		rows = append(rows, []string{r.Source, src.Name.In(s.Lang), r.ID, strings.Join(r.Measures, ", "), strings.Join(r.Requirements, ", "), reason})
	}
	return writeCSV(rows)
}
