package catalogue

import (
	"cmp"
	"io/fs"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Finding is one thing lint would have changed: a [Fault] with the rule as
// its key ("catalogue.lint." and the key give text and suggestion), and the id
// of what it is about.
type Finding struct {
	Fault
	ID string
	// Field and Lang are which of its texts is in question, and in which
	// language, or "".
	Field, Lang string
}

// Lint reads the content below fsys and holds it against the rules of good
// content. What [Load] refuses comes back as faults; the findings are in file
// and line order, less those the allow-list explains.
func Lint(fsys fs.FS) ([]Finding, error) {
	l := newLoader(fsys)
	if err := l.all(); err != nil {
		return nil, err
	}
	n := linter{loader: l}
	n.tasks()
	n.information()
	n.measures()
	n.requirements()
	n.usage()
	n.coverage()
	n.allow()
	slices.SortStableFunc(n.findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Key, b.Key))
	})
	return n.findings, nil
}

type linter struct {
	*loader
	findings []Finding
}

// subject is what rules look at: a kind and id, and where it stands.
type subject struct {
	kind, id string
	place
	field string // the text that is looked at
}

// of is the subject with the field whose text is looked at.
func (s subject) of(field string) subject {
	s.field = field
	return s
}

func (n *linter) subject(kind, id string) subject {
	p := n.at[kind+" "+id]
	if p.node == nil {
		p.node = &yaml.Node{Line: 1}
	}
	return subject{kind: kind, id: id, place: p}
}

func (n *linter) find(s subject, line int, lang, rule string, args map[string]any) {
	if args == nil {
		args = map[string]any{}
	}
	args["ID"] = s.id
	n.findings = append(n.findings, Finding{Fault: Fault{File: s.file, Line: line, Key: rule, Args: args}, ID: s.id, Field: s.field, Lang: lang})
}

// each calls f for each language of a text with the line it stands on.
func (s subject) each(t Text, f func(lang, text string, line int)) {
	for _, lang := range []string{"nb", "nn", "en"} {
		text := t.In(lang)
		f(lang, text, lineOf(s.node, text))
	}
}

// Longest texts, in characters, and longest sentence, in words: what a busy
// reader takes in at once.
const (
	longTitle       = 70
	longText        = 350
	longRequirement = 300
	longReason      = 250
	longSentence    = 40
)

// prose holds a text against the rules that hold everywhere.
func (n *linter) prose(s subject, t Text, longest int) {
	s.each(t, func(lang, text string, line int) {
		if c := utf8.RuneCountInString(text); c > longest {
			n.find(s, line, lang, "long", map[string]any{"Count": c, "Max": longest})
		}
		for _, sentence := range sentences(text) {
			if w := len(strings.Fields(sentence)); w > longSentence {
				n.find(s, line, lang, "long-sentence", map[string]any{"Count": w, "Max": longSentence})
			}
		}
		if w := foreign(lang, text); w != "" {
			n.find(s, line, lang, "wrong-language", map[string]any{"Value": w})
		}
		if text != strings.TrimSpace(text) || strings.Contains(text, "  ") {
			n.find(s, line, lang, "spaces", nil)
		}
	})
}

// precise holds a demand or a proof against the rule of stated measures.
func (n *linter) precise(s subject, t Text) {
	s.each(t, func(lang, text string, line int) {
		if w, near := vague(lang, text); w != "" {
			n.find(s, line, lang, "vague", map[string]any{"Value": w, "Near": near})
		}
	})
}

func (n *linter) tasks() {
	for _, t := range n.cat.Tasks {
		s := n.subject("task", t.ID)
		n.prose(s, t.Name, longTitle)
		n.prose(s, t.Description, longReason)
		n.reasons(s, t.Levels)
		for _, id := range t.InformationTypes {
			info, _ := n.cat.InformationType(id)
			for _, d := range Dimensions() {
				if t.Levels.Of(d).Level < info.Levels.Of(d).Level {
					n.find(s, lineOf(s.node, id), "", "level-below-information", map[string]any{"Value": id, "Key": string(d)})
				}
			}
		}
		if len(t.InformationTypes) == 0 {
			n.find(s, s.node.Line, "", "task-without-information", nil)
		}
	}
}

func (n *linter) information() {
	for _, t := range n.cat.InformationTypes {
		s := n.subject("information", t.ID)
		n.prose(s, t.Name, longTitle)
		n.prose(s, t.Description, longReason)
		n.reasons(s, t.Levels)
	}
}

// thinReason is the shortest text that can be a reason.
const thinReason = 15

func (n *linter) reasons(s subject, g GradedLevels) {
	for _, d := range Dimensions() {
		n.prose(s, g.Of(d).Reason, longReason)
		s.each(g.Of(d).Reason, func(lang, text string, line int) {
			if utf8.RuneCountInString(strings.TrimSpace(text)) < thinReason {
				n.find(s, line, lang, "thin-reason", map[string]any{"Key": string(d)})
			}
		})
	}
}

func (n *linter) measures() {
	for _, m := range n.cat.Measures {
		s := n.subject("measure", m.ID)
		n.prose(s, m.Title, longTitle)
		n.prose(s, m.Text, longText)
		n.prose(s, m.Why, longReason)
		n.prose(s, m.ShownBy, longReason)
		n.precise(s, m.Text)
		n.precise(s, m.ShownBy)
		n.known(s, "NSM", m.NSM, nsmIDs)
		n.known(s, "ISO/IEC 27002", m.ISO27002, iso27002IDs)
	}
}

