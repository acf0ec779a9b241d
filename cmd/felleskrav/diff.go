package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/console"
)

type diffCmd struct {
	From string `arg:"" placeholder:"SET@VERSION"`
	To   string `arg:"" optional:"" placeholder:"SET@VERSION"`
	content
	console.Output
}

// changed is one change as programs read it, with what the fields that differ
// held before and hold now.
type changed struct {
	catalogue.Change
	Before map[string]json.RawMessage `json:"before,omitempty"`
	Now    map[string]json.RawMessage `json:"now,omitempty"`
}

// Run tells what changed from one version of a set to another.
func (c *diffCmd) Run(s *session) error {
	format, err := c.Choose("text", "json", "yaml")
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
		return console.Usage("cli.diff.other-set", "From", from.Ref(), "To", to.Ref())
	}
	changes := catalogue.Diff(from, to)
	step := catalogue.StepNeeded(from, to)
	if format == "text" {
		return s.Put(c.Output, []byte(s.diffText(cat, from, to, changes, step)))
	}
	list := []changed{}
	for _, ch := range changes {
		x := changed{Change: ch}
		if len(ch.Fields) > 0 {
			before, _ := from.Requirement(ch.Requirement)
			now, _ := to.Requirement(ch.Requirement)
			if x.Before, err = pick(before, ch.Fields); err != nil {
				return err
			}
			if x.Now, err = pick(now, ch.Fields); err != nil {
				return err
			}
		}
		list = append(list, x)
	}
	return s.PutValue(c.Output, format, map[string]any{"from": from.Ref(), "to": to.Ref(), "step": step.Size.String(), "changes": list})
}

// pick gives the named fields of a requirement. A change in the text's figures
// is one of its text.
func pick(r catalogue.Requirement, fields []string) (map[string]json.RawMessage, error) {
	data, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("write requirement: %w", err)
	}
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("write requirement: %w", err)
	}
	for name := range all {
		if !slices.Contains(fields, name) {
			delete(all, name)
		}
	}
	return all, nil
}

func (s *session) diffText(cat *catalogue.Catalogue, from, to catalogue.Version, changes []catalogue.Change, step catalogue.Step) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s → %s\n%s\n", from.Ref(), to.Ref(), s.changeCounts(changes))
	if next := catalogue.NextVersion(from.Version, step.Size); next != "" {
		b.WriteString(s.T("cli.diff.step", "From", from.Version, "Next", next) + "\n")
	}
	for _, ch := range changes {
		before, _ := from.Requirement(ch.Requirement)
		now, ok := to.Requirement(ch.Requirement)
		if !ok {
			now = before
		}
		fmt.Fprintf(&b, "  %-18s %-16s %s\n", ch.Requirement, s.T("change."+string(ch.Kind)), now.Title.In(s.Lang))
		for _, f := range s.fieldChanges(cat, before, now, ch) {
			fmt.Fprintf(&b, "      %s\n", f.Name)
			if f.Before == f.Now {
				fmt.Fprintf(&b, "%s\n", console.Wrap(s.T("cli.diff.elsewhere"), 8))
				continue
			}
			fmt.Fprintf(&b, "%s\n%s\n", console.Wrap("− "+f.Before, 8), console.Wrap("+ "+f.Now, 8))
		}
	}
	return b.String()
}

// changeCounts says how many requirements changed in each way.
func (s *session) changeCounts(changes []catalogue.Change) string {
	counts := map[catalogue.ChangeKind]int{}
	for _, c := range changes {
		counts[c.Kind]++
	}
	var parts []string
	for _, k := range []catalogue.ChangeKind{catalogue.ChangeAdded, catalogue.ChangeRemoved, catalogue.ChangeReworded, catalogue.ChangeSubstance, catalogue.ChangeUnchanged} {
		parts = append(parts, fmt.Sprintf("%s: %d", s.T("change."+string(k)), counts[k]))
	}
	return strings.Join(parts, ", ")
}

// fieldChange is one field of a requirement before and now, in words. The two
// are alike when only another language differs.
type fieldChange struct {
	Name, Before, Now string
}

