package main

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"felleskrav/internal/attestation"
	"felleskrav/internal/audit"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/console"
	"felleskrav/internal/signing"
	"felleskrav/internal/workbook"
)

// carried is what answers to one set version are worth for another.
type carried struct {
	from, to catalogue.Version
	// lines are one per requirement of to, in its order.
	lines []attestation.CarriedAnswer
	// left is how many answers are to requirements that to does not have.
	left int
	byID map[string]int
}

// line is what is carried over for a requirement; nothing, when c is nil.
func (c *carried) line(requirement string) attestation.CarriedAnswer {
	if c == nil {
		return attestation.CarriedAnswer{}
	}
	return c.lines[c.byID[requirement]]
}

// tell says how much there is left to do.
func (c *carried) tell(s *session) {
	counts := map[attestation.CarryState]int{}
	for _, l := range c.lines {
		counts[l.State]++
	}
	s.Say("cli.carry.counts", "From", c.from.Ref(), "To", c.to.Ref(), "Kept", counts[attestation.CarryKept],
		"Confirm", counts[attestation.CarryConfirm], "Answer", counts[attestation.CarryAnswer])
	if c.left > 0 {
		s.Say("cli.carry.left", "Count", c.left)
	}
}

var digestForm = regexp.MustCompile(`^(?:sha256:)?([0-9a-f]{64})$`)

// findVersion looks up a set version by reference.
type findVersion func(ref string) (catalogue.Version, error)

// versions tells where set versions are looked up: at the server when answers
// are fetched there, which may have others than this program. api is nil when
// no server is asked.
func (c *answersNewCmd) versions(s *session) (findVersion, *client, error) {
	if digestForm.MatchString(c.From) {
		api, err := s.client(c.remote)
		if err != nil {
			return nil, nil, err
		}
		return func(ref string) (catalogue.Version, error) { return fetchVersion(s, api, ref) }, api, nil
	}
	cat, err := c.load()
	if err != nil {
		return nil, nil, err
	}
	return func(ref string) (catalogue.Version, error) { return version(cat, ref) }, nil, nil
}

// carryOver reads answers to an older version, from a signed bundle, a sheet
// of answers or the server, and holds them against the version to.
func (s *session) carryOver(source string, to catalogue.Version, find findVersion, api *client) (*carried, error) {
	from, answers, err := s.earlierAnswers(source, find, api)
	if err != nil {
		return nil, err
	}
	c := &carried{from: from, to: to, lines: attestation.CarryOver(from, to, answers), byID: map[string]int{}}
	for i, l := range c.lines {
		c.byID[l.Requirement] = i
	}
	for _, a := range answers {
		if _, asked := c.byID[a.Requirement]; !asked {
			c.left++
		}
	}
	return c, nil
}

func (s *session) earlierAnswers(source string, find findVersion, api *client) (catalogue.Version, []attestation.Answer, error) {
	if api != nil {
		digest := digestForm.FindStringSubmatch(source)[1]
		raw, _, err := api.call(s.Ctx, http.MethodGet, "/api/v1/attestations/"+digest+"/bundle", nil, "", nil)
		if err != nil {
			return catalogue.Version{}, nil, err
		}
		b, err := signing.ParseBundle(raw)
		if err != nil || signing.Digest(b.Payload) != digest {
			return catalogue.Version{}, nil, console.Cannot(err, "cli.server.strange", "Server", api.base, "Status", "200")
		}
		return declaredAnswers(b, source, find)
	}
	if strings.EqualFold(filepath.Ext(source), ".json") {
		raw, err := s.Read(source)
		if err != nil {
			return catalogue.Version{}, nil, err
		}
		var sheet struct {
			Answers json.RawMessage `json:"answers"`
		}
		if json.Unmarshal(raw, &sheet) != nil || sheet.Answers == nil {
			b, err := signing.ParseBundle(raw)
			if err != nil {
				return catalogue.Version{}, nil, console.No("cli.carry.neither", "File", source, "Detail", err.Error())
			}
			return declaredAnswers(b, source, find)
		}
	}
	return s.sheetAnswers(source, find)
}