func (n *linter) requirements() {
	for _, r := range n.cat.Requirements() {
		s := n.subject("requirement", r.ID)
		n.wording(s, r)
		if len(r.Evidence) == 0 {
			n.find(s, s.node.Line, "", "no-evidence-kind", nil)
		}
		n.reachable(s, r)
		for name, c := range map[string]struct {
			ids   []string
			known func(string) bool
		}{
			"NSM": {r.Crosswalk.NSM, nsmIDs}, "ISO/IEC 27001": {r.Crosswalk.ISO27001, iso27001IDs}, "ISO/IEC 27002": {r.Crosswalk.ISO27002, iso27002IDs},
			"CSA CCM": {r.Crosswalk.CCM, ccmIDs}, "BSI C5": {r.Crosswalk.C5, c5IDs}, "NIST CSF": {r.Crosswalk.CSF, csfIDs}, "GDPR": {r.Crosswalk.GDPR, gdprIDs},
		} {
			n.known(s, name, c.ids, c.known)
		}
	}
}

// wording holds the texts of a requirement against the rules. It needs nothing
// but the requirement.
func (n *linter) wording(s subject, r Requirement) {
	n.prose(s.of("title"), r.Title, longTitle)
	n.prose(s.of("text"), r.Text, longRequirement)
	n.prose(s.of("rationale"), r.Rationale, longReason)
	n.prose(s.of("verify"), r.Verify, longReason)
	n.precise(s.of("text"), r.Text)
	n.precise(s.of("verify"), r.Verify)
	n.demand(s.of("text"), r)
	n.verifiable(s.of("verify"), r)
}

// demand: one verb of duty, one demand, and equivalents accepted.
func (n *linter) demand(s subject, r Requirement) {
	s.each(r.Text, func(lang, text string, line int) {
		switch c := duties(lang, text); {
		case c == 0:
			n.find(s, line, lang, "no-duty", map[string]any{"Value": dutyVerb[lang]})
		case c > 1:
			n.find(s, line, lang, "joined", map[string]any{"Value": dutyVerb[lang], "Count": c})
		}
		if w := joint(text); w != "" {
			n.find(s, line, lang, "joined-by", map[string]any{"Value": w})
		}
		if std := standardNamed(text); std != "" && !equivalent(lang, text) {
			n.find(s, line, lang, "no-equivalent", map[string]any{"Value": std, "Near": orEquivalent[lang]})
		}
		if r.Kind == KindQualification && !strings.HasPrefix(text, supplierSubject[lang]) {
			n.find(s, line, lang, "qualification-subject", map[string]any{"Value": supplierSubject[lang]})
		}
	})
}

// verifiable: how to verify says what to look at.
func (n *linter) verifiable(s subject, r Requirement) {
	s.each(r.Verify, func(lang, text string, line int) {
		if !looks(lang, text) {
			n.find(s, line, lang, "no-verification", map[string]any{"Near": lookWords(lang)})
		}
	})
}

// reachable: wherever the requirement applies, a measure it serves must be a
// minimum too, or it would never be selected there.
func (n *linter) reachable(s subject, r Requirement) {
	for _, d := range Dimensions() {
		from := r.From.Of(d)
		if from == 0 {
			continue
		}
		only := Levels{}.With(d, from)
		ok := slices.ContainsFunc(r.Measures, func(id string) bool {
			m, _ := n.cat.Measure(id)
			return len(m.From.Reached(only)) > 0
		})
		if !ok {
			n.find(s, lineOf(s.node, "from"), "", "unreachable", map[string]any{"Key": string(d), "Value": int(from)})
		}
	}
}

func (n *linter) known(s subject, framework string, ids []string, known func(string) bool) {
	for _, id := range ids {
		if !known(id) {
			n.find(s, lineOf(s.node, id), "", "unknown-reference", map[string]any{"Value": id, "Key": framework})
		}
	}
}

// usage: everything is used by something.
func (n *linter) usage() {
	used, served := map[string]bool{}, map[string]bool{}
	for _, set := range n.cat.Sets {
		for _, id := range set.Requirements {
			used[id] = true
		}
		s := n.subject("set", set.ID)
		n.prose(s, set.Name, longTitle)
		n.prose(s, set.Purpose, longText)
	}
	for _, r := range n.cat.Requirements() {
		if !used[r.ID] {
			s := n.subject("requirement", r.ID)
			n.find(s, lineOf(s.node, r.ID), "", "unused-requirement", nil)
		}
		for _, m := range r.Measures {
			served[m] = true
		}
	}
	for _, m := range n.cat.Measures {
		if !served[m.ID] && m.Carrier == CarrierSupplier {
			s := n.subject("measure", m.ID)
			n.find(s, lineOf(s.node, m.ID), "", "unserved-measure", nil)
		}
	}
}

// coverage: every measure of a source that we follow as a whole is linked or
// explained, and not both.
func (n *linter) coverage() {
	if _, ok := n.cat.Source(nsmSource); !ok {
		return
	}
	s := subject{kind: "source", id: nsmSource, place: n.at["source "+nsmSource]}
	for _, row := range n.cat.CoverageOfNSM() {
		switch linked := len(row.Measures) > 0; {
		case !linked && row.Reason == nil:
			n.find(s, lineOf(s.node, nsmSource), "", "unlinked", map[string]any{"Value": row.ID})
		case linked && row.Reason != nil:
			n.find(s, lineOf(s.node, nsmSource), "", "linked-and-explained", map[string]any{"Value": row.ID})
		}
	}
	for _, u := range n.cat.Unlinked {
		if u.Source == nsmSource && !nsmIDs(u.ID) {
			n.find(s, lineOf(s.node, nsmSource), "", "unknown-reference", map[string]any{"Value": u.ID, "Key": "NSM"})
		}
	}
}