// fieldChanges puts a change in words. cat may be nil; laws are then named by
// their ids.
func (s *session) fieldChanges(cat *catalogue.Catalogue, before, now catalogue.Requirement, ch catalogue.Change) []fieldChange {
	var out []fieldChange
	for _, f := range ch.Fields {
		if f == "figures" { // shows in the text
			continue
		}
		out = append(out, fieldChange{s.fieldName(f), s.fieldText(cat, before, f), s.fieldText(cat, now, f)})
	}
	return out
}

func (s *session) fieldName(field string) string {
	switch field {
	case "title":
		return s.T("cli.field.title")
	case "text":
		return s.T("cli.field.text")
	case "rationale":
		return s.T("cli.field.rationale")
	case "verify":
		return s.T("cli.field.verify")
	case "edition":
		return s.T("cli.field.edition")
	case "kind":
		return s.T("cli.field.kind")
	case "suggested":
		return s.T("cli.field.suggested")
	case "from":
		return s.T("cli.field.from")
	case "deliveryModels":
		return s.T("cli.field.models")
	case "measures":
		return s.T("cli.field.measures")
	case "evidence":
		return s.T("cli.field.evidence")
	case "law":
		return s.T("cli.field.law")
	case "crosswalk":
		return s.T("cli.field.crosswalk")
	}
	return field
}

// fieldText is a field of a requirement in words.
func (s *session) fieldText(cat *catalogue.Catalogue, r catalogue.Requirement, field string) string {
	lang := s.Lang
	switch field {
	case "title":
		return r.Title.In(lang)
	case "text":
		return r.Text.In(lang)
	case "rationale":
		return r.Rationale.In(lang)
	case "verify":
		return r.Verify.In(lang)
	case "edition":
		return strconv.Itoa(max(r.Edition, 1))
	case "kind":
		return s.T("kind." + string(r.Kind))
	case "suggested":
		return s.T("suggested." + string(r.Suggested))
	case "from":
		var parts []string
		for _, d := range catalogue.Dimensions() {
			if l := r.From.Of(d); l != 0 {
				parts = append(parts, fmt.Sprintf("%s %d", s.T("dimension."+string(d)), l))
			}
		}
		return strings.Join(parts, ", ")
	case "deliveryModels":
		return s.words("model.", plainStrings(r.DeliveryModels))
	case "measures":
		return strings.Join(r.Measures, ", ")
	case "evidence":
		return s.words("evidence-kind.", plainStrings(r.Evidence))
	case "law":
		return lawNames(cat, r.Law, lang)
	case "crosswalk":
		return strings.Join(crosswalkIDs(r.Crosswalk), ", ")
	}
	return ""
}

func (s *session) words(prefix string, values []string) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = s.T(prefix + v)
	}
	return strings.Join(out, ", ")
}

func plainStrings[T ~string](in []T) []string {
	out := make([]string, len(in))
	for i, v := range in {
		out[i] = string(v)
	}
	return out
}

func lawNames(cat *catalogue.Catalogue, refs []catalogue.LawRef, lang string) string {
	var out []string
	for _, r := range refs {
		name := r.Source
		if cat != nil {
			if src, ok := cat.Source(r.Source); ok {
				name = src.Name.In(lang)
			}
		}
		out = append(out, strings.TrimSpace(name+" "+r.Section))
	}
	return strings.Join(out, "; ")
}

// crosswalkIDs are the references to other frameworks, each with the
// framework's short name.
func crosswalkIDs(c catalogue.Crosswalk) []string {
	var out []string
	for _, f := range []struct {
		name string
		ids  []string
	}{{"NSM", c.NSM}, {"ISO 27001", c.ISO27001}, {"ISO 27002", c.ISO27002}, {"CCM", c.CCM}, {"C5", c.C5}, {"CSF", c.CSF}, {"GDPR", c.GDPR}, {"DFØ", c.DFO}} {
		for _, id := range f.ids {
			out = append(out, f.name+" "+id)
		}
	}
	return out
}
