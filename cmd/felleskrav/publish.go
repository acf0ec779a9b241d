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
	"felleskrav/internal/console"
)

type publishCmd struct {
	Set          string `arg:"" placeholder:"SET"`
	Version      string `arg:"" optional:"" placeholder:"VERSION"`
	Requirements string `conf:"" default:"requirements" placeholder:"DIR"`
	Date         string `placeholder:"YYYY-MM-DD"`
}

// Run freezes the working content of a set as a release: one file that never
// changes, and its digest in the index. Content that lint has remarks on is
// not released, and neither is a version whose number promises suppliers less
// change than there is.
func (c *publishCmd) Run(s *session) error {
	ref := c.Set
	if c.Version != "" {
		ref += "@" + c.Version
	}
	set, number, err := catalogue.ParseRef(ref)
	if err != nil {
		return err
	}
	if number == "" || number == "latest" {
		return console.Usage("cli.publish.version", "Ref", ref)
	}
	published := s.Now()
	if c.Date != "" {
		if published, err = time.Parse(time.DateOnly, c.Date); err != nil {
			return console.Usage("cli.usage.date", "Value", c.Date)
		}
	}
	cat, err := s.cleanContent(c.Requirements)
	if err != nil {
		return err
	}
	if _, exists := cat.Version(set, number); exists {
		return console.No("cli.publish.exists", "Ref", ref)
	}
	if _, known := cat.Set(set); !known {
		var ids []string
		for _, x := range cat.Sets {
			ids = append(ids, x.ID)
		}
		return console.No("cli.set.unknown", "Ref", set, "Known", strings.Join(ids, ", "))
	}
	v, err := cat.Freeze(set, number, published)
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	before, released := cat.Version(set, "")
	if released {
		if err := s.checkStep(before, v); err != nil {
			return err
		}
	}
	if err := s.writeRelease(c.Requirements, v); err != nil {
		return err
	}
	if released {
		s.Say("cli.publish.changes", "From", before.Ref(), "Parts", s.changeCounts(catalogue.Diff(before, v)))
		s.Say("cli.publish.compare", "From", before.Ref(), "To", v.Ref())
	}
	return nil
}

// cleanContent reads content that lint has nothing to say about, or says what
// it found.
func (s *session) cleanContent(dir string) (*catalogue.Catalogue, error) {
	fsys, err := contentAt(dir)
	if err != nil {
		return nil, err
	}
	cat, err := catalogue.Load(fsys)
	if err != nil {
		return nil, err
	}
	report, err := s.lint(fsys)
	if err != nil {
		return nil, console.Cannot(err, "cli.file.read", "File", dir)
	}
	if len(report.Findings) == 0 {
		return cat, nil
	}
	for _, l := range report.Findings {
		fmt.Fprintln(s.Stderr, l.in(dir))
	}
	return nil, console.No("cli.publish.findings", "Count", len(report.Findings))
}

// checkStep refuses a version number that is not above the newest release, or
// not as far above it as the changes ask for.
func (s *session) checkStep(from, to catalogue.Version) error {
	need := catalogue.StepNeeded(from, to)
	step := catalogue.StepBetween(from.Version, to.Version)
	next := catalogue.NextVersion(from.Version, max(need.Size, catalogue.StepPatch))
	switch {
	case step == catalogue.StepNone:
		return console.No("cli.publish.lower", "Ref", to.Ref(), "From", from.Ref(), "Next", next)
	case step >= need.Size:
		return nil
	case need.Requirement == "":
		return console.No("cli.publish.step-set", "Ref", to.Ref(), "From", from.Ref(), "Next", next)
	}
	return console.No("cli.publish.step", "Ref", to.Ref(), "From", from.Ref(), "Next", next,
		"Requirement", need.Requirement, "Change", strings.ToLower(s.T("change."+string(need.Change))))
}

// writeRelease writes the file first and then the index: a crash between the
// two leaves a file that nothing names.
func (s *session) writeRelease(dir string, v catalogue.Version) error {
	folder := filepath.Join(dir, "releases")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return console.Cannot(err, "cli.file.write", "File", folder)
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
		return console.Cannot(err, "cli.file.read", "File", indexName)
	}
	name := v.Set + "-" + v.Version + ".json"
	if err := console.ReplaceFile(filepath.Join(folder, name), v.Bytes, 0o644); err != nil {
		return console.Cannot(err, "cli.file.write", "File", name)
	}
	index.Releases = append(index.Releases, catalogue.IndexEntry{Set: v.Set, Version: v.Version, File: name, SHA256: v.Digest})
	data, err = console.Encode("json", index)
	if err != nil {
		return err
	}
	if err := console.ReplaceFile(indexName, data, 0o644); err != nil {
		return console.Cannot(err, "cli.file.write", "File", indexName)
	}
	s.Say("cli.publish.done", "Ref", v.Ref(), "Digest", v.Digest, "Count", len(v.Requirements), "File", filepath.Join(folder, name))
	return nil
}
