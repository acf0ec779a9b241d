package catalogue

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
)

// Wording is the texts of a requirement that editors write.
type Wording struct {
	Title     Text `json:"title"`
	Text      Text `json:"text"`
	Rationale Text `json:"rationale"`
	Verify    Text `json:"verify"`
}

// WordingFields names the texts, as in the content files, in display order.
func WordingFields() []string { return []string{"title", "text", "rationale", "verify"} }

// Languages are those every text is written in, in display order.
func Languages() []string { return []string{"nb", "nn", "en"} }

// Field gives a text by its name.
func (w Wording) Field(name string) Text { return *w.field(name) }

func (w *Wording) field(name string) *Text {
	switch name {
	case "title":
		return &w.Title
	case "text":
		return &w.Text
	case "rationale":
		return &w.Rationale
	default:
		return &w.Verify
	}
}

// Set changes one text in one language.
func (w *Wording) Set(name, lang, text string) {
	t := w.field(name)
	switch lang {
	case "nn":
		t.NN = text
	case "en":
		t.EN = text
	default:
		t.NB = text
	}
}

// Wording is what the requirement says.
func (r Requirement) Wording() Wording {
	return Wording{Title: r.Title, Text: r.Text, Rationale: r.Rationale, Verify: r.Verify}
}

// WordingDigest changes when a text of the requirement or its edition does.
func (r Requirement) WordingDigest() string {
	data, err := json.Marshal(struct {
		Edition int     `json:"edition"`
		Wording Wording `json:"wording"`
	}{max(r.Edition, 1), r.Wording()})
	if err != nil {
		panic(err) // strings and a number
	}
	return Digest(data)
}

// LintWording holds the texts of one requirement against the rules of good
// content. Unlike [Lint] it is quick, and knows no exceptions.
func LintWording(r Requirement) []Finding {
	n := linter{loader: newLoader(nil)}
	n.wording(n.subject("requirement", r.ID), r)
	return n.findings
}

// ReleasedEdition is the highest edition in which a requirement was released,
// or 0 when it never was.
func (c *Catalogue) ReleasedEdition(id string) int {
	edition := 0
	for _, v := range c.Releases {
		if r, ok := v.Requirement(id); ok {
			edition = max(edition, r.Edition, 1)
		}
	}
	return edition
}

// Drafted is a requirement as a draft would have it.
type Drafted struct {
	Requirement Requirement
	// InForce is the requirement of the content in force, if there is one.
	InForce Requirement
	// Change says how the two differ; in a removed one Requirement is as InForce.
	Change Change
	// Substance tells that the draft asks for another answer than the newest
	// release does.
	Substance bool
	// Findings are those of lint on its texts.
	Findings []Finding
}

// Changed reports whether the draft has the requirement otherwise than the
// content in force.
func (d Drafted) Changed() bool { return d.Change.Kind != ChangeUnchanged }

// Edited lists the requirements that a draft has otherwise than the content in
// force, file by file. What the draft says besides, of tasks, measures and
// sets, is not among them.
func (s *DraftService) Edited(ctx context.Context, actor access.Actor, d Draft) ([]Drafted, error) {
	if err := mayEdit(actor); err != nil {
		return nil, err
	}
	cat := s.Live.Content()
	var out []Drafted
	for _, path := range d.Paths() {
		if !strings.HasPrefix(path, "themes/") {
			continue
		}
		t, err := themeIn(path, []byte(d.Files[path].Text))
		if err != nil {
			return nil, err
		}
		for _, r := range t.Requirements {
			if v := drafted(cat, r); v.Changed() {
				out = append(out, v)
			}
		}
		old, _ := cat.Theme(t.ID)
		for _, r := range old.Requirements {
			if !slices.ContainsFunc(t.Requirements, func(n Requirement) bool { return n.ID == r.ID }) {
				out = append(out, Drafted{Requirement: r, InForce: r, Change: Change{Requirement: r.ID, Kind: ChangeRemoved}})
			}
		}
	}
	return out, nil
}

func drafted(cat *Catalogue, r Requirement) Drafted {
	v := Drafted{Requirement: r, Change: Change{Requirement: r.ID, Kind: ChangeAdded}, Findings: LintWording(r)}
	if old, ok := cat.Requirement(r.ID); ok {
		v.InForce, v.Change = old, compare(old, r)
	}
	released := cat.ReleasedEdition(r.ID)
	v.Substance = released > 0 && max(r.Edition, 1) > released
	return v
}

// Requirement gives a requirement as the draft has it, changed or not. A
// problem.NotFound when neither the draft nor the content in force has it.
func (s *DraftService) Requirement(ctx context.Context, actor access.Actor, d Draft, id string) (Drafted, error) {
	if err := mayEdit(actor); err != nil {
		return Drafted{}, err
	}
	p, err := s.Store.PublishedContent(ctx)
	if err != nil {
		return Drafted{}, fmt.Errorf("read published content: %w", err)
	}
	_, _, r, err := d.requirement(s.Live.overlay(p, nil), id)
	if err != nil {
		return Drafted{}, err
	}
	return drafted(s.Live.Content(), r), nil
}

// requirement finds a requirement in the draft, or else in the files in force,
// with the file it stands in.
func (d Draft) requirement(inForce tree, id string) (path string, f DraftFile, r Requirement, err error) {
	gone := problem.New(problem.NotFound, "requirement.not-found", problem.Args{"Requirement": problem.Clip(id)})
	if !idForms["requirement"]().MatchString(id) {
		return "", f, r, gone
	}
	own := make(map[string][]byte, len(d.Files))
	for p, f := range d.Files {
		own[p] = []byte(f.Text)
	}
	files := inForce.over(own)
	path, line := whereIs(files, id)
	if line == 0 {
		return "", f, r, gone
	}
	f, ok := d.Files[path]
	if !ok {
		f = DraftFile{Text: string(files[path]), Base: Digest(files[path])}
	}
	t, err := themeIn(path, files[path])
	if err != nil {
		return "", f, r, err
	}
	for _, r := range t.Requirements {
		if r.ID == id {
			return path, f, r, nil
		}
	}
	return "", f, r, gone
}

