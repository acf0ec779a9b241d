package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"felleskrav/internal/catalogue"
	"felleskrav/requirements"
)

// content says which catalogue content a command uses.
type content struct {
	Requirements string `conf:"" placeholder:"DIR"`
}

func (c content) fs() (fs.FS, error) { return contentAt(c.Requirements) }

func contentAt(dir string) (fs.FS, error) {
	if dir == "" {
		return requirements.FS, nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, cannot(err, "cli.file.read", "File", dir)
	}
	if !info.IsDir() {
		return nil, usage("cli.usage.not-folder", "File", dir)
	}
	return os.DirFS(dir), nil
}

func (c content) load() (*catalogue.Catalogue, error) {
	fsys, err := c.fs()
	if err != nil {
		return nil, err
	}
	return catalogue.Load(fsys)
}

type catalogueCmd struct {
	Lint    lintCmd    `cmd:""`
	Show    showCmd    `cmd:""`
	Diff    diffCmd    `cmd:""`
	Publish publishCmd `cmd:""`
}

type lintCmd struct {
	Dir    string `arg:"" optional:"" placeholder:"DIR"`
	Format string `placeholder:"FORMAT"`
}

// lintFault is one fault as programs read it.
type lintFault struct {
	File string         `json:"file"`
	Line int            `json:"line"`
	Key  string         `json:"key"`
	Args map[string]any `json:"args,omitempty"`
	Text string         `json:"text"`
}

// Run checks the content and lists everything that is wrong with it.
func (c *lintCmd) Run(s *session) error {
	out := output{Format: c.Format}
	format, err := out.choose("text", "json", "yaml")
	if err != nil {
		return err
	}
	fsys, err := contentAt(c.Dir)
	if err != nil {
		return err
	}
	cat, err := catalogue.Load(fsys)
	faults, found := errors.AsType[catalogue.Faults](err)
	if err != nil && !found {
		return cannot(err, "cli.file.read", "File", c.Dir)
	}
	if format != "text" {
		list := []lintFault{}
		for _, f := range faults {
			list = append(list, lintFault{f.File, f.Line, f.Key, f.Args, s.faultText(f)})
		}
		if err := s.putValue(out, format, map[string]any{"faults": list}); err != nil {
			return err
		}
	} else {
		for _, f := range faults {
			fmt.Fprintf(s.stdout, "%s:%d: %s\n", filepath.Join(c.Dir, f.File), f.Line, s.faultText(f))
		}
	}
	if found {
		s.say("cli.lint.faults", "Count", len(faults))
		return errNo
	}
	s.say("cli.lint.fine", "Tasks", len(cat.Tasks), "Types", len(cat.InformationTypes), "Measures", len(cat.Measures),
		"Requirements", len(cat.Requirements()), "Sets", len(cat.Sets), "Releases", len(cat.Releases))
	return nil
}

type showCmd struct {
	ID string `arg:"" optional:"" placeholder:"ID"`
	content
	output
}

// Run shows one part of the catalogue, or an overview of all of it.
func (c *showCmd) Run(s *session) error {
	format, err := c.choose("text", "json", "yaml")
	if err != nil {
		return err
	}
	cat, err := c.load()
	if err != nil {
		return err
	}
	if c.ID == "" {
		return s.showOverview(c.output, format, cat)
	}
	if v, ok := release(cat, c.ID); ok {
		switch format {
		case "text":
			return s.put(c.output, []byte(s.releaseText(v)))
		case "json": // the exact bytes that the digest was computed over
			return s.put(c.output, v.Bytes)
		}
		data, err := toYAML(v.Bytes)
		if err != nil {
			return err
		}
		return s.put(c.output, data)
	}
	v, ok := lookUp(cat, c.ID)
	if !ok {
		return no("cli.show.unknown", "ID", c.ID, "Near", strings.Join(catalogue.Nearest(c.ID, everyID(cat)), ", "))
	}
	if format == "text" {
		format = "yaml"
	}
	return s.putValue(c.output, format, v)
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

func (s *session) showOverview(o output, format string, cat *catalogue.Catalogue) error {
	in := func(t catalogue.Text) string { return t.In(s.t.Lang) }
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
		return s.putValue(o, format, v)
	}
	var b strings.Builder
	b.WriteString(s.t.T("cli.show.sets") + "\n")
	for _, x := range v.Sets {
		fmt.Fprintf(&b, "  %-34s %s\n", x.ID, s.t.T("cli.show.set", "Name", x.Name, "Count", x.Requirements))
		for _, r := range x.Versions {
			fmt.Fprintf(&b, "    %-32s %s  sha256:%s\n", x.ID+"@"+r.Version, r.Published, r.Digest)
		}
	}
	for _, part := range []struct {
		key   string
		items []overviewItem
	}{{"cli.show.tasks", v.Tasks}, {"cli.show.information-types", v.InformationTypes}, {"cli.show.measures", v.Measures}, {"cli.show.requirements", v.Requirements}} {
		b.WriteString("\n" + s.t.T(part.key) + "\n")
		for _, x := range part.items {
			fmt.Fprintf(&b, "  %-34s %s\n", x.ID, x.Name)
		}
	}
	return s.put(o, []byte(b.String()))
}

