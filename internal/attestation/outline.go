package attestation

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Outline gives the declaration as an overview of many needs it: of each
// answer which requirement it is to, what it is, and how many pieces of
// evidence it has, without words, names and bundle.
func (r Record) Outline() Record {
	r.Bundle = nil
	answers := make([]Answer, len(r.Answers))
	for i, a := range r.Answers {
		answers[i] = Answer{Requirement: a.Requirement, Status: a.Status}
		if n := len(a.Evidence); n > 0 {
			answers[i].Evidence = make([]EvidenceRef, n)
		}
	}
	if r.Answers != nil {
		r.Answers = answers
	}
	return r
}

// Outlined is how a store keeps an outline beside the declaration, in a tenth
// of its size. Only what [Record.Outline] keeps is written.
type Outlined struct {
	Record
	// Answers takes the place of the record's own field in JSON.
	Answers outlinedAnswers `json:"answers"`
}

// NewOutlined makes the kept form of a declaration's outline.
func NewOutlined(r Record) Outlined {
	r.Bundle = nil
	return Outlined{Record: r, Answers: r.Answers}
}

// Outline is what was kept.
func (o Outlined) Outline() Record {
	o.Record.Answers = o.Answers
	return o.Record
}

// outlinedAnswers stand in one text, a line for each: the requirement, the
// status and the number of pieces of evidence.
type outlinedAnswers []Answer

// MarshalJSON writes the text.
func (l outlinedAnswers) MarshalJSON() ([]byte, error) {
	if l == nil {
		return []byte("null"), nil
	}
	var b strings.Builder
	for i, a := range l {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s %s %d", url.PathEscape(a.Requirement), url.PathEscape(string(a.Status)), len(a.Evidence))
	}
	return json.Marshal(b.String())
}

// UnmarshalJSON reads the text.
func (l *outlinedAnswers) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*l = nil
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("read outline: %w", err)
	}
	*l = outlinedAnswers{}
	for line := range strings.Lines(text) {
		var a Answer
		requirement, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		state, count, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(count)
		if err != nil || n < 0 || n > maxOutlined {
			return fmt.Errorf("read outline: the line %q has no number of evidence", line)
		}
		if a.Requirement, err = url.PathUnescape(requirement); err != nil {
			return fmt.Errorf("read outline: %w", err)
		}
		if state, err = url.PathUnescape(state); err != nil {
			return fmt.Errorf("read outline: %w", err)
		}
		a.Status = AnswerStatus(state)
		if n > 0 {
			a.Evidence = make([]EvidenceRef, n)
		}
		*l = append(*l, a)
	}
	return nil
}

// maxOutlined bounds what a damaged outline can make us set aside; a
// declaration has at most maxEvidence for each answer.
const maxOutlined = 10_000