// declaredAnswers are those of a signed declaration. They answer the exact
// bytes of a set version, and no other that goes by the same name.
func declaredAnswers(b *signing.Bundle, source string, find findVersion) (catalogue.Version, []attestation.Answer, error) {
	st, err := audit.ReadStatement(b.Payload)
	if err != nil {
		return catalogue.Version{}, nil, err
	}
	if st.Declaration == nil {
		return catalogue.Version{}, nil, console.No("cli.carry.withdrawal", "File", source)
	}
	set := st.Declaration.RequirementSet
	ref := strings.TrimPrefix(set.URI, catalogue.SetURI("")) + "@" + set.Version
	from, err := find(ref)
	if err != nil {
		return catalogue.Version{}, nil, err
	}
	if from.Digest != set.Digest.SHA256 {
		return catalogue.Version{}, nil, console.No("cli.carry.other-bytes", "Ref", ref, "Signed", set.Digest.SHA256, "Known", from.Digest)
	}
	return from, st.Declaration.Answers, nil
}

// sheetAnswers are those of a filled sheet. A file name stays one: evidence
// is found by it when the new sheet is made ready to sign.
func (s *session) sheetAnswers(file string, find findVersion) (catalogue.Version, []attestation.Answer, error) {
	var from catalogue.Version
	var notFound error
	sh, err := s.readAnswers(file, func(ref workbook.SetRef) (catalogue.Version, bool) {
		if ref.ID == "" {
			return catalogue.Version{}, false
		}
		from, notFound = find(ref.ID + "@" + ref.Version)
		return from, notFound == nil
	})
	if notFound != nil {
		return from, nil, notFound
	}
	if err != nil {
		return from, nil, err
	}
	if sh.Set == "" {
		return from, nil, console.No("cli.carry.no-set", "File", file)
	}
	if from, err = find(sh.Set); err != nil {
		return from, nil, err
	}
	var answers []attestation.Answer
	for _, a := range sh.Answers {
		for _, name := range a.Files {
			a.Evidence = append(a.Evidence, attestation.EvidenceRef{Name: name})
		}
		answers = append(answers, a.Answer)
	}
	return from, answers, nil
}

// carryMark is the word for what to do with an answer.
func (s *session) carryMark(state attestation.CarryState) string {
	switch state {
	case attestation.CarryKept:
		return s.T("cli.carry.kept")
	case attestation.CarryConfirm:
		return s.T("cli.carry.confirm")
	}
	return s.T("cli.carry.answer")
}

// carryNote tells, line by line, why an answer must be confirmed or given
// again: what the requirement said and says, and the answer that no longer
// holds.
func (s *session) carryNote(c *carried, line attestation.CarriedAnswer) []string {
	var out []string
	before, _ := c.from.Requirement(line.Requirement)
	now, _ := c.to.Requirement(line.Requirement)
	switch line.Change.Kind {
	case catalogue.ChangeAdded:
		out = append(out, s.T("cli.carry.new", "From", c.from.Ref()))
	case catalogue.ChangeUnchanged:
		if line.State == attestation.CarryAnswer {
			out = append(out, s.T("cli.carry.unanswered"))
		}
	case catalogue.ChangeReworded, catalogue.ChangeSubstance:
		for _, f := range s.fieldChanges(nil, before, now, line.Change) {
			if f.Before == f.Now {
				out = append(out, f.Name+": "+s.T("cli.diff.elsewhere"))
				continue
			}
			out = append(out, s.T("cli.carry.before", "Field", f.Name, "Text", f.Before), s.T("cli.carry.now", "Field", f.Name, "Text", f.Now))
		}
	}
	if a := line.Before; a != nil {
		word := s.T("answer.none")
		if s.Has("answer." + string(a.Status)) {
			word = s.T("answer." + string(a.Status))
		}
		out = append(out, s.T("cli.carry.answered", "Answer", word, "Statement", a.Statement))
		for _, e := range a.Evidence {
			out = append(out, s.T("cli.carry.evidence", "Name", evidenceName(e)))
		}
	}
	return out
}

func evidenceName(e attestation.EvidenceRef) string {
	name := strings.Join(strings.Fields(printable(e.Name)), " ")
	if e.Digest.SHA256 == "" {
		return name
	}
	return strings.TrimSpace(name + " sha256:" + e.Digest.SHA256)
}

// evidenceNode is a piece of evidence in the sheet: its digest with the name
// as a comment, or its name.
func evidenceNode(e attestation.EvidenceRef) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: e.Name, Style: yaml.DoubleQuotedStyle}
	if e.Digest.SHA256 != "" {
		n.Value = "sha256:" + e.Digest.SHA256
		if name := strings.Join(strings.Fields(printable(e.Name)), " "); name != "" {
			n.LineComment = "# " + name
		}
	}
	return n
}

// printable replaces control characters, which may not stand in a comment.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && unicode.IsControl(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, text)
}
