package answerdraft

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

// Limits of what is kept.
const (
	// Kept is how long a draft is kept after somebody last worked on it.
	Kept = 90 * 24 * time.Hour
	// maxAnswers is how many requirements one draft can answer.
	maxAnswers = 1000
	// maxOthers is how many answers to one requirement can wait for a choice.
	maxOthers = 10
	// maxStatement is that of a declaration, in characters.
	maxStatement = 4000
	maxEvidence  = 20
	// maxText is how much text one draft can hold, in bytes.
	maxText = 2 << 20
	maxWord = 100 // of what should be a name of ours
)

// Draft is the answers to one set that are under way for an offering.
type Draft struct {
	Offering string              `json:"offering"`
	Set      string              `json:"set"`
	Supplier organisation.Number `json:"supplier"`
	Rev      int64               `json:"rev"`
	// Answers are by requirement.
	Answers map[string]Entry `json:"answers"`
	// ValidUntil is what was typed for how long the declaration is to last.
	ValidUntil string    `json:"validUntil,omitempty"`
	UpdatedAt  time.Time `json:"updatedAt"`
	// UpdatedBy is the actor who saved last.
	UpdatedBy string    `json:"updatedBy"`
	KeepUntil time.Time `json:"keepUntil"`
}

// Entry is the answer to one requirement, and those that others gave to it at
// the same time, or to it as another version of the set has it.
type Entry struct {
	Saved
	// Others wait for somebody to choose between them and the answer, each among
	// those to the same version.
	Others []Saved `json:"others,omitempty"`
}

// Saved is an answer with who saved it. It may be unfinished, or empty where
// somebody took an answer away.
type Saved struct {
	Answer attestation.Answer `json:"answer"`
	// Version is the version of the set that was answered.
	Version string `json:"version"`
	// By is the actor's id, which is no name.
	By string    `json:"by"`
	At time.Time `json:"at"`
	// Form is the copy of the form it came from, so that what is typed on takes
	// the place of what the same form sent before.
	Form string `json:"form,omitempty"`
	// Turn counts what the form has sent, where a script sends it bit by bit: what
	// was sent earlier may arrive later. 0 is not counted.
	Turn int `json:"turn,omitempty"`
}