func (s *session) releaseText(v catalogue.Version) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s – %s\n%s\n", v.Ref(), v.Name.In(s.t.Lang), wrap(v.Purpose.In(s.t.Lang), 0))
	b.WriteString(s.t.T("cli.show.release", "Published", v.Published, "Digest", v.Digest) + "\n")
	theme := ""
	for _, r := range v.Requirements {
		if r.Theme != theme {
			theme = r.Theme
			for _, t := range v.Themes {
				if t.ID == theme {
					b.WriteString("\n" + t.Name.In(s.t.Lang) + "\n")
				}
			}
		}
		fmt.Fprintf(&b, "  %s  %s\n%s\n", r.ID, r.Title.In(s.t.Lang), wrap(r.Text.In(s.t.Lang), 6))
	}
	return b.String()
}

type diffCmd struct {
	From string `arg:"" placeholder:"SET@VERSION"`
	To   string `arg:"" optional:"" placeholder:"SET@VERSION"`
	content
	output
}

// Run tells what changed from one version of a set to another.
func (c *diffCmd) Run(s *session) error {
	format, err := c.choose("text", "json", "yaml")
	if err != nil {
		return err
	}
	cat, err := c.load()
	if err != nil {
		return err
	}
	from, err := version(cat, c.From)
	if err != nil {
		return err
	}
	if c.To == "" {
		c.To = from.Set
	}
	to, err := version(cat, c.To)
	if err != nil {
		return err
	}
	if from.Set != to.Set {
		return usage("cli.diff.other-set", "From", from.Ref(), "To", to.Ref())
	}
	changes := catalogue.Diff(from, to)
	if format != "text" {
		return s.putValue(c.output, format, map[string]any{"from": from.Ref(), "to": to.Ref(), "changes": changes})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s → %s\n", from.Ref(), to.Ref())
	for _, ch := range changes {
		r, ok := to.Requirement(ch.Requirement)
		if !ok {
			r, _ = from.Requirement(ch.Requirement)
		}
		fmt.Fprintf(&b, "  %-18s %-16s %s\n", ch.Requirement, s.t.T("change."+string(ch.Kind)), r.Title.In(s.t.Lang))
	}
	return s.put(c.output, []byte(b.String()))
}

// version finds a release by reference; without a version it is the newest.
func version(cat *catalogue.Catalogue, ref string) (catalogue.Version, error) {
	set, number, err := catalogue.ParseRef(ref)
	if err != nil {
		return catalogue.Version{}, err
	}
	v, ok := cat.Version(set, number)
	if ok {
		return v, nil
	}
	var known []string
	for _, r := range cat.Releases {
		known = append(known, r.Ref())
	}
	return catalogue.Version{}, no("cli.set.unknown", "Ref", ref, "Known", strings.Join(known, ", "))
}

type publishCmd struct {
	Set  string `arg:"" placeholder:"SET@VERSION"`
	Dir  string `arg:"" optional:"" default:"requirements" placeholder:"DIR"`
	Date string `placeholder:"YYYY-MM-DD"`
}

// Run freezes the working content of a set as a release: one file that never
// changes, and its digest in the index.
func (c *publishCmd) Run(s *session) error {
	set, number, err := catalogue.ParseRef(c.Set)
	if err != nil {
		return err
	}
	if number == "" || number == "latest" {
		return usage("cli.publish.version", "Ref", c.Set)
	}
	published := s.now()
	if c.Date != "" {
		if published, err = time.Parse(time.DateOnly, c.Date); err != nil {
			return usage("cli.usage.date", "Value", c.Date)
		}
	}
	fsys, err := contentAt(c.Dir)
	if err != nil {
		return err
	}
	cat, err := catalogue.Load(fsys)
	if err != nil {
		return err
	}
	if _, exists := cat.Version(set, number); exists {
		return no("cli.publish.exists", "Ref", c.Set)
	}
	if _, known := cat.Set(set); !known {
		var ids []string
		for _, x := range cat.Sets {
			ids = append(ids, x.ID)
		}
		return no("cli.set.unknown", "Ref", set, "Known", strings.Join(ids, ", "))
	}
	v, err := cat.Freeze(set, number, published)
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return s.writeRelease(c.Dir, cat, v)
}

// writeRelease writes the file first and then the index: a crash between the
// two leaves a file that nothing names.
func (s *session) writeRelease(dir string, cat *catalogue.Catalogue, v catalogue.Version) error {
	folder := filepath.Join(dir, "releases")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return cannot(err, "cli.file.write", "File", folder)
	}
	name := v.Set + "-" + v.Version + ".json"
	if err := replaceFile(filepath.Join(folder, name), v.Bytes, 0o644); err != nil {
		return cannot(err, "cli.file.write", "File", name)
	}
	index := struct {
		Releases []catalogue.IndexEntry `json:"releases"`
	}{}
	indexName := filepath.Join(folder, "index.json")
	data, err := os.ReadFile(indexName)
	if err == nil {
		err = json.Unmarshal(data, &index)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return cannot(err, "cli.file.read", "File", indexName)
	}
	index.Releases = append(index.Releases, catalogue.IndexEntry{Set: v.Set, Version: v.Version, File: name, SHA256: v.Digest})
	data, err = encode("json", index)
	if err != nil {
		return err
	}
	if err := replaceFile(indexName, data, 0o644); err != nil {
		return cannot(err, "cli.file.write", "File", indexName)
	}
	s.say("cli.publish.done", "Ref", v.Ref(), "Digest", v.Digest, "Count", len(v.Requirements), "File", filepath.Join(folder, name))
	if before := cat.Versions(v.Set); len(before) > 0 {
		s.say("cli.publish.compare", "From", before[len(before)-1].Ref(), "To", v.Ref())
	}
	return nil
}
