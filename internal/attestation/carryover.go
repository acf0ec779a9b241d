package attestation

import (
	"felleskrav/internal/catalogue"
)

// CarryState says what a supplier has to do with one answer when a set gets a
// new version.
type CarryState string

// The states.
const (
	// CarryKept: the requirement is as it was, and so is the answer.
	CarryKept CarryState = "kept"
	// CarryConfirm: the requirement is reworded; the answer holds once the
	// supplier has read it again.
	CarryConfirm CarryState = "confirm"
	// CarryAnswer: there is no answer that holds for this requirement.
	CarryAnswer CarryState = "answer"
)

// CarriedAnswer is one line of the answer sheet for a new version.
type CarriedAnswer struct {
	Answer
	State  CarryState
	Change catalogue.Change
	// Before is the answer to the older version when it no longer holds, for
	// the supplier to look at. The answer itself is then empty.
	Before *Answer
}

// CarryOver makes the answer sheet for the version to out of answers to the
// version from: one line per requirement of to, in its order. Answers to
// requirements that were removed are left out.
func CarryOver(from, to catalogue.Version, answers []Answer) []CarriedAnswer {
	given := map[string]Answer{}
	for _, a := range answers {
		given[a.Requirement] = a
	}
	out := make([]CarriedAnswer, 0, len(to.Requirements))
	for _, c := range catalogue.Diff(from, to) {
		if c.Kind == catalogue.ChangeRemoved {
			continue
		}
		line := CarriedAnswer{Answer: Answer{Requirement: c.Requirement}, State: CarryAnswer, Change: c}
		a, answered := given[c.Requirement]
		switch {
		case !answered:
		case c.Kind == catalogue.ChangeUnchanged:
			line.Answer, line.State = a, CarryKept
		case c.Kind == catalogue.ChangeReworded:
			line.Answer, line.State = a, CarryConfirm
		default:
			line.Before = &a
		}
		out = append(out, line)
	}
	return out
}