// themeIn reads one theme file. The error is a problem with its faults.
func themeIn(path string, data []byte) (Theme, error) {
	l := newLoader(tree{path: data})
	l.themes()
	if len(l.faults) > 0 || len(l.cat.Themes) != 1 {
		return Theme{}, refuseFile("draft.file-broken", path, l.faults)
	}
	l.cat.index()
	return l.cat.Themes[0], nil
}

// maxWording is the longest a text can be, in characters. Lint asks for much
// less; this keeps out what is no text at all.
const maxWording = 2000

// check tells every text that is missing or no text, by field and language:
// "title.nb".
func (w Wording) check() error {
	c := problem.Collector{Key: "draft.wording"}
	for _, name := range WordingFields() {
		for _, lang := range Languages() {
			text, at := w.Field(name).In(lang), name+"."+lang
			c.Check(text != "", at, "field.required", nil)
			c.Check(utf8.RuneCountInString(text) <= maxWording, at, "field.long", problem.Args{"Max": maxWording})
			c.Check(utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }), at, "field.control", nil)
		}
	}
	return c.Err()
}

// EditRequirement changes the texts of one requirement, in the draft's copy of
// the file it stands in. base is the digest of the texts the editor began with:
// when they have become others, the problem is a problem.Stale and nothing is
// changed; what others do to other requirements meanwhile is in nobody's way.
// substance says that the demand is another than the released one, and raises
// its edition.
func (s *DraftService) EditRequirement(ctx context.Context, actor access.Actor, id, requirement, base string, to Wording, substance bool) (Draft, error) {
	if err := mayEdit(actor); err != nil {
		return Draft{}, err
	}
	for _, name := range WordingFields() {
		for _, lang := range Languages() {
			// A text is one paragraph, whatever the form broke into lines.
			to.Set(name, lang, strings.Join(strings.Fields(to.Field(name).In(lang)), " "))
		}
	}
	if err := to.check(); err != nil {
		return Draft{}, err
	}
	p, err := s.Store.PublishedContent(ctx)
	if err != nil {
		return Draft{}, fmt.Errorf("read published content: %w", err)
	}
	inForce := s.Live.overlay(p, nil)
	released := s.Live.Content().ReleasedEdition(requirement)
	return s.update(ctx, id, 0, func(d *Draft) error {
		if err := d.editable(); err != nil {
			return err
		}
		path, f, r, err := d.requirement(inForce, requirement)
		if err != nil {
			return err
		}
		if r.WordingDigest() != base {
			return problem.New(problem.Stale, "draft.wording-stale", problem.Args{"Requirement": requirement})
		}
		edition := max(r.Edition, 1)
		if _, _, old, err := (Draft{}).requirement(inForce, requirement); err == nil {
			edition = max(old.Edition, 1)
		}
		if substance && released > 0 {
			edition = max(edition, released+1)
		}
		text, err := reworded(path, []byte(f.Text), requirement, to, edition)
		if err != nil {
			return err
		}
		f.Text, f.SHA256, f.Size = string(text), Digest(text), len(text)
		d.Files[path] = f
		if f.SHA256 == f.Base {
			delete(d.Files, path) // as it is in force, after all
		}
		d.touch(actor)
		return d.Validate()
	})
}

// reworded writes the texts of a requirement into its theme file, and leaves
// everything else there as it is.
func reworded(path string, data []byte, id string, to Wording, edition int) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if len(doc.Content) != 1 {
		return nil, fmt.Errorf("read %s: it holds no document", path)
	}
	for _, r := range items(doc.Content[0], "requirements") {
		if at := valueOf(r, "id"); at == nil || at.Value != id {
			continue
		}
		for _, name := range WordingFields() {
			texts := valueOf(r, name)
			for _, lang := range Languages() {
				if n := valueOf(texts, lang); n != nil {
					rewrite(n, to.Field(name).In(lang))
				}
			}
		}
		setEdition(r, edition)
		var out bytes.Buffer
		enc := yaml.NewEncoder(&out)
		if err := enc.Encode(&doc); err != nil {
			return nil, fmt.Errorf("write %s: %w", path, err)
		}
		return formatted(path, out.Bytes())
	}
	return nil, problem.New(problem.NotFound, "requirement.not-found", problem.Args{"Requirement": id})
}

// rewrite gives a text node another value; one that stays keeps its form.
func rewrite(n *yaml.Node, text string) {
	if n.Value != text {
		n.Kind, n.Tag, n.Style, n.Value = yaml.ScalarNode, "!!str", yaml.DoubleQuotedStyle, text
	}
}

// setEdition writes the edition after the id. The first one is not written.
func setEdition(r *yaml.Node, edition int) {
	if edition < 2 {
		for i := 0; i+1 < len(r.Content); i += 2 {
			if r.Content[i].Value == "edition" {
				r.Content = slices.Delete(r.Content, i, i+2)
				return
			}
		}
		return
	}
	if n := valueOf(r, "edition"); n != nil {
		n.Value = strconv.Itoa(edition)
		return
	}
	pair := []*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!str", Value: "edition"}, {Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.Itoa(edition)}}
	r.Content = slices.Insert(r.Content, 2, pair...)
}

// valueOf gives the value of a key in a mapping, or nil.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}
