package main

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/console"
	"felleskrav/internal/workbook"
)

type showCmd struct {
	ID string `arg:"" optional:"" placeholder:"ID"`
	content
	console.Output
}

// Run shows one part of the catalogue, or an overview of all of it.
func (c *showCmd) Run(s *session) error {
	format, err := c.Choose("text", "json", "yaml", "csv", "xlsx")
	if err != nil {
		return err
	}
	if format == "xlsx" && (c.File == "" || c.File == "-") {
		return console.Usage("cli.usage.xlsx-file")
	}
	cat, err := c.load()
	if err != nil {
		return err
	}
	if c.ID == "" {
		return s.showOverview(c.Output, format, cat)
	}
	if c.ID == coverageWord {
		return s.showCoverage(c.Output, format, cat)
	}
	if v, ok := release(cat, c.ID); ok {
		return s.showRelease(c.Output, format, cat, v)
	}
	v, ok := lookUp(cat, c.ID)
	if !ok {
		return console.No("cli.show.unknown", "ID", c.ID, "Near", strings.Join(catalogue.Nearest(c.ID, everyID(cat)), ", "))
	}
	switch format {
	case "csv", "xlsx":
		return console.Usage("cli.show.table", "ID", c.ID, "Format", format)
	case "text":
		format = "yaml"
	}
	return s.PutValue(c.Output, format, v)
}

func (s *session) showRelease(o console.Output, format string, cat *catalogue.Catalogue, v catalogue.Version) error {
	var data []byte
	var err error
	switch format {
	case "text":
		data = []byte(s.releaseText(v))
	case "json": // the exact bytes that the digest was computed over
		data = v.Bytes
	case "yaml":
		data, err = console.ToYAML(v.Bytes)
	case "csv":
		data, err = s.requirementsCSV(cat, v.Requirements)
	case "xlsx":
		data, err = written(func(w io.Writer) error { return workbook.WriteVersion(w, cat, v, s.Texts) })
	}
	if err != nil {
		return err
	}
	return s.Put(o, data)
}

// written collects what is written.
func written(write func(io.Writer) error) ([]byte, error) {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return nil, fmt.Errorf("write result: %w", err)
	}
	return b.Bytes(), nil
}

// requirementsCSV has the texts in the reader's language, and the ids and
// values of everything else, a comma between several.
func (s *session) requirementsCSV(cat *catalogue.Catalogue, reqs []catalogue.Requirement) ([]byte, error) {
	rows := [][]string{{
		"id", "theme", "edition", "kind", "suggested", "title", "text", "rationale", "verify", "evidence",
		"confidentiality", "integrity", "availability", "deliveryModels", "measures", "law",
		"nsm", "iso27001", "iso27002", "ccm", "c5", "csf", "gdpr", "dfo", "sets",
	}}
	list := func(v []string) string { return strings.Join(v, ", ") }
	level := func(l catalogue.Level) string {
		if l == 0 {
			return ""
		}
		return strconv.Itoa(int(l))
	}
	sets := setsByRequirement(cat)
	for _, r := range reqs {
		t := func(x catalogue.Text) string { return x.In(s.Lang) }
		x := r.Crosswalk
		rows = append(rows, []string{
			r.ID, r.Theme, strconv.Itoa(max(r.Edition, 1)), string(r.Kind), string(r.Suggested), t(r.Title), t(r.Text), t(r.Rationale), t(r.Verify), list(plainStrings(r.Evidence)),
			level(r.From.Confidentiality), level(r.From.Integrity), level(r.From.Availability), list(plainStrings(r.DeliveryModels)), list(r.Measures), lawNames(cat, r.Law, s.Lang),
			list(x.NSM), list(x.ISO27001), list(x.ISO27002), list(x.CCM), list(x.C5), list(x.CSF), list(x.GDPR), list(x.DFO), list(sets[r.ID]),
		})
	}
	return writeCSV(rows)
}

// release finds a set version by its reference, with the version spelt out.
func release(cat *catalogue.Catalogue, ref string) (catalogue.Version, bool) {
	if !strings.Contains(ref, "@") {
		return catalogue.Version{}, false
	}
	set, version, err := catalogue.ParseRef(ref)
	if err != nil {
		return catalogue.Version{}, false
	}
	return cat.Version(set, version)
}

func lookUp(cat *catalogue.Catalogue, id string) (any, bool) {
	if v, ok := cat.Task(id); ok {
		return v, true
	}
	if v, ok := cat.InformationType(id); ok {
		return v, true
	}
	if v, ok := cat.Measure(id); ok {
		return v, true
	}
	if v, ok := cat.Requirement(id); ok {
		return v, true
	}
	if v, ok := cat.Source(id); ok {
		return v, true
	}
	if v, ok := cat.Theme(id); ok {
		return v, true
	}
	v, ok := cat.Set(id)
	return v, ok
}

