package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/console"
)

type lintCmd struct {
	Dir    string `arg:"" optional:"" placeholder:"DIR"`
	Fix    bool
	Format string `placeholder:"FORMAT"`
}

// lintLine is one fault or finding as programs read it. Faults stop the
// content from being used; findings are what good content does not have.
type lintLine struct {
	File string         `json:"file"`
	Line int            `json:"line"`
	Lang string         `json:"lang,omitempty"`
	ID   string         `json:"id,omitempty"`
	Key  string         `json:"key"`
	Args map[string]any `json:"args,omitempty"`
	Text string         `json:"text"`
}

// lintReport is what lint found.
type lintReport struct {
	// Formatted are the files that --fix wrote anew.
	Formatted []string   `json:"formatted,omitempty"`
	Faults    []lintLine `json:"faults"`
	Findings  []lintLine `json:"findings"`
}

// Run checks the content and lists everything that is wrong with it.
func (c *lintCmd) Run(s *session) error {
	out := console.Output{Format: c.Format}
	format, err := out.Choose("text", "json", "yaml")
	if err != nil {
		return err
	}
	if c.Fix && c.Dir == "" {
		return console.Usage("cli.lint.fix-embedded")
	}
	fsys, err := contentAt(c.Dir)
	if err != nil {
		return err
	}
	var formatted []string
	if c.Fix {
		if formatted, err = s.formatContent(c.Dir); err != nil {
			return err
		}
	}
	report, err := s.lint(fsys)
	if err != nil {
		return console.Cannot(err, "cli.file.read", "File", c.Dir)
	}
	report.Formatted = formatted
	if format != "text" {
		if err := s.PutValue(out, format, report); err != nil {
			return err
		}
	} else {
		for _, l := range append(report.Faults, report.Findings...) {
			fmt.Fprintln(s.Stdout, l.in(c.Dir))
		}
	}
	switch {
	case len(report.Faults) > 0:
		s.Say("cli.lint.faults", "Count", len(report.Faults))
		return console.ErrNo
	case len(report.Findings) > 0:
		s.Say("cli.lint.findings", "Count", len(report.Findings))
		return console.ErrNo
	}
	cat, err := catalogue.Load(fsys)
	if err != nil {
		return err
	}
	s.Say("cli.lint.fine", "Tasks", len(cat.Tasks), "Types", len(cat.InformationTypes), "Measures", len(cat.Measures),
		"Requirements", len(cat.Requirements()), "Sets", len(cat.Sets), "Releases", len(cat.Releases))
	return nil
}

// in is the line for people: where it stands, the language it is about, and
// what to do.
func (l lintLine) in(dir string) string {
	text := l.Text
	if l.Lang != "" {
		text = "[" + l.Lang + "] " + text
	}
	return fmt.Sprintf("%s:%d: %s", filepath.Join(dir, l.File), l.Line, text)
}

// lint holds content against all rules. The error is one of reading.
func (s *session) lint(fsys fs.FS) (lintReport, error) {
	report := lintReport{Faults: []lintLine{}, Findings: []lintLine{}}
	findings, err := catalogue.Lint(fsys)
	faults, found := errors.AsType[catalogue.Faults](err)
	if err != nil && !found {
		return report, err
	}
	for _, f := range faults {
		report.Faults = append(report.Faults, lintLine{File: f.File, Line: f.Line, Key: f.Key, Args: f.Args, Text: s.faultText(f)})
	}
	for _, f := range findings {
		report.Findings = append(report.Findings, lintLine{f.File, f.Line, f.Lang, f.ID, f.Key, f.Args, s.T("catalogue.lint."+f.Key, f.Args)})
	}
	return report, nil
}

// contentFiles are the files that content may consist of: a folder that holds
// other YAML too keeps it as it is.
var contentFiles = []string{
	"sources.yaml", "levels.yaml", "unlinked.yaml", "lint-allow.yaml",
	"tasks/*.yaml", "information-types/*.yaml", "measures/*.yaml", "themes/*.yaml", "sets/*.yaml",
}

// formatContent formats the content files in dir, each whole or not at all,
// and names those that changed. A file that is no YAML is left to lint.
func (s *session) formatContent(dir string) ([]string, error) {
	var changed []string
	for _, pattern := range contentFiles {
		names, err := fs.Glob(os.DirFS(dir), pattern)
		if err != nil {
			return nil, console.Cannot(err, "cli.file.read", "File", dir)
		}
		slices.Sort(names)
		for _, name := range names {
			file := filepath.Join(dir, name)
			info, err := os.Stat(file)
			if err != nil || !info.Mode().IsRegular() {
				continue
			}
			data, err := os.ReadFile(file)
			if err != nil {
				return nil, console.Cannot(err, "cli.file.read", "File", file)
			}
			formatted, err := catalogue.Format(data)
			if err != nil || bytes.Equal(data, formatted) {
				continue
			}
			if err := console.ReplaceFile(file, formatted, info.Mode().Perm()); err != nil {
				return nil, console.Cannot(err, "cli.file.write", "File", file)
			}
			s.Say("cli.lint.formatted", "File", file)
			changed = append(changed, name)
		}
	}
	return changed, nil
}