// Fingerprint tells whether two answers are the same to whoever reads them.
func Fingerprint(a attestation.Answer) string {
	// A browser sends the ends of lines in its own way.
	words := []string{string(a.Status), strings.TrimSpace(strings.ReplaceAll(a.Statement, "\r\n", "\n"))}
	for _, e := range a.Evidence {
		words = append(words, e.Digest.SHA256)
	}
	slices.Sort(words[2:])
	b, err := json.Marshal(words)
	if err != nil {
		panic("answerdraft: a list of words cannot be written: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// Empty reports whether there is nothing in an answer.
func Empty(a attestation.Answer) bool {
	return a.Status == "" && strings.TrimSpace(a.Statement) == "" && len(a.Evidence) == 0
}

// Change is what somebody made of the answer to one requirement.
type Change struct {
	Answer attestation.Answer
	// Seen is the fingerprint of the answer they had before them. What is as it
	// was seen is no change; where the answer has become another one meanwhile,
	// both are kept, unless it came from the same copy of the form. "" is for
	// answers written without seeing what is there: they take the place of the
	// actor's own, and stand beside another's.
	Seen string
}

// merge takes changes into a draft, and tells which requirements have been
// changed by somebody else since they were seen.
func (d Draft) merge(changes []Change, as Saved) (Draft, []string) {
	d.Answers = maps.Clone(d.Answers)
	if d.Answers == nil {
		d.Answers = map[string]Entry{}
	}
	var conflicts []string
	for _, ch := range changes {
		id, mine := ch.Answer.Requirement, Fingerprint(ch.Answer)
		as.Answer = ch.Answer
		e, there := d.Answers[id]
		switch {
		case ch.Seen == mine, e.overtaken(as):
		case !there:
			d.Answers[id] = Entry{Saved: as}
		case Fingerprint(e.Answer) == mine:
			d.Answers[id] = e.without(as.Form)
		case Fingerprint(e.Answer) == ch.Seen, ch.Seen == "" && e.By == as.By, as.Form != "" && e.Form == as.Form && e.By == as.By:
			e.Saved = as
			d.Answers[id] = e
		default:
			e = e.without(as.Form)
			e.Others = append(e.Others, as)
			d.Answers[id] = e
			conflicts = append(conflicts, id)
		}
	}
	return d, conflicts
}

// all gives the answer and, after it, the others.
func (e Entry) all() []Saved { return append([]Saved{e.Saved}, e.Others...) }

// overtaken tells whether the form has already sent something later.
func (e Entry) overtaken(as Saved) bool {
	return as.Turn > 0 && slices.ContainsFunc(e.all(), func(o Saved) bool {
		return as.Form != "" && o.Form == as.Form && o.By == as.By && o.Turn > as.Turn
	})
}

// without is the entry without what a form sent that waits for a choice.
func (e Entry) without(form string) Entry {
	e.Others = slices.DeleteFunc(slices.Clone(e.Others), func(o Saved) bool { return form != "" && o.Form == form })
	return e
}

// parted parts a draft into what answers one version of its set, and the rest:
// answers to requirements that say something else in their own version. They
// wait beside the others until somebody answers that version.
func (d Draft) parted(answers func(Saved) bool) (Draft, map[string][]Saved) {
	own, aside := map[string]Entry{}, map[string][]Saved{}
	for id, e := range d.Answers {
		var kept []Saved
		for _, a := range e.all() {
			if answers(a) {
				kept = append(kept, a)
			} else {
				aside[id] = append(aside[id], a)
			}
		}
		if len(kept) > 0 {
			own[id] = entryOf(kept)
		}
	}
	d.Answers = own
	return d, aside
}

// with is the draft with what was set aside.
func (d Draft) with(aside map[string][]Saved) Draft {
	d.Answers = maps.Clone(d.Answers)
	for id, rest := range aside {
		if e, there := d.Answers[id]; there {
			rest = append(e.all(), rest...)
		}
		d.Answers[id] = entryOf(rest)
	}
	return d
}

// entryOf is the entry of one answer and, after it, the others.
func entryOf(all []Saved) Entry {
	e := Entry{Saved: all[0]}
	if len(all) > 1 {
		e.Others = all[1:]
	}
	return e
}

// settle takes out what was declared, and leaves what says something else or
// still waits for a choice.
func (d Draft) settle(answers []attestation.Answer) Draft {
	declared := map[string]attestation.Answer{}
	for _, a := range answers {
		declared[a.Requirement] = a
	}
	d.Answers = maps.Clone(d.Answers)
	maps.DeleteFunc(d.Answers, func(id string, e Entry) bool {
		return len(e.Others) == 0 && Fingerprint(e.Answer) == Fingerprint(declared[id])
	})
	return d
}

// Conflicts lists the requirements with answers to choose between, sorted.
func (d Draft) Conflicts() []string {
	var out []string
	for id, e := range d.Answers {
		if len(e.Others) > 0 {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// Validate checks what bounds a draft. Whether the answers would do in a
// declaration is another matter.
func (d Draft) Validate() error {
	c := problem.Collector{Key: "answerdraft.invalid"}
	c.Check(len(d.Answers) <= maxAnswers, "answers", "field.many", problem.Args{"Max": maxAnswers})
	c.Line("validUntil", d.ValidUntil, 0, maxWord)
	size, known := 0, append(attestation.AnswerStatuses(), "")
	for _, id := range slices.Sorted(maps.Keys(d.Answers)) {
		e, path := d.Answers[id], "answers["+problem.Clip(id)+"]"
		c.Check(len(e.Others) <= maxOthers, path, "answerdraft.others", problem.Args{"Max": maxOthers, "Requirement": problem.Clip(id)})
		for _, a := range e.all() {
			size += len(a.Answer.Statement)
			c.Check(slices.Contains(known, a.Answer.Status), path+".status", "answer.status", problem.Args{"Value": problem.Clip(string(a.Answer.Status)), "Requirement": problem.Clip(id)})
			c.Text(path+".statement", a.Answer.Statement, 0, maxStatement)
			c.Check(len(a.Answer.Evidence) <= maxEvidence, path+".evidence", "field.many", problem.Args{"Max": maxEvidence})
			c.Check(len(a.Form) <= maxWord && problem.Shows(a.Form), path, "answerdraft.form", nil)
			for _, ref := range a.Answer.Evidence[:min(len(a.Answer.Evidence), maxEvidence)] {
				c.Check(ref.Digest.Valid(), path+".evidence", "answer.evidence-digest", problem.Args{"Requirement": problem.Clip(id)})
			}
		}
	}
	c.Check(size <= maxText, "answers", "answerdraft.large", problem.Args{"Max": maxText >> 20})
	return c.Err()
}