func everyID(cat *catalogue.Catalogue) []string {
	var ids []string
	for _, v := range cat.Tasks {
		ids = append(ids, v.ID)
	}
	for _, v := range cat.InformationTypes {
		ids = append(ids, v.ID)
	}
	for _, v := range cat.Measures {
		ids = append(ids, v.ID)
	}
	for _, v := range cat.Requirements() {
		ids = append(ids, v.ID)
	}
	for _, v := range cat.Sources {
		ids = append(ids, v.ID)
	}
	for _, v := range cat.Sets {
		ids = append(ids, v.ID)
	}
	for _, v := range cat.Releases {
		ids = append(ids, v.Ref())
	}
	return ids
}

// overview is what the catalogue holds, by id and name.
type overview struct {
	Sets             []overviewSet  `json:"sets"`
	Tasks            []overviewItem `json:"tasks"`
	InformationTypes []overviewItem `json:"informationTypes"`
	Measures         []overviewItem `json:"measures"`
	Requirements     []overviewItem `json:"requirements"`
}

type overviewItem struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type overviewSet struct {
	overviewItem
	Requirements int               `json:"requirements"`
	Versions     []overviewVersion `json:"versions"`
}

type overviewVersion struct {
	Version   string `json:"version"`
	Published string `json:"published"`
	Digest    string `json:"digest"`
}

func (s *session) showOverview(o console.Output, format string, cat *catalogue.Catalogue) error {
	switch format {
	case "csv":
		data, err := s.requirementsCSV(cat, cat.Requirements())
		if err != nil {
			return err
		}
		return s.Put(o, data)
	case "xlsx":
		data, err := written(func(w io.Writer) error { return workbook.WriteCatalogue(w, cat, s.Texts, s.Now()) })
		if err != nil {
			return err
		}
		return s.Put(o, data)
	}
	in := func(t catalogue.Text) string { return t.In(s.Lang) }
	var v overview
	for _, x := range cat.Sets {
		set := overviewSet{overviewItem{x.ID, in(x.Name)}, len(cat.SetRequirements(x.ID)), []overviewVersion{}}
		for _, r := range cat.Versions(x.ID) {
			set.Versions = append(set.Versions, overviewVersion{r.Version, r.Published, r.Digest})
		}
		v.Sets = append(v.Sets, set)
	}
	for _, x := range cat.Tasks {
		v.Tasks = append(v.Tasks, overviewItem{x.ID, in(x.Name)})
	}
	for _, x := range cat.InformationTypes {
		v.InformationTypes = append(v.InformationTypes, overviewItem{x.ID, in(x.Name)})
	}
	for _, x := range cat.Measures {
		v.Measures = append(v.Measures, overviewItem{x.ID, in(x.Title)})
	}
	for _, x := range cat.Requirements() {
		v.Requirements = append(v.Requirements, overviewItem{x.ID, in(x.Title)})
	}
	if format != "text" {
		return s.PutValue(o, format, v)
	}
	var b strings.Builder
	b.WriteString(s.T("cli.show.sets") + "\n")
	for _, x := range v.Sets {
		fmt.Fprintf(&b, "  %-34s %s\n", x.ID, s.T("cli.show.set", "Name", x.Name, "Count", x.Requirements))
		for _, r := range x.Versions {
			fmt.Fprintf(&b, "    %-32s %s  sha256:%s\n", x.ID+"@"+r.Version, r.Published, r.Digest)
		}
	}
	for _, part := range []struct {
		key   string
		items []overviewItem
	}{{"cli.show.tasks", v.Tasks}, {"cli.show.information-types", v.InformationTypes}, {"cli.show.measures", v.Measures}, {"cli.show.requirements", v.Requirements}} {
		b.WriteString("\n" + s.T(part.key) + "\n")
		for _, x := range part.items {
			fmt.Fprintf(&b, "  %-34s %s\n", x.ID, x.Name)
		}
	}
	return s.Put(o, []byte(b.String()))
}

func (s *session) releaseText(v catalogue.Version) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s – %s\n%s\n", v.Ref(), v.Name.In(s.Lang), console.Wrap(v.Purpose.In(s.Lang), 0))
	b.WriteString(s.T("cli.show.release", "Published", v.Published, "Digest", v.Digest) + "\n")
	theme := ""
	for _, r := range v.Requirements {
		if r.Theme != theme {
			theme = r.Theme
			for _, t := range v.Themes {
				if t.ID == theme {
					b.WriteString("\n" + t.Name.In(s.Lang) + "\n")
				}
			}
		}
		fmt.Fprintf(&b, "  %s  %s\n%s\n", r.ID, r.Title.In(s.Lang), console.Wrap(r.Text.In(s.Lang), 6))
	}
	return b.String()
}

// setsByRequirement lists the sets each requirement is part of today.
func setsByRequirement(cat *catalogue.Catalogue) map[string][]string {
	out := map[string][]string{}
	for _, set := range cat.Sets {
		for _, id := range cat.SetRequirements(set.ID) {
			out[id] = append(out[id], set.ID)
		}
	}
	return out
}
