package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/console"
	"felleskrav/internal/workbook"
)

type answersCmd struct {
	New answersNewCmd `cmd:""`
}

type answersNewCmd struct {
	Set  string `arg:"" placeholder:"SET@VERSION"`
	From string `placeholder:"FILE|SHA256"`
	content
	console.Output
	remote
}

// Run writes a sheet of answers for a set version: an empty one, or one with
// what holds of answers to another version.
func (c *answersNewCmd) Run(s *session) error {
	format, err := c.Choose("yaml", "xlsx")
	if err != nil {
		return err
	}
	if format == "xlsx" && (c.File == "" || c.File == "-") {
		return console.Usage("cli.usage.xlsx-file")
	}
	find, api, err := c.versions(s)
	if err != nil {
		return err
	}
	v, err := find(c.Set)
	if err != nil {
		return err
	}
	var over *carried
	if c.From != "" {
		if over, err = s.carryOver(c.From, v, find, api); err != nil {
			return err
		}
	}
	var data []byte
	if format == "xlsx" {
		data, err = s.answersXLSX(v, over)
	} else {
		data, err = s.answersYAML(v, over)
	}
	if err != nil {
		return err
	}
	if err := s.Put(c.Output, data); err != nil {
		return err
	}
	if over != nil {
		over.tell(s)
	}
	return nil
}

// answerFile is the sheet of answers as YAML.
type answerFile struct {
	Set     string       `yaml:"set"`
	Answers []answerItem `yaml:"answers"`
}

type answerItem struct {
	Requirement string `yaml:"requirement"`
	Status      string `yaml:"status"`
	Statement   string `yaml:"statement"`
	// Evidence names files, or digests of what is uploaded already.
	Evidence []string `yaml:"evidence"`
}

// answersYAML writes the sheet with each requirement's text as a comment
// above the place to answer it. What is carried over is filled in, with what
// to do about it in the comment.
func (s *session) answersYAML(v catalogue.Version, over *carried) ([]byte, error) {
	var statuses []string
	for _, a := range attestation.AnswerStatuses() {
		statuses = append(statuses, fmt.Sprintf("%s (%s)", a, strings.ToLower(s.T("answer."+string(a)))))
	}
	comment := func(text string) string { return strings.ReplaceAll(console.Wrap(printable(text), 0), "\n", "\n# ") }
	list := &yaml.Node{Kind: yaml.SequenceNode}
	str := func(v string, style yaml.Style) *yaml.Node {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: v, Style: style}
	}
	for _, r := range v.Requirements {
		item := &yaml.Node{Kind: yaml.MappingNode}
		line, state := over.line(r.ID), ""
		if line.State != "" {
			state = s.carryMark(line.State)
			if notes := s.carryNote(over, line); len(notes) > 0 {
				state += "\n" + strings.Join(notes, "\n")
			}
			state = "\n#\n# " + comment(state)
		}
		item.HeadComment = "\n# " + comment(r.Title.In(s.Lang)+"\n"+r.Text.In(s.Lang)) + state
		evidence := &yaml.Node{Kind: yaml.SequenceNode}
		for _, e := range line.Evidence {
			evidence.Content = append(evidence.Content, evidenceNode(e))
		}
		if len(evidence.Content) == 0 {
			evidence.Style = yaml.FlowStyle
		}
		item.Content = []*yaml.Node{
			str("requirement", 0), str(r.ID, 0),
			str("status", 0), str(string(line.Status), yaml.DoubleQuotedStyle),
			str("statement", 0), str(line.Statement, yaml.DoubleQuotedStyle),
			str("evidence", 0), evidence,
		}
		list.Content = append(list.Content, item)
	}
	doc := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{str("set", 0), str(v.Ref(), 0), str("answers", 0), list}}
	doc.HeadComment = "# " + comment(s.T("cli.answers.head", "Name", v.Name.In(s.Lang), "Ref", v.Ref(), "Statuses", strings.Join(statuses, ", ")))
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(doc); err != nil {
		return nil, fmt.Errorf("write answers: %w", err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("write answers: %w", err)
	}
	return bytes.ReplaceAll(b.Bytes(), []byte("\n  \n"), []byte("\n\n")), nil
}

// sheet is what a supplier answered, read from a file.
type sheet struct {
	// Set is the set version the sheet was made for, as SET@VERSION.
	Set     string
	Answers []sheetAnswer
}

type sheetAnswer struct {
	attestation.Answer
	// Files are the names of evidence that is not given by digest.
	Files []string
}

// readAnswers reads a sheet of answers; its ending tells the format. find
// looks up the set version that a workbook says it is for.
func (s *session) readAnswers(file string, find workbook.FindVersion) (sheet, error) {
	data, err := s.Read(file)
	if err != nil {
		return sheet{}, err
	}
	switch strings.ToLower(filepath.Ext(file)) {
	case ".xlsx":
		return s.answersFromXLSX(data, find)
	case ".yaml", ".yml", ".json":
		return s.answersFromYAML(file, data)
	}
	return sheet{}, console.Usage("cli.usage.ending", "Ending", filepath.Ext(file), "Known", "xlsx, yaml, json")
}

func (s *session) answersFromYAML(file string, data []byte) (sheet, error) {
	var f answerFile
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&f); err != nil {
		return sheet{}, console.No("cli.answers.yaml", "File", file, "Detail", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	out := sheet{Set: f.Set}
	for _, a := range f.Answers {
		if a.Status == "" && strings.TrimSpace(a.Statement) == "" && len(a.Evidence) == 0 {
			continue // left empty: not answered
		}
		out.Answers = append(out.Answers, newSheetAnswer(a.Requirement, a.Status, a.Statement, a.Evidence))
	}
	return out, nil
}

// newSheetAnswer sorts references to evidence into digests and file names.
func newSheetAnswer(requirement, status, statement string, evidence []string) sheetAnswer {
	a := sheetAnswer{Answer: attestation.Answer{Requirement: requirement, Status: attestation.AnswerStatus(status), Statement: strings.TrimSpace(statement)}}
	for _, e := range evidence {
		e = strings.TrimSpace(e)
		if e == "" {
			continue
		}
		digest := strings.ToLower(strings.TrimPrefix(e, "sha256:"))
		if raw, err := hex.DecodeString(digest); err == nil && len(raw) == 32 {
			a.Evidence = append(a.Evidence, attestation.EvidenceRef{Digest: attestation.DigestSet{SHA256: digest}})
		} else {
			a.Files = append(a.Files, e)
		}
	}
	return a
}
