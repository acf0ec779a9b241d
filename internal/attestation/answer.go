package attestation

import (
	"slices"
	"strings"

	"felleskrav/internal/problem"
)

// AnswerStatus is the supplier's answer to one requirement. The words are
// those of OSCAL's implementation-status, and not-met.
type AnswerStatus string

// The answers.
const (
	Met           AnswerStatus = "met"
	Partial       AnswerStatus = "partial"
	Planned       AnswerStatus = "planned"
	Alternative   AnswerStatus = "alternative"
	NotMet        AnswerStatus = "not-met"
	NotApplicable AnswerStatus = "not-applicable"
)

// AnswerStatuses lists the answers in display order.
func AnswerStatuses() []AnswerStatus {
	return []AnswerStatus{Met, Partial, Planned, Alternative, NotMet, NotApplicable}
}

// Answer is the supplier's answer to one requirement.
type Answer struct {
	Requirement string       `json:"requirement"`
	Status      AnswerStatus `json:"status"`
	// Statement is the supplier's own words. Required unless the answer is met.
	Statement string `json:"statement,omitempty"`
	// Evidence refers to uploaded documentation by digest.
	Evidence []EvidenceRef `json:"evidence,omitempty"`
}

// EvidenceRef is an in-toto ResourceDescriptor for one piece of evidence.
type EvidenceRef struct {
	Name      string    `json:"name"`
	Digest    DigestSet `json:"digest"`
	MediaType string    `json:"mediaType,omitempty"`
	URI       string    `json:"uri,omitempty"`
}

// DigestSet is an in-toto DigestSet restricted to SHA-256.
type DigestSet struct {
	SHA256 string `json:"sha256"`
}

// Valid reports whether it is the hex of a SHA-256 digest.
func (d DigestSet) Valid() bool { return isDigest(d.SHA256) }

// Limits on one declaration.
const (
	maxAnswers   = 1000
	maxStatement = 4000
	maxEvidence  = 20
	maxRef       = 200 // name or type of a piece of evidence
	maxURI       = 500
)

// checkAnswers notes every problem with answers: unknown and repeated
// requirements, unknown statuses, missing explanations. known says whether the
// set version has a requirement.
func checkAnswers(c *problem.Collector, answers []Answer, known func(id string) bool) {
	c.Check(len(answers) > 0, "answers", "field.required", nil)
	if len(answers) > maxAnswers {
		c.Add("answers", "field.many", problem.Args{"Max": maxAnswers})
		return
	}
	seen := make(map[string]bool, len(answers))
	statuses := AnswerStatuses()
	for _, a := range answers {
		path := "answers[" + problem.Clip(a.Requirement) + "]"
		if !known(a.Requirement) {
			c.Add(path, "answer.unknown-requirement", problem.Args{"Requirement": problem.Clip(a.Requirement)})
			continue
		}
		// Most answers are fine: arguments are made for those that are not.
		if seen[a.Requirement] {
			c.Add(path, "answer.repeated", problem.Args{"Requirement": a.Requirement})
		}
		seen[a.Requirement] = true
		if !slices.Contains(statuses, a.Status) {
			c.Add(path+".status", "answer.status", problem.Args{"Value": problem.Clip(string(a.Status)), "Requirement": a.Requirement})
		}
		if a.Status != Met && strings.TrimSpace(a.Statement) == "" {
			c.Add(path+".statement", "answer.explain", problem.Args{"Requirement": a.Requirement})
		}
		c.Text(path+".statement", a.Statement, 0, maxStatement)
		if len(a.Evidence) > maxEvidence {
			c.Add(path+".evidence", "field.many", problem.Args{"Max": maxEvidence})
		}
		for _, e := range a.Evidence[:min(len(a.Evidence), maxEvidence)] {
			if !e.Digest.Valid() {
				c.Add(path+".evidence", "answer.evidence-digest", problem.Args{"Requirement": a.Requirement})
			}
			c.Line(path+".evidence.name", e.Name, 0, maxRef)
			c.Line(path+".evidence.mediaType", e.MediaType, 0, maxRef)
			c.Line(path+".evidence.uri", e.URI, 0, maxURI)
		}
	}
}

func isDigest(s string) bool {
	if len(s) != 64 {
		return false
	}
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'a' || r > 'f') {
			return false
		}
	}
	return true
}
